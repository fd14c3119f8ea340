"""`tierbench export`: write a transformers classifier as ONNX, and compare the copy with the original."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierbench.cli.folders import suite_folders
from tierbench.common.errors import UserError
from tierbench.common.files import read_regular, shown_path
from tierbench.common.text import listed, one_line, plural
from tierbench.suites import Suite, read_suite
from tierbench.suites.problems import Problems

if TYPE_CHECKING:
    from tierbench.models.onnx_files import OnnxFiles
    from tierbench.models.transformers_model import TransformersClassifier

_BATCH = 16


def export(
    spec: Annotated[str, typer.Argument(help="a transformers classifier: a folder, a Hub id, or reference")],
    out: Annotated[Path, typer.Argument(help="the ONNX file, or a folder for model.onnx")],
    int8: Annotated[bool, typer.Option("--int8", help="quantise the weights to 8 bits")] = False,
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", help="compare on this suite; may be given more than once (default: all in cases/)"),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option("--labels", help="file: names of its classes, one per line, if its config has none"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace files that exist")] = False,
) -> None:
    """Write a model as ONNX with its labels and image processor beside it, and say how far it agrees."""
    from tierbench.models import load_classifier
    from tierbench.models.label_file import read_labels
    from tierbench.models.onnx_export import PACKAGES
    from tierbench.models.onnx_graph import check_installed
    from tierbench.models.transformers_model import TransformersClassifier

    place = f"model {one_line(spec)!r}"
    target = (out if out.suffix == ".onnx" else out / "model.onnx").absolute()
    if target.exists() and not force:
        raise UserError(f"{shown_path(target)}: exists already; name another file, or replace it with --force")
    suites = [read_suite(folder, Problems()) for folder in suite_folders(suite or [], None if suite else Problems())]
    check_installed(place, extra="export", packages=PACKAGES)
    classifier = load_classifier(spec, device="cpu", labels=read_labels(names.absolute()) if names else None)
    if not isinstance(classifier, TransformersClassifier):
        raise UserError(f"{place}: only transformers classifiers can be exported; name a folder or a Hub id")
    classifier.verify()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tierbench-", dir=target.parent) as work:
            lines = _export(classifier, Path(work), target.name, suites, place, int8=int8)
            _move(Path(work), target, force=force)
    except OSError as error:
        raise UserError(f"{shown_path(target)}: cannot be written: {error.strerror}") from error
    finally:
        _remove_if_empty(target.parent)
    typer.echo(f"{shown_path(target)}: {lines[0]}")
    for line in lines[1:]:
        typer.echo(line)


def _export(
    classifier: TransformersClassifier, work: Path, name: str, suites: Sequence[Suite], place: str, *, int8: bool
) -> list[str]:
    """Write the model into a folder, compare it, and return the lines to print."""
    from tierbench.models.onnx_export import TOLERANCE, agreement, drawn_pictures, export_model, quantise
    from tierbench.models.onnx_files import read_onnx_model
    from tierbench.models.onnx_model import OnnxClassifier

    file = work / name
    export_model(classifier, file, place)
    size = read_onnx_model(file, name).file_size
    said = f"{_megabytes(size)}, {plural(len(classifier.labels), 'label')}"
    if int8:
        plain = file.rename(work / f"float-{name}")
        quantise(plain, file, place)
        for part in work.glob(f"float-{name}*"):
            part.unlink()
        said = _quantised(read_onnx_model(file, name), size, place)
    cases = [case for each in suites for case in each.images]
    batches: Iterable[Sequence[Any]] = _prepared(classifier, cases) if cases else drawn_pictures(classifier)
    found = agreement(classifier, OnnxClassifier(read_onnx_model(file, name), device="cpu"), batches)
    if not found.pictures:
        raise UserError(f"{place}: no picture of {listed(each.name for each in suites)} can be read; fetch them first")
    if not int8 and found.largest > TOLERANCE:
        raise UserError(
            f"{place}: the probabilities of its export differ by {found.largest:.2g}, more than {TOLERANCE:g}; nothing "
            "was written"
        )
    where = f"of {listed(each.name for each in suites)}" if cases else "drawn for it, as there is no suite"
    return [
        said,
        f"compared on {plural(found.pictures, 'picture')} {where}: the largest difference of probabilities is "
        f"{found.largest:.2g}, the most probable label differs for {found.flips}",
    ]


def _quantised(files: OnnxFiles, size: int, place: str) -> str:
    """Return what became of the weights; refuse a copy that is not smaller."""
    eight = sum(files.weights.get(kind, 0) for kind in ("uint8", "int8"))
    if not eight or files.file_size >= size:
        raise UserError(f"{place}: ONNX Runtime found no weights that it can quantise; leave out --int8")
    share = eight / sum(files.weights.values())
    return f"{_megabytes(files.file_size)} (float32: {_megabytes(size)}), {share:.0%} of the weights in 8 bits"


def _prepared(classifier: TransformersClassifier, cases: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield the pictures of cases in batches, as the model takes them; those that cannot be read are left out."""
    from tierbench.common.images import quiet_pillow
    from tierbench.models.intake import Intake

    with quiet_pillow():
        for batch in Intake(_BATCH, classifier.preparation(cropped=False)).batches(cases):
            if pictures := [taken.picture for taken in batch if not taken.error]:
                yield pictures


def _move(work: Path, target: Path, *, force: bool) -> None:
    """Move the files to where they belong, the graph last; those that are there already and differ need `--force`."""
    files = sorted(work.iterdir(), key=lambda file: file.name == target.name)
    for file in files:
        there = target.with_name(file.name)
        if there.exists() and not force and read_regular(there) != read_regular(file):
            raise UserError(
                f"{shown_path(there)}: belongs to another model; name another folder, or replace it with --force"
            )
    for file in files:
        os.replace(file, target.with_name(file.name))  # noqa: PTH105 - on every system it replaces


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # It holds the model, or other files of the user's.
        return


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
