"""`tierbench compare`: compare two runs, or a run and a baseline, image by image; the exit code is the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from tierbench.cli.folders import CasesOption, ReportsOption, cases_folders, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import first_line, one_line

_WHAT = "a run's folder, the start of its name, last, a baseline's name or file; :MODEL selects one of its models"
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
    from tierbench.report.comparison_text import comparison_json, comparison_lines, comparison_markdown, overall_text
    from tierbench.report.html.comparison_page import comparison_page, pictured_cases
    from tierbench.report.markdown_file import foreign_file
    from tierbench.runs.compare import compare_scores
    from tierbench.runs.model_scores import find_before_and_after
    from tierbench.runs.regression import LARGEST_DROP

    if not 0 < max_drop <= LARGEST_DROP:
        raise UserError(f"--max-drop {max_drop:g} must be above 0 and at most {LARGEST_DROP:g}")
    if markdown and (problem := foreign_file(markdown)):
        raise UserError(f"--markdown {shown_path(markdown)}: {problem}")
    try:
        comparisons = [
            compare_scores(*pair, max_drop=max_drop)
            for pair in find_before_and_after(before, after, reports_folder(reports))
        ]
    except ValueError as error:
        raise UserError(
            f"{one_line(before)} and {one_line(after)} cannot be compared, because one is damaged: {first_line(error)}"
        ) from error
    pictured = pictured_cases(comparisons, cases_folders(cases))
    for comparison in comparisons:
        for line in comparison_lines(comparison, pictured, _MOST):
            typer.echo(line)
        typer.echo("")
    if html:
        _write(html, comparison_page(comparisons, gate, pictured))
    if as_json:
        _write(as_json, json.dumps(comparison_json(comparisons, gate), indent=1, ensure_ascii=False) + "\n")
    if markdown:
        _write(markdown, comparison_markdown(comparisons, gate))
    typer.echo(overall_text(comparisons, gate))
    if any(comparison.regressed(gate) for comparison in comparisons):
        raise typer.Exit(1)


def _write(file: Path, text: str) -> None:
    from tierbench.common.files import write_atomically

    try:
        write_atomically(file, text)
    except OSError as error:
        raise UserError(f"{shown_path(file)}: cannot be written: {error.strerror}") from error
    typer.echo(f"written {shown_path(file)}")
