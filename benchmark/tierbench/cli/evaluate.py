"""`tierbench evaluate`: run a model over data sets outside of pytest."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.set_output import TableOption, check_record, exit_if_missed, print_result, print_table, write_record
from tierbench.common.schema import SetResult

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
    shard: Annotated[str, typer.Option(help="i/N: only the i-th of N parts; see `tierbench merge`")] = "",
    sample: Annotated[int, typer.Option(min=0, help="only so many pictures, stratified by slice and class")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="of the sample, or of the order of --stop-when")] = 0,
    min_accuracy: Annotated[
        float | None, typer.Option(min=0, max=1, help="exit with 1 where the accuracy on a set is lower")
    ] = None,
    stop_when: Annotated[str, typer.Option(help="decided: stop as soon as --min-accuracy is decided")] = "",
    error_rate: Annotated[float, typer.Option(help="how often --stop-when may decide wrongly")] = 0.05,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="run on a Ray cluster: host:port of its head, or local")
    ] = None,
    scorers: Annotated[
        int | None, typer.Option(min=1, help="with --ray: copies of the model; default: one per GPU, or else per core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, an object for each set")] = False,
    table: TableOption = None,
    record: Annotated[
        Path | None, typer.Option(help="also write a JSON record that a leaderboard can read", dir_okay=False)
    ] = None,
) -> None:
    """Predict every picture of data sets, and print accuracy, errors and slices."""
    from contextlib import nullcontext, redirect_stdout
    from functools import partial
    from tempfile import TemporaryDirectory

    from tierbench.common.cache import cache_folder
    from tierbench.common.cores import cores
    from tierbench.common.errors import UserError
    from tierbench.common.progress import progress_bar
    from tierbench.models import load_classifier
    from tierbench.models.identity import identity_of
    from tierbench.models.label_file import read_labels
    from tierbench.models.spec import ModelSpec
    from tierbench.report.set_record import result_json
    from tierbench.runs.ray_cluster import ray_cluster
    from tierbench.runs.set_evaluation import SetModel, evaluate_set
    from tierbench.runs.set_parts import require_pyarrow
    from tierbench.runs.set_ray import evaluate_on_ray
    from tierbench.runs.set_run import run_set
    from tierbench.runs.set_selection import parse_selection
    from tierbench.runs.set_stopping import accuracy_problem
    from tierbench.suites.datasets import open_data_set, parse_sets
    from tierbench.suites.datasets.origins import origin_text

    require_pyarrow()
    selection = parse_selection(
        shard=shard, sample=sample, seed=seed, stop_when=stop_when, least=min_accuracy, alpha=error_rate
    )
    if ray and selection.stopping is not None:
        raise UserError("--stop-when: a run on Ray predicts everything; leave out one of --ray and --stop-when")
    if shard and out is None:
        raise UserError("--shard: nothing would be left to merge; name a folder for the result files with --out")
    problems: list[str] = []
    if as_json and table:
        problems.append("--json and --table both say what is printed; give one of them")
    if record:
        problems += check_record(record)
    sets = [open_data_set(each, Path.cwd()) for each in parse_sets(dataset, problems, "--dataset")]
    if problems:
        raise UserError(*problems)
    named = ModelSpec.parse(spec, "SPEC")
    labels = read_labels(names.absolute()) if names else None
    opens = partial(load_classifier, named.spec, device=device, root=Path.cwd(), labels=labels)
    classifier = opens()
    workers = cores() if processes is None else processes
    kept = cache_folder() / "text-embeddings"
    model = SetModel(classifier, identity_of(classifier), batch_size, workers, embeddings=kept)
    results: list[SetResult] = []
    missed: list[str] = []
    output = sys.stdout
    with TemporaryDirectory() as scratch, ray_cluster(ray, scorers) if ray else nullcontext() as cluster:
        run = partial(evaluate_on_ray, cluster, opens) if cluster else evaluate_set
        for data_set in sets:
            if text := origin_text(data_set):
                typer.echo(text, err=True)
            folder = (out or Path(scratch)) / data_set.name / named.name
            results.append(
                run_set(named.name, model, data_set, folder, progress_bar, selection=selection, evaluate=run)
            )
            # While a cluster is up, stdout is kept from what Ray prints.
            with redirect_stdout(output):
                if as_json:
                    typer.echo(json.dumps(result_json(results[-1])))
                elif not table:
                    print_result(results)
            if min_accuracy is not None:
                missed.append(accuracy_problem(results[-1], min_accuracy, selection.stopping))
    if table:
        print_table(results, table)
    if record:
        write_record(record, named, model.identity.fingerprint or "", results)
    exit_if_missed(missed)
