"""`tierbench add`: add images to a suite as cases, and show the models' predictions for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import suite_folder
from tierbench.cli.models import Labels, Models, open_models
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line, plural
from tierbench.models import Classifier
from tierbench.scoring.labels import label_problems, map_concepts, short_label
from tierbench.scoring.results import CaseResult
from tierbench.suites import Case, Suite, Tier, read_suite
from tierbench.suites.expectation import Expectation, parse_expectation
from tierbench.suites.problems import Problems

_SET_TIER = "set the tier with --tier"


def add(
    images: Annotated[list[Path], typer.Argument(help="image files", exists=True, dir_okay=False)],
    suite: Annotated[str, typer.Option(help="suite by name or path; created if it does not exist")],
    label: Annotated[
        str, typer.Option(help="concept that the images show; alternatives separated by |; !CONCEPT: absent; -: a twin")
    ],
    tier: Annotated[int | None, typer.Option(min=1, help="difficulty (default: proposed from the models)")] = None,
    case_id: Annotated[str, typer.Option("--id", help="id of the case (default: from the file's name)")] = "",
    twin: Annotated[str, typer.Option(help="id of the twin: the same scene without the object")] = "",
    tags: Annotated[str, typer.Option(help="tags, separated by spaces")] = "",
    group: Annotated[str, typer.Option(help="source picture or scene that cases share")] = "",
    source: Annotated[str, typer.Option(help="where the image is from")] = "",
    license_: Annotated[str, typer.Option("--license", help="licence of the image")] = "",
    notes: Annotated[str, typer.Option(help="anything worth knowing")] = "",
    model: Models = None,
    labels: Labels = None,
) -> None:
    """Copy images into a suite and append their rows; show the models' predictions."""
    from tierbench.suites.editing import NewCase, add_case

    if case_id and len(images) > 1:
        raise UserError("--id names one case; add the images one by one, or leave it out")
    try:
        expected = parse_expectation(label)
    except ValueError as error:
        raise UserError(f"--label: {one_line(str(error))}") from error
    is_twin = not expected.concepts
    if is_twin and tier is not None:
        raise UserError("--tier: a twin (--label -) has no tier; leave it out")
    folder = suite_folder(suite, new=True)
    if problems := _image_problems(images, folder):
        raise UserError(*problems)
    models, problems = open_models(model, labels)
    if not models and not problems and tier is None and not is_twin:
        # The tier is proposed from predictions, so at least one model is needed.
        models, problems = open_models(["reference"], labels)
    if problems:
        raise UserError(*problems)
    proposed = _proposed_tiers(images, expected, folder, models, tier) if models and not is_twin else {}
    for image in images:
        wanted = None if is_twin else tier or proposed[image]
        case = add_case(folder, NewCase(image, label, wanted, case_id, twin, tags, group, source, license_, notes))
        place = "a twin" if case.is_twin else f"tier {case.tier}"
        typer.echo(f"{case.key} added: {place}, {shown_path(case.path)}")


def _image_problems(images: Sequence[Path], folder: Path) -> list[str]:
    """List the images that are not pictures or already in the suite; checked before any image is added."""
    from tierbench.common.images import PictureError, open_picture, quiet_pillow
    from tierbench.suites.editing import same_images

    problems = []
    for image in images:
        if not image.is_file():
            # Opening a pipe would block forever.
            problems.append(f"{shown_path(image.absolute())}: is not a file; nothing was added")
            continue
        try:
            with quiet_pillow():
                open_picture(image)
        except PictureError as error:
            problems.append(f"{shown_path(image.absolute())}: {one_line(str(error))}; nothing was added")
    present = read_suite(folder, Problems()).images if (folder / "metadata.csv").is_file() else ()
    problems += [
        f"{shown_path(image.absolute())}: {one_line(where)}; nothing was added"
        for image, where in same_images([image for image in images if image.is_file()], present)
    ]
    return problems


def _proposed_tiers(
    images: Sequence[Path],
    expected: Expectation,
    folder: Path,
    models: Mapping[str, Classifier],
    tier: int | None,
) -> dict[Path, int]:
    """Print the models' predictions for each image; without a tier, propose one from how many models miss it."""
    from tierbench.scoring.evaluate import judge_suite
    from tierbench.suites.metadata import COLUMNS
    from tierbench.suites.settings import make_thresholds, read_suite_settings

    problems = Problems()
    settings = read_suite_settings(folder / "suite.toml", COLUMNS, problems)
    if problems.lines:
        raise UserError(*problems.lines)
    thresholds = make_thresholds({} if expected.absent else settings.thresholds.get(tier or 1, {}))
    cases = [
        Case(
            folder.name,
            str(number),
            image.name,
            image.absolute(),
            expected.concepts,
            tier or 1,
            thresholds,
            absent=expected.absent,
        )
        for number, image in enumerate(images)
    ]
    suite = Suite(folder.name, folder, "", tuple(cases), {1: Tier(1)}, settings.labels)
    results = {
        model_name: judge_suite(classifier, suite, cases, model_name, missing_labels="skip")
        for model_name, classifier in models.items()
    }
    proposed = {}
    for number, image in enumerate(images):
        if len(images) > 1:
            typer.echo(one_line(str(image)))
        judged = {model_name: own[number] for model_name, own in results.items()}
        for model_name, result in judged.items():
            typer.echo(f"  {model_name}: {_prediction_text(result)}")
        # Models that could not judge the image do not count.
        counted = [result for result in judged.values() if not result.skipped and not result.error]
        if tier is None and not counted:
            # There is nothing to propose a tier from.
            spaces = [(model_name, map_concepts(suite, classifier.labels)) for model_name, classifier in models.items()]
            lines = [
                line
                for model_name, space in spaces
                for line in label_problems(suite, space, model_name, otherwise=_SET_TIER)
            ]
            raise UserError(*lines or [f"{one_line(str(image))}: no model could judge it; {_SET_TIER}"])
        missed = sum(not result.passed for result in counted)
        proposed[image] = 1 if not missed else 3 if missed == len(counted) > 1 else 2
        if tier is None:
            typer.echo(f"  proposed: tier {proposed[image]}, {missed} of {plural(len(counted), 'model')} missed it")
    return proposed


def _prediction_text(result: CaseResult) -> str:
    if result.verdict is None:
        return one_line(result.reason)
    top = ", ".join(
        f"{one_line(short_label(name), 40)} {probability:.3f}" for name, probability in result.verdict.top[:3]
    )
    return f"{'passes' if result.passed else 'misses'} ({top})"
