"""`tierbench query`: print what models see in pictures."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierbench.cli.folders import suite_folder
from tierbench.cli.models import Labels, Models, Processors, Tokens, open_models
from tierbench.cli.pixel_limit import MaxPixels, pixel_limit
from tierbench.cli.terminal_picture import picture_escape, picture_protocol
from tierbench.common.errors import UserError
from tierbench.common.files import is_regular
from tierbench.common.images import open_picture
from tierbench.common.text import one_line
from tierbench.models import Classifier
from tierbench.suites import Suite, Thresholds, read_suite
from tierbench.suites.expectation import Expectation, parse_expectation
from tierbench.suites.metadata import COLUMNS
from tierbench.suites.problems import Problems
from tierbench.suites.settings import make_thresholds, read_suite_settings

if TYPE_CHECKING:
    from tierbench.scoring.query import Answer
    from tierbench.scoring.query_understood import Understood

# How the names of pictures in a folder end; a file that is named itself may end in anything.
_ENDINGS = (
    ".avif",
    ".bmp",
    ".gif",
    ".heic",
    ".heif",
    ".jp2",
    ".jpeg",
    ".jpg",
    ".jxl",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
)
_COLOURS: dict[str, dict[str, Any]] = {
    "heading": {"bold": True},
    "model": {"fg": "cyan"},
    "expected": {"fg": "green"},
    "good": {"fg": "green", "bold": True},
    "bad": {"fg": "red", "bold": True},
}


def query(
    images: Annotated[list[str], typer.Argument(help="image files, or folders with images directly in them")],
    model: Models = None,
    labels: Labels = None,
    processor: Processors = None,
    endpoint_token: Tokens = None,
    expect: Annotated[
        str,
        typer.Option(help="what the images show: a label or a concept of the suite; alternatives by |; !LABEL: absent"),
    ] = "",
    suite: Annotated[
        str,
        typer.Option(
            help="suite by name or path: its concepts and thresholds count, and of its own images what their rows say"
        ),
    ] = "",
    among: Annotated[
        str, typer.Option(help="without a suite, what a zero-shot model chooses from: labels, separated by commas")
    ] = "",
    top: Annotated[int, typer.Option(min=1, help="number of labels to print")] = 5,
    as_json: Annotated[
        bool, typer.Option("--json", help="print a JSON object in a line for each image and model")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="first print how the query was understood: cases, expectations, labels that count"
        ),
    ] = False,
    picture: Annotated[
        bool, typer.Option(help="show the image in small, where the terminal can (kitty, iTerm2)")
    ] = True,
    max_pixels: MaxPixels = None,
) -> None:
    """Print what models see in images: the most probable labels with their scores, best first.

    With --expect or --suite it also says whether the image is classified as expected, as a test of the benchmark would.
    Exit code 1: an image is not classified as expected, or cannot be read; 0: neither; 4: wrong usage.
    """
    # Heavy imports, which other commands do without.
    from tierbench.report.query_text import answer_object, counts_line
    from tierbench.scoring.query import Asker, make_questions
    from tierbench.scoring.query_understood import understood

    expected = _expectation(expect)
    found, problems = _pictures(images)
    limit = pixel_limit(max_pixels)
    own, thresholds = _suite(suite, expected) if suite else (None, None)
    models = _models(model, labels, processor, endpoint_token)
    choices = tuple(dict.fromkeys(filter(None, (name.strip() for name in among.split(",")))))
    if choices and suite:
        raise UserError(
            "--among: with --suite, a zero-shot model chooses from the suite's concepts; leave out one of both"
        )
    questions = make_questions(found, own, expected, thresholds)
    askers = [Asker(classifier, name, questions, own, choices) for name, classifier in models.items()]
    if explain:
        _explain(understood(questions, askers), as_json=as_json)
    for line in problems:
        _report(line)
    # By picture, then by model.
    groups = list(zip(*(asker.ask(top, limit) for asker in askers), strict=True))
    for number, answers in enumerate(groups):
        for line in dict.fromkeys(answer.error for answer in answers if answer.error):
            _report(f"{one_line(answers[0].question.image, 300)}: {one_line(line, 300)}")
        if as_json:
            for answer in answers:
                # ASCII only, because a label may contain control characters of a terminal.
                typer.echo(json.dumps(answer_object(answer), ensure_ascii=True))
        elif any(answer.seen for answer in answers):
            typer.echo("\n" if number else "", nl=False)
            _print(answers, limit, shown=picture)
    if not as_json and (line := counts_line(answer for answers in groups for answer in answers)):
        typer.echo(f"\n{line}")
    if problems or any(answer.error or answer.missed for answers in groups for answer in answers):
        raise typer.Exit(1)


def _models(
    models: Sequence[str] | None,
    labels: Sequence[str] | None,
    processors: Sequence[str] | None,
    tokens: Sequence[str] | None,
) -> dict[str, Classifier]:
    opened, problems = open_models(models, labels, processors, tokens)
    if not opened and not problems:
        opened, problems = open_models(["reference"], labels)
    if problems:
        raise UserError(*problems)
    return opened


def _expectation(text: str) -> Expectation | None:
    if not text:
        return None
    try:
        expected = parse_expectation(text)
    except ValueError as error:
        raise UserError(f"--expect: {one_line(str(error))}") from error
    if not expected.concepts:
        raise UserError("--expect -: a twin shows nothing that could be expected; name a label")
    return expected


def _suite(name: str, expected: Expectation | None) -> tuple[Suite, Thresholds]:
    """Return a suite, and the thresholds of pictures that are none of its cases: those of its first tier."""
    problems = Problems()
    folder = suite_folder(name)
    suite = read_suite(folder, problems)
    settings = read_suite_settings(folder / "suite.toml", COLUMNS, Problems())
    if problems.lines:
        raise UserError(*problems.lines)
    absent = expected is not None and expected.absent
    return suite, make_thresholds({} if absent else settings.thresholds.get(1, {}))


def _pictures(images: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the image files, with those in folders, and a line for each that is none."""
    found: list[str] = []
    problems: list[str] = []
    for image in images:
        shown = one_line(image, 300)
        if re.match(r"[a-z][a-z0-9+.-]+://", image, re.IGNORECASE):
            problems.append(f"{shown}: is an address, and images are not fetched; download it, and name the file")
        elif os.path.isdir(image):  # noqa: PTH112  # unlike `Path.is_dir`, False for a name that is too long
            own = sorted(str(path) for path in Path(image).iterdir() if path.suffix.lower() in _ENDINGS)
            found += own
            if not own:
                problems.append(f"{shown}: is a folder without images directly in it; name image files")
        elif is_regular(Path(image)):
            found.append(image)
        else:
            problems.append(f"{shown}: there is no such file; fix the path")
    return list(dict.fromkeys(found)), problems


