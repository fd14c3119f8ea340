"""`tierbench evaluate`: run a model over a data set outside of pytest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import aligned, one_line

Spec = Annotated[str, typer.Argument(help="a model, as for --robust-model")]


def evaluate(
    spec: Spec,
    dataset: Annotated[list[str], typer.Option(help="[NAME=]KIND:PATH[@SPLIT]; may be given more than once")],
    out: Annotated[
        Path | None, typer.Option(help="folder of the result files, from which a stopped run goes on", file_okay=False)
    ] = None,
    names: Annotated[Path | None, typer.Option("--labels", help="file: names of the model's classes")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="pictures per batch")] = 16,
    processes: Annotated[int | None, typer.Option(min=0, help="processes that decode; default: one per core")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, an object for each set")] = False,
) -> None:
    """Predict every picture of data sets, and print accuracy, errors and slices."""
    from tempfile import TemporaryDirectory

    from tierbench.common.errors import UserError
    from tierbench.common.progress import progress_bar
    from tierbench.models import load_classifier
    from tierbench.models.identity import identity_of
    from tierbench.models.label_file import read_labels
    from tierbench.models.spec import ModelSpec
    from tierbench.runs.set_evaluation import SetModel, cores
    from tierbench.runs.set_parts import require_pyarrow
    from tierbench.runs.set_run import run_set
    from tierbench.suites.datasets import open_data_set, parse_sets

    require_pyarrow()
    problems: list[str] = []
    sets = [open_data_set(each, Path.cwd()) for each in parse_sets(dataset, problems, "--dataset")]
    if problems:
        raise UserError(*problems)
    named = ModelSpec.parse(spec, "SPEC")
    labels = read_labels(names.absolute()) if names else None
    classifier = load_classifier(named.spec, device=device, labels=labels)
    workers = cores() if processes is None else processes
    model = SetModel(classifier, identity_of(classifier), batch_size, workers)
    with TemporaryDirectory() as scratch:
        for data_set in sets:
            folder = (out or Path(scratch)) / data_set.name / named.name
            result = run_set(named.name, model, data_set, folder, progress_bar)
            typer.echo(json.dumps(_as_json(result)) if as_json else _as_text(result))


def _as_json(result: SetResult) -> dict[str, object]:
    return {
        "set": result.set,
        "model": result.model,
        "n": result.whole.total,
        "accuracy": result.whole.accuracy,
        "errors": result.whole.errors,
        "mce": result.mce,
        "mean_error": result.mean_error,
        "protocol": list(result.protocol),
        "notes": list(result.notes),
        "slices": {
            each.slice: {"n": each.total, "accuracy": each.accuracy, "errors": each.errors} for each in result.slices
        },
    }


def _as_text(result: SetResult) -> str:
    lines = [f"{one_line(result.set)} ({one_line(result.title)}) with {one_line(result.model)}"]
    rows = [_cells("all", result.whole), *(_cells(each.slice, each) for each in result.slices)]
    lines += [f"  {line}" for line in aligned([["slice", "pictures", "errors", "accuracy", "95 % interval"], *rows])]
    if result.mce is not None:
        lines.append(f"  mCE {result.mce:.1f}")
    lines += [f"  {one_line(note, 400)}" for note in (*result.protocol, *result.notes)]
    return "\n".join(lines)


def _cells(name: str, result: SetSlice) -> list[str]:
    interval = "" if result.low is None or result.high is None else f"[{result.low:.3f}, {result.high:.3f}]"
    accuracy = "" if result.accuracy is None else f"{result.accuracy:.4f}"
    return [one_line(name, 60), f"{result.total:,}", f"{result.errors:,}", accuracy, interval]
