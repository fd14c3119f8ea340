"""`tierbench check | list | add | fetch`: what one does with suites before and between runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.find import suite_folder, suite_folders
from benchmark.errors import UserError
from benchmark.suites import Case, Suite, Thresholds, Tier, read_suite
from benchmark.suites.faults import Faults, shown_path
from benchmark.text import listed, one_line, plural

if TYPE_CHECKING:
    from benchmark.suites.append import NewCase

Suites = Annotated[list[str] | None, typer.Argument(help="suites by name or path (default: all in cases/)")]
Models = Annotated[list[str] | None, typer.Option("--model", help="[NAME=]SPEC; may be given more than once")]


def check(suites: Suites = None, model: Models = None) -> None:
    """Find everything that is wrong with suites, broken pictures included; exit code 1 if anything is."""
    from benchmark.suites.check import picture_faults
    from benchmark.suites.duplicates import duplicate_faults, near_duplicates_missing

    bad = 0
    for folder in suite_folders(suites or []):
        faults = Faults()
        suite = read_suite(folder, faults)
        lines = faults.lines + picture_faults(suite) + duplicate_faults(suite) + _label_faults(suite, model or [])
        bad += len(lines)
        for line in lines:
            typer.echo(line)
        state = plural(len(lines), "fault") if lines else "no fault"
        typer.echo(f"{suite.name}: {plural(len(suite.cases), 'case')}, {state}{_not_here(suite)}")
    if missing := near_duplicates_missing():
        typer.echo(missing)
    raise typer.Exit(1 if bad else 0)


def _label_faults(suite: Suite, models: list[str]) -> list[str]:
    from benchmark.labels import label_faults, map_concepts
    from benchmark.models import ModelSpec, load_classifier

    lines: list[str] = []
    for text in models:
        try:
            spec = ModelSpec.parse(text)
            labels = load_classifier(spec.spec, device="cpu").labels
        except UserError as error:
            # Told with the others, so that a model that is not there hides no fault of the suite.
            lines += error.lines
            continue
        lines += label_faults(suite, map_concepts(suite, labels), spec.slot)
    return lines


def _not_here(suite: Suite) -> str:
    return "" if suite.fetched else f"; images not here yet: run `{suite.fetch_hint}`"


def list_suites(suites: Suites = None) -> None:
    """List the suites with their tiers; of a suite that is named, list the cases."""
    for folder in suite_folders(suites or []):
        faults = Faults()
        suite = read_suite(folder, faults)
        tiers = ", ".join(f"{len(cases)} in tier {number}" for number, cases in suite.by_tier.items())
        typer.echo(f"{suite.name}: {tiers or 'no case in a tier'}{_not_here(suite)}")
        if suite.description:
            typer.echo(f"  {one_line(suite.description, 400)}")
        if faults.lines:
            typer.echo(f"  {plural(len(faults.lines), 'fault')}: run `tierbench check {shown_path(folder)}`")
        if not suites:
            if tags := sorted({tag for case in suite.cases for tag in case.tags}):
                typer.echo(f"  tags: {listed(tags, 20)}")
            continue
        width = max((len(case.id) for case in suite.cases), default=0)
        for case in suite.cases:
            place = f"ladder {case.ladder}" if case.ladder else f"tier {case.tier}"
            marks = f"  ({' '.join(case.tags)})" if case.tags else ""
            typer.echo(f"  {case.id:<{width}}  {place}  {one_line(' or '.join(case.expected), 60)}{marks}")


def fetch(
    suites: Annotated[list[str], typer.Argument(help="suites by name or path")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="take the images from this folder", exists=True, file_okay=False),
    ] = None,
) -> None:
    """Bring the images that suites name by URL, and verify them."""
    from benchmark.suites.fetch import fetch_image

    failed: list[str] = []
    for name in suites:
        # Missing images are what fetching mends; other faults are told by `check`.
        suite = read_suite(suite_folder(name), Faults())
        remote = [case for case in suite.cases if case.url]
        brought, lost = 0, len(failed)
        for case in remote:
            try:
                brought += fetch_image(case, suite, source)
            except UserError as error:
                failed += error.lines
        there = len(remote) - brought - (len(failed) - lost)
        typer.echo(f"{suite.name}: {plural(brought, 'image')} brought, {there} there already")
    if failed:
        raise UserError(*failed)


def add(
    images: Annotated[list[Path], typer.Argument(help="image files", exists=True, dir_okay=False)],
    suite: Annotated[str, typer.Option(help="suite by name or path; made where it is missing")],
    label: Annotated[str, typer.Option(help="what the image shows; alternatives separated by |")],
    tier: Annotated[int | None, typer.Option(min=1, help="difficulty (default: proposed from the models)")] = None,
    case_id: Annotated[str, typer.Option("--id", help="id of the case (default: from the file's name)")] = "",
    tags: Annotated[str, typer.Option(help="tags, separated by spaces")] = "",
    group: Annotated[str, typer.Option(help="source picture or scene that cases share")] = "",
    source: Annotated[str, typer.Option(help="where the image is from")] = "",
    license_: Annotated[str, typer.Option("--license", help="under which licence it may be used")] = "",
    notes: Annotated[str, typer.Option(help="anything worth knowing")] = "",
    model: Models = None,
) -> None:
    """Copy images into a suite and append their rows; show what the models say of them."""
    from benchmark.pictures import PictureError, open_picture
    from benchmark.suites.append import NewCase, add_case, same_image

    if case_id and len(images) > 1:
        raise UserError("--id names one case; add the images one by one, or leave it out")
    folder = suite_folder(suite, new=True)
    for image in images:
        try:
            open_picture(image)
        except PictureError as error:
            raise UserError(f"{shown_path(image.absolute())}: {one_line(str(error))}; nothing was added") from error
        present = read_suite(folder, Faults()).cases if (folder / "metadata.csv").is_file() else ()
        if twin := same_image(image, present):
            raise UserError(f"{shown_path(image.absolute())}: is in the suite already, as {twin.key}")
        new = NewCase(image, label, tier or 1, case_id, tags, group, source, license_, notes)
        if tier is None or model:
            new = _with_proposed_tier(new, folder, tier, model or ["reference"])
        case = add_case(folder, new)
        typer.echo(f"{case.key} added: tier {case.tier}, {shown_path(case.path)}")


def _with_proposed_tier(new: NewCase, folder: Path, tier: int | None, models: list[str]) -> NewCase:
    """Show what the models say of an image; without a tier, propose one from how many of them miss it."""
    from benchmark.evaluation import judge_suite
    from benchmark.models import ModelSpec, load_classifier

    expected = tuple(part.strip() for part in new.label.split("|"))
    case = Case(folder.name, new.image.stem, new.image.name, new.image.absolute(), expected, tier or 1, Thresholds())
    known = read_suite(folder, Faults()) if (folder / "metadata.csv").is_file() else None
    concepts = known.concepts if known else {}
    suite = Suite(folder.name, folder, "", (case,), {1: Tier(1)}, concepts)
    missed = 0
    for text in models:
        spec = ModelSpec.parse(text)
        result = judge_suite(load_classifier(spec.spec), suite, [case], spec.slot)[0]
        missed += not result.passed
        top = result.verdict.top[:3] if result.verdict else ()
        said = ", ".join(f"{one_line(name, 40)} {probability:.3f}" for name, probability in top)
        typer.echo(f"  {spec.slot}: {'passes' if result.passed else 'misses'} ({said or result.error})")
    if tier is None:
        tier = 1 if not missed else 3 if missed == len(models) > 1 else 2
        typer.echo(f"  proposed: tier {tier}, {missed} of {plural(len(models), 'model')} missed it")
    return replace(new, tier=tier)
