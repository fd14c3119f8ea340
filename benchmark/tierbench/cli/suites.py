"""`tierbench check`, `list` and `fetch`: check suites, list them, and fetch their images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierbench.cli.folders import suite_folder, suite_folders
from tierbench.cli.models import Labels, Models, Processors, open_models, uses_reference
from tierbench.cli.pixel_limit import MaxPixels, pixel_limit
from tierbench.cli.pytest_settings import nearest_settings
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import listed, one_line, plural
from tierbench.suites import Suite, read_suite
from tierbench.suites.problems import Problems

if TYPE_CHECKING:
    from tierbench.models import Classifier

Suites = Annotated[list[str] | None, typer.Argument(help="suites by name or path (default: all in cases/)")]


def check(
    suites: Suites = None,
    model: Models = None,
    labels: Labels = None,
    processor: Processors = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Report all problems of suites, broken pictures included; exit code 1 if there are any. Warnings are none.

    Without --model, the labels are those of the model that pytest would use here: the one in its settings, or else the
    built-in one.
    """
    from tierbench.scoring.suite_model import bind
    from tierbench.suites.checking import check_names, check_pictures
    from tierbench.suites.duplicates import duplicate_problems, near_duplicates_missing
    from tierbench.suites.twins import unused_twins

    # Problems of models are reported with the rest, so that a missing model does not hide the problems of suites.
    models, lines = open_models(model, labels, processor, device="cpu")
    for line in lines:
        typer.echo(line)
    limit = pixel_limit(max_pixels)
    by_default = not models and not lines and uses_reference()
    missing_is_problem = bool(model) or not _skips_missing_labels()
    found = Problems()
    folders = suite_folders(suites or [], found)
    for line in found.lines:
        typer.echo(line)
    bad = len(lines) + len(found.lines)
    for folder in folders:
        problems, warnings = Problems(), Problems()
        suite = read_suite(folder, problems)
        problems.lines += unused_twins(suite)
        check_pictures(suite, problems, warnings, limit)
        check_names(suite, warnings)
        lines = problems.lines + duplicate_problems(suite)
        for model_name, classifier in models.items():
            lines += bind(classifier, suite).problems(model_name, missing_is_problem=missing_is_problem)
        if by_default:
            lines += _reference_problems(suite, missing_is_problem=missing_is_problem)
        warnings.lines += _unmatched_labels(suite, models.values())
        bad += len(lines)
        for line in [*lines, *(f"warning: {warning}" for warning in warnings.lines)]:
            typer.echo(line)
        state = plural(len(lines), "problem") if lines else "no problem"
        state += f", {plural(len(warnings.lines), 'warning')}" if warnings.lines else ""
        typer.echo(f"{one_line(suite.name)}: {plural(len(suite.cases), 'case')}, {state}{_fetch_hint(suite)}")
    if missing := near_duplicates_missing():
        typer.echo(missing)
    raise typer.Exit(1 if bad else 0)


def _skips_missing_labels() -> bool:
    """Return whether pytest's settings let it skip cases whose label the model lacks."""
    settings = nearest_settings(Path.cwd())
    return settings is not None and settings.option("robust_missing_labels")[-1:] == ["skip"]


def _reference_problems(suite: Suite, *, missing_is_problem: bool) -> list[str]:
    """List the label problems of a suite and the built-in model, whose labels are known without opening it."""
    from tierbench.models.reference import imagenet_labels
    from tierbench.scoring.labels import label_problems, map_concepts

    space = map_concepts(suite, imagenet_labels())
    return label_problems(suite, space, "reference", missing_is_problem=missing_is_problem)


def _unmatched_labels(suite: Suite, models: Iterable[Classifier]) -> list[str]:
    """Return a line for each label in `[labels]` that none of the models has; a case does not fail for it."""
    from tierbench.scoring.labels import label_hint, unmatched_labels
    from tierbench.suites.settings import label_place

    # Model by model: places among the labels of one tell its two cranes apart.
    spaces = [list(classifier.labels) for classifier in models if len(classifier.labels)]
    unmatched = [unmatched_labels(suite, labels) for labels in spaces]
    every = [label for labels in spaces for label in labels]
    return [
        f"{label_place(suite.folder, alias)}: [labels] {one_line(concept)}: no model has the label {one_line(alias)!r} "
        f"({label_hint([alias], every)}); fix it, or leave it for another model"
        for concept, alias in (unmatched[0] if unmatched else ())
        if all((concept, alias) in own for own in unmatched)
    ]


def _fetch_hint(suite: Suite) -> str:
    return "" if suite.fetched else f"; images not fetched yet: run `{suite.fetch_hint}`"


def list_suites(suites: Suites = None) -> None:
    """List all suites with their tiers, or the cases of the given suites."""
    for folder in suite_folders(suites or []):
        problems = Problems()
        suite = read_suite(folder, problems)
        parts = [f"{len(cases)} in tier {number}" for number, cases in suite.by_tier.items()] or ["no case in a tier"]
        parts += [plural(len(suite.absence_cases), "absence case")] if suite.absence_cases else []
        typer.echo(f"{one_line(suite.name)}: {', '.join(parts)}{_fetch_hint(suite)}")
        if suite.description:
            typer.echo(f"  {one_line(suite.description, 400)}")
        if problems.lines:
            typer.echo(f"  {plural(len(problems.lines), 'problem')}: run `tierbench check {shown_path(folder)}`")
        if not suites:
            if tags := sorted({tag for case in suite.cases for tag in case.tags}):
                typer.echo(f"  tags: {listed(tags, 20)}")
            continue
        width = max((len(case.id) for case in suite.images), default=0)
        for case in suite.images:
            place = f"ladder {case.ladder}" if case.ladder else "twin" if case.is_twin else f"tier {case.tier}"
            shown = f"  {one_line(case.expectation, 60)}" if case.expected else ""
            marks = f"  ({' '.join(case.tags)})" if case.tags else ""
            typer.echo(f"  {case.id:<{width}}  {place}{shown}{marks}")


def fetch(
    suites: Annotated[list[str], typer.Argument(help="suites by name or path")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="take the images from this folder", exists=True, file_okay=False),
    ] = None,
    max_size: Annotated[float, typer.Option("--max-size", min=0, help="largest size of a file, in MB")] = 100,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="longest time for a file, in seconds")] = 300,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="host that may have a private address; may be given more than once"),
    ] = None,
) -> None:
    """Fetch the images that suites name by URL, and verify them."""
    from tierbench.suites.downloading import Limits
    from tierbench.suites.fetching import fetch_image, fetching

    limits = Limits(max_size, timeout, frozenset(host.strip("[]").lower() for host in allow_host or ()))
    failed: list[str] = []
    for name in suites:
        # Missing images are about to be fetched; `check` reports other problems.
        suite = read_suite(suite_folder(name), Problems())
        remote = [case for case in suite.images if case.url]
        fetched, failed_before = 0, len(failed)
        with fetching(suite, remote):
            for case in remote:
                try:
                    fetched += fetch_image(case, suite, source, limits)
                except UserError as error:
                    failed += error.lines
        present = len(remote) - fetched - (len(failed) - failed_before)
        typer.echo(f"{one_line(suite.name)}: {plural(fetched, 'image')} fetched, {present} already present")
    if failed:
        raise UserError(*failed)
