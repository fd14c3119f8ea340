"""`tierbench import`: make cases of a suite from some pictures of each class of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tierbench.cli.folders import folder_to_add_to
from tierbench.cli.models import Labels, Models, Processors, open_models
from tierbench.cli.pixel_limit import MaxPixels, pixel_limit
from tierbench.cli.proposals import judged_by, tier_of, unknown_concepts, why_not_judged
from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line, plural, suggestion
from tierbench.models import Classifier
from tierbench.suites import Case, Suite, read_suite
from tierbench.suites.problems import Problems

if TYPE_CHECKING:
    from tierbench.suites.datasets.concepts import Concept
    from tierbench.suites.datasets.data_set import DataSet
    from tierbench.suites.datasets.picking import Picks, Picture

# How many lines of one kind are shown.
_SHOWN = 10


def import_set(
    dataset: Annotated[str, typer.Argument(metavar="KIND:PATH", help="a data set, as for --robust-dataset")],
    suite: Annotated[str, typer.Option(help="suite by name or path")],
    per_class: Annotated[int, typer.Option("--per-class", min=1, help="pictures of each class")] = 1,
    seed: Annotated[int, typer.Option(help="another seed chooses other pictures")] = 0,
    classes: Annotated[
        str, typer.Option(help="only these, separated by commas: names, or WordNet ids, which stand for all below them")
    ] = "",
    slices: Annotated[str, typer.Option(help="only these slices of the set, separated by commas")] = "",
    tier: Annotated[int | None, typer.Option(min=1, help="difficulty (default: by how many models miss it)")] = None,
    tags: Annotated[str, typer.Option(help="tags, separated by spaces")] = "",
    license_: Annotated[str, typer.Option("--license", help="licence of the pictures")] = "",
    notes: Annotated[str, typer.Option(help="anything worth knowing")] = "",
    new_suite: Annotated[bool, typer.Option("--new-suite", help="create the suite if it does not exist")] = False,
    force: Annotated[bool, typer.Option("--force", help="add classes that no model knows")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be added, and change nothing")] = False,
    model: Models = None,
    labels: Labels = None,
    processor: Processors = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Copy pictures of each class of a data set into a suite as cases; the same command again adds nothing twice."""
    from tierbench.common.images import quiet_pillow
    from tierbench.suites.datasets.concepts import chosen_classes, concepts_of
    from tierbench.suites.datasets.origins import source_title
    from tierbench.suites.datasets.picking import Picker
    from tierbench.suites.editing import NewCase, add_cases

    limit = pixel_limit(max_pixels)
    folder = folder_to_add_to(suite, create=new_suite)
    data_set = _opened(dataset, _words(slices))
    concepts = chosen_classes(data_set, concepts_of(data_set), _words(classes))
    # Problems of its rows are reported when cases are added.
    current = read_suite(folder, Problems())
    entries = {each.name: each.labels for each in concepts.values() if each.labels}
    after = replace(current, concepts={**entries, **current.concepts})
    models = _models(model, labels, processor)
    if not force:
        _refuse_unknown(after, [each.name for each in concepts.values()], models)
    if not models and tier is None:
        models = _models(["reference"], labels, None)
    with TemporaryDirectory() as scratch, quiet_pillow():
        picker = Picker(source_title(data_set), per_class, seed, Path(scratch), current.images, limit)
        picks = picker.pick(data_set.samples, concepts)
        _print_notes(picks, concepts, per_class)
        tiers = _proposed(picks.pictures, after, models, limit) if tier is None else [tier] * len(picks.pictures)
        for picture, number in zip(picks.pictures, tiers, strict=True):
            typer.echo(f"  tier {number}  {one_line(picture.concept.name, 60)}  {one_line(picture.source)}")
        if picks.pictures and not dry_run:
            new = [
                NewCase(
                    image=picture.file,
                    label=picture.concept.name,
                    tier=number,
                    tags=tags,
                    group=picture.sample.group,
                    source=picture.source,
                    license=license_,
                    notes=notes,
                )
                for picture, number in zip(picks.pictures, tiers, strict=True)
            ]
            names = {picture.concept.name for picture in picks.pictures}
            add_cases(folder, new, {name: own for name, own in entries.items() if name in names})
    counts = ", ".join(f"{tiers.count(number)} in tier {number}" for number in sorted({*tiers}))
    typer.echo(
        f"{one_line(folder.name)}: {plural(len(tiers), 'case')} {'would be ' if dry_run else ''}added"
        f"{f' ({counts})' if counts else ''}, {len(picks.present)} already there"
    )


