"""`tierbench show`: print a recorded run, with the published predictions of other models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, cases_folders, reports_folder
from tierbench.common.files import is_folder, shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import one_line
from tierbench.report.summary_text import run_lines
from tierbench.runs.find import run_folder
from tierbench.runs.record import REPORT, read_run
from tierbench.suites import Published, read_suites


def show(
    run: Annotated[str, typer.Argument(help="a run's folder, the start of its name, or last")] = "last",
    every: Annotated[bool, typer.Option("--all", help="also list the cases that passed")] = False,
    reports: ReportsOption = None,
) -> None:
    """Print a recorded run: tiers, level, and the cases that did not pass."""
    record = read_run(run_folder(run, reports_folder(reports)))
    state = "complete" if record.run.complete else "not complete: stopped early, killed, or still running"
    typer.echo(f"{shown_path(record.folder)}  {record.run.started}  {record.run.duration_s:.1f} s  {state}")
    several = len(record.run.models) > 1
    for line in run_lines(record.run, record.rows):
        typer.echo(line)
    published = _published()
    cases = [row for row in record.rows if every or row.outcome != "passed"]
    if cases:
        typer.echo("")
    for row in cases:
        for line in _case_lines(row, several, published):
            typer.echo(line)
    if (record.folder / REPORT).is_file():
        typer.echo(f"report: {shown_path(record.folder / REPORT)}")


def _case_lines(row: CaseRow, several: bool, published: Mapping[str, list[Published]]) -> list[str]:
    model = f":{row.model}" if several else ""
    tier = "" if row.tier is None else f" [tier {row.tier}]"
    score = "" if row.score is None else f" {row.score:.3f}"
    what = row.reason or f"expected {row.expected}, got {row.predicted}{score}"
    lines = [f"{row.outcome:<8}{one_line(row.key + model)}{tier}: {one_line(what, 300)}"]
    by_model: dict[str, list[Published]] = {}
    for entry in published.get(row.key, []):
        by_model.setdefault(entry.model, []).append(entry)
    for name, entries in by_model.items():
        top = ", ".join(f"{one_line(entry.label, 40)} {entry.score:.3f}" for entry in entries[:4])
        lines.append(f"{'':<8}published, {one_line(name, 80)}: {top}")
    return lines


def _published() -> dict[str, list[Published]]:
    """Return the published predictions in the suites of the repository, by case, most probable label first."""
    by_case: dict[str, list[Published]] = {}
    if folders := [folder for folder in cases_folders() if is_folder(folder)]:
        suites, _ = read_suites(folders)
        for suite in suites:
            for entry in sorted(suite.published, key=lambda entry: -entry.score):
                by_case.setdefault(f"{suite.name}/{entry.case}", []).append(entry)
    return by_case