def _explain(found: Understood, *, as_json: bool) -> None:
    from tierbench.report.query_text import understood_lines, understood_object

    lines = [json.dumps(understood_object(found), ensure_ascii=True)] if as_json else [*understood_lines(found), ""]
    for line in lines:
        typer.echo(line)


def _print(answers: Sequence[Answer], max_pixels: int | None, *, shown: bool) -> None:
    """Print what all models see in one picture."""
    from tierbench.report.query_text import answer_lines

    question = answers[0].question
    expected = f", expected {one_line(question.case.expectation)}" if question.case.expected else ""
    known = f" ({one_line(question.known_as)})" if question.known_as else ""
    typer.echo(_painted(one_line(question.image, 300), "heading") + known + expected)
    if shown and sys.stdout.isatty() and (protocol := picture_protocol(os.environ)):
        # A picture that cannot be opened has no answer.
        typer.echo(picture_escape(open_picture(question.case.path, max_pixels=max_pixels), protocol), nl=False)
    for answer in answers:
        if lines := answer_lines(answer, _painted):
            typer.echo(_painted(one_line(answer.model), "model"))
            for line in lines:
                typer.echo(f"  {line}")


def _painted(text: str, what: str) -> str:
    return text if os.environ.get("NO_COLOR") else typer.style(text, **_COLOURS[what])


def _report(line: str) -> None:
    typer.echo(f"error: {line}", err=True)
