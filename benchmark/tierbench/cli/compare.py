"""`tierbench compare`: compare two runs, or a run and a baseline, image by image; the exit code is the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tierbench.cli.folders import CasesOption, ReportsOption, cases_folders, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import first_line, one_line

if TYPE_CHECKING:
    from tierbench.runs.compare import ScoreComparison

_WHAT = (
    "a run's folder, the start of its name, last, a baseline's name or file, or a folder of results on data sets; "
    ":MODEL selects one of its models"
)
# Number of flips that the terminal lists; the files list all of them.
_MOST = 40


def compare(
    before: Annotated[str, typer.Argument(help=_WHAT)],
    after: Annotated[str, typer.Argument(help="the run or baseline to compare with the first, in the same form")],
    gate: Annotated[
        Literal["regression", "flips"], typer.Option("--gate", help="what decides: the paired verdict, or each flip")
    ] = "regression",
    max_drop: Annotated[
        float,
        typer.Option("--max-drop", help="a larger fall of the margin, in typical margins of the model, is a flip"),
    ] = 1.0,
    html: Annotated[Path | None, typer.Option("--html", help="write a page with the pictures", dir_okay=False)] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="write all figures", dir_okay=False)] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="write a summary", dir_okay=False)] = None,
    reports: ReportsOption = None,
    cases: CasesOption = None,
) -> None:
    """Compare a run with another run or a baseline, flips first; exit code 1 if there is a regression, else 0."""
    from tierbench.report.comparison_text import comparison_lines
    from tierbench.report.html.comparison_page import comparison_page, pictured_cases
    from tierbench.report.markdown_file import foreign_file
    from tierbench.report.set_comparison_text import (
        any_regressed,
        set_comparison_lines,
        whole_json,
        whole_markdown,
        whole_text,
    )
    from tierbench.runs.regression import LARGEST_DROP
    from tierbench.runs.set_compare import compare_set, find_set_sides

    if not 0 < max_drop <= LARGEST_DROP:
        raise UserError(f"--max-drop {max_drop:g} must be above 0 and at most {LARGEST_DROP:g}")
    if markdown and (problem := foreign_file(markdown)):
        raise UserError(f"--markdown {shown_path(markdown)}: {problem}")
    sets = [compare_set(*sides) for sides in find_set_sides(before, after, reports_folder(reports))]
    comparisons = _compared_cases(before, after, reports_folder(reports), max_drop, required=not sets)
    pictured = pictured_cases(comparisons, cases_folders(cases))
    # Written before anything is printed: what reads the output may close it, as `head` does.
    written = []
    if html:
        written.append(_write(html, comparison_page(comparisons, gate, pictured, sets)))
    if as_json:
        content = json.dumps(whole_json(comparisons, sets, gate), indent=1, ensure_ascii=False)
        written.append(_write(as_json, content + "\n"))
    if markdown:
        written.append(_write(markdown, whole_markdown(comparisons, sets, gate)))
    for comparison in comparisons:
        for line in comparison_lines(comparison, pictured, _MOST):
            typer.echo(line)
        typer.echo("")
    for each in sets:
        for line in set_comparison_lines(each):
            typer.echo(line)
        typer.echo("")
    for line in written:
        typer.echo(line)
    typer.echo(whole_text(comparisons, sets, gate))
    if any_regressed(comparisons, sets, gate):
        raise typer.Exit(1)


def _compared_cases(
    before: str, after: str, reports: Path, max_drop: float, *, required: bool
) -> list[ScoreComparison]:
    """Compare the cases of the suites; where only data sets can be compared, say why cases are not."""
    from tierbench.runs.compare import compare_scores
    from tierbench.runs.model_scores import find_before_and_after
    from tierbench.runs.set_compare import has_cases

    if not required and not (has_cases(before) and has_cases(after)):
        return []
    try:
        pairs = find_before_and_after(before, after, reports)
        return [compare_scores(*pair, max_drop=max_drop) for pair in pairs]
    except UserError as error:
        if required:
            raise
        typer.echo(f"only data sets are compared: {error.lines[0]}", err=True)
        return []
    except ValueError as error:
        raise UserError(
            f"{one_line(before)} and {one_line(after)} cannot be compared, because one is damaged: {first_line(error)}"
        ) from error


def _write(file: Path, text: str) -> str:
    """Write a file; return the line that says so."""
    from tierbench.common.files import write_atomically

    try:
        write_atomically(file, text)
    except OSError as error:
        raise UserError(f"{shown_path(file)}: cannot be written: {error.strerror}") from error
    return f"written {shown_path(file)}"