def _opened(text: str, slices: Sequence[str]) -> DataSet:
    """Open a data set, say where it is from, and keep the slices that are named.

    Raises:
        UserError: if it cannot be used, or has no such slice.
    """
    from tierbench.suites.datasets import SetSpec, open_data_set
    from tierbench.suites.datasets.origins import origin_text

    spec = SetSpec.parse(text, "KIND:PATH")
    data_set = open_data_set(spec, Path.cwd())
    for line in (origin_text(data_set), *data_set.notes):
        if line:
            typer.echo(one_line(line, 400))
    if unknown := [name for name in slices if name not in data_set.slices]:
        raise UserError(
            *(f"{spec.place}: has no slice {one_line(name)!r}; {suggestion(name, data_set.slices)}" for name in unknown)
        )
    if not slices:
        return data_set
    return replace(data_set, samples=[sample for sample in data_set.samples if sample.slice in slices])


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _models(
    given: Sequence[str] | None, labels: Sequence[str] | None, processors: Sequence[str] | None
) -> dict[str, Classifier]:
    models, problems = open_models(given, labels, processors)
    if problems:
        raise UserError(*problems)
    return models


def _refuse_unknown(suite: Suite, concepts: Sequence[str], models: Mapping[str, Classifier]) -> None:
    """Check that each concept is known to a model.

    Raises:
        UserError: if one is not.
    """
    unknown = unknown_concepts(suite, concepts, models)
    if unknown:
        who = "no model" if models else "neither the suite nor the built-in model"
        first = "; ".join(f"{one_line(name, 60)} ({hint})" for name, hint in [*unknown.items()][:3])
        raise UserError(
            f"{who} knows {len(unknown)} of {len(concepts)} classes: {first}{' …' if len(unknown) > 3 else ''}; choose "
            "others with --classes, name your model with --model, or add them as they are with --force"
        )


def _proposed(
    pictures: Sequence[Picture], suite: Suite, models: Mapping[str, Classifier], max_pixels: int | None
) -> list[int]:
    """Return the tier of each picture, by how many of the models miss it.

    Raises:
        UserError: if no model could judge one.
    """
    from tierbench.suites.metadata import COLUMNS
    from tierbench.suites.settings import make_thresholds, read_suite_settings

    if not pictures:
        return []
    declared = read_suite_settings(suite.folder / "suite.toml", COLUMNS, Problems()).thresholds.get(1, {})
    cases = [
        Case(suite.name, str(number), each.file.name, each.file, (each.concept.name,), 1, make_thresholds(declared))
        for number, each in enumerate(pictures)
    ]
    judged = judged_by(models, suite, cases, max_pixels)
    for picture, results in zip(pictures, judged, strict=True):
        if all(result.skipped or result.error for result in results.values()):
            lines = why_not_judged(suite, cases, models)
            raise UserError(*lines[:_SHOWN] or [f"{picture.source}: no model could judge it; set the tier with --tier"])
    return [tier_of(results)[0] for results in judged]


def _print_notes(picks: Picks, concepts: Mapping[str, Concept], per_class: int) -> None:
    """Say what was left out, which classes have too few pictures, and which may be two classes."""
    for line in picks.left_out[:_SHOWN]:
        typer.echo(f"left out: {line}")
    if len(picks.left_out) > _SHOWN:
        typer.echo(f"left out: {len(picks.left_out) - _SHOWN} more")
    if picks.few:
        counts = (f"{name} ({count})" for name, count in picks.few.items())
        number = len(picks.few)
        typer.echo(f"{number} of {len(concepts)} classes have fewer pictures than {per_class}: {listed(counts)}")
    for each in concepts.values():
        if each.unsure:
            typer.echo(
                f"{one_line(each.name, 60)} may be {' or '.join(each.unsure)}: the labels of all count; to choose, "
                "name one of them in [labels] of suite.toml"
            )
