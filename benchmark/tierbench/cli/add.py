"""`tierbench add`: add images to a suite as cases, and show the models' predictions for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import folder_to_add_to
from tierbench.cli.models import Labels, Models, Processors, open_models
from tierbench.cli.pixel_limit import MaxPixels, pixel_limit
from tierbench.cli.proposals import Images, proposed_tiers, unknown_labels
from tierbench.common.errors import UserError
from tierbench.common.files import is_regular, shown_path
from tierbench.common.text import one_line
from tierbench.suites import Suite, Thresholds, read_suite
from tierbench.suites.expectation import Expectation, parse_expectation
from tierbench.suites.problems import Problems


def add(
    images: Annotated[list[Path], typer.Argument(help="image files", exists=True, dir_okay=False)],
    suite: Annotated[str, typer.Option(help="suite by name or path")],
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
    new_suite: Annotated[bool, typer.Option("--new-suite", help="create the suite if it does not exist")] = False,
    force: Annotated[bool, typer.Option("--force", help="add a label that no model knows")] = False,
    model: Models = None,
    labels: Labels = None,
    processor: Processors = None,
    max_pixels: MaxPixels = None,
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
    folder = folder_to_add_to(suite, create=new_suite)
    if problems := _image_problems(images, folder, pixel_limit(max_pixels)):
        raise UserError(*problems)
    models, problems = open_models(model, labels, processor)
    proposed: dict[Path, int] = {}
    if not is_twin and not problems:
        current, thresholds = _suite_and_thresholds(folder, expected, tier)
        new = Images(images, expected, current, tier, thresholds)
        if not force:
            problems = unknown_labels(new, models)
        if not problems and not models and tier is None:
            # The tier is proposed from predictions, so at least one model is needed.
            models, problems = open_models(["reference"], labels, processor)
        if not problems and models:
            proposed = proposed_tiers(new, models)
    if problems:
        raise UserError(*problems)
    for image in images:
        wanted = None if is_twin else tier or proposed[image]
        case = add_case(folder, NewCase(image, label, wanted, case_id, twin, tags, group, source, license_, notes))
        place = "a twin" if case.is_twin else f"tier {case.tier}"
        typer.echo(f"{one_line(case.key)} added: {place}, {shown_path(case.path)}")


def _image_problems(images: Sequence[Path], folder: Path, max_pixels: int | None) -> list[str]:
    """List the images that are not pictures or already in the suite; checked before any image is added."""
    from tierbench.common.images import PictureError, open_picture, quiet_pillow
    from tierbench.suites.editing import same_images

    problems = []
    for image in images:
        if not is_regular(image):
            problems.append(f"{shown_path(image.absolute())}: is not a file; nothing was added")
            continue
        try:
            with quiet_pillow():
                open_picture(image, max_pixels=max_pixels)
        except PictureError as error:
            problems.append(f"{shown_path(image.absolute())}: {one_line(str(error))}; nothing was added")
    present = read_suite(folder, Problems()).images if is_regular(folder / "metadata.csv") else ()
    problems += [
        f"{shown_path(image.absolute())}: {one_line(where)}; nothing was added"
        for image, where in same_images([image for image in images if is_regular(image)], present)
    ]
    return problems


def _suite_and_thresholds(folder: Path, expected: Expectation, tier: int | None) -> tuple[Suite, Thresholds]:
    """Read a suite, which may have no row yet, and return it with the thresholds of new cases."""
    from tierbench.suites.metadata import COLUMNS
    from tierbench.suites.settings import make_thresholds, read_suite_settings

    problems = Problems()
    settings = read_suite_settings(folder / "suite.toml", COLUMNS, problems)
    if problems.lines:
        raise UserError(*problems.lines)
    # Problems of its rows are reported when the case is added.
    suite = read_suite(folder, Problems())
    return suite, make_thresholds({} if expected.absent else settings.thresholds.get(tier or 1, {}))
