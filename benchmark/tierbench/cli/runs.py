"""`tierbench show`: print a recorded run, with the published predictions of other models, or results on data sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, cases_folders, reports_folder
from tierbench.cli.set_output import Style, TableOption, echo_lines, print_table
from tierbench.common.errors import UserError
from tierbench.common.files import is_folder, is_regular, shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import one_line
from tierbench.report.summary_text import run_lines
from tierbench.runs.find import run_folder
from tierbench.runs.record import REPORT, RUN, read_run
from tierbench.suites import Published, read_suites


def show(
    run: Annotated[
        str, typer.Argument(help="a run's folder, the start of its name, or last; or a folder of results on data sets")
    ] = "last",
    every: Annotated[bool, typer.Option("--all", help="also list the cases that passed, and all classes")] = False,
    table: TableOption = None,
    reports: ReportsOption = None,
) -> None:
    """Print a recorded run: tiers, level, data sets, and the cases that did not pass.

    Results on data sets are computed again from their files, if the folder holds these and no run.
    """
    if _holds_results(Path(run)):
        _show_results(Path(run), every, table)
        return
    record = read_run(run_folder(run, reports_folder(reports)))
    if table:
        if not record.run.sets:
            raise UserError(f"{shown_path(record.folder)}: --table is of data sets, and this run has none")
        print_table(record.run.sets, table)
        return
    state = "complete" if record.run.complete else "not complete: stopped early, killed, or still running"
    typer.echo(f"{shown_path(record.folder)}  {record.run.started}  {record.run.duration_s:.1f} s  {state}")
    several = len(record.run.models) > 1
    echo_lines(run_lines(record.run, record.rows))
    cases = [row for row in record.rows if every or row.outcome != "passed"]
    # Suites are read only where there is a case to say something of.
    published = _published() if cases else {}
    if cases:
        typer.echo("")
    for row in cases:
        for line in _case_lines(row, several, published):
            typer.echo(line)
    if (record.folder / REPORT).is_file():
        typer.echo(f"report: {shown_path(record.folder / REPORT)}")


def _holds_results(folder: Path) -> bool:
    if not is_folder(folder) or is_regular(folder / RUN):
        return False
    # Imported here, because a recorded run does not need it.
    from tierbench.runs.set_results import result_folders

    return bool(result_folders(folder))


def _show_results(folder: Path, every: bool, table: Style | None) -> None:
    """Print results on data sets from their files alone."""
    from tierbench.report.set_tables_text import detail_lines
    from tierbench.report.set_text import set_lines
    from tierbench.runs.set_results import read_results
    from tierbench.scoring.set_details import detail_set

    # Rows of a set are forgotten before those of the next are read.
    found = [
        (stored.result, [] if table else detail_lines(detail_set(stored.rows), every=every))
        for stored in read_results(folder)
    ]
    results = [result for result, _ in found]
    if table:
        print_table(results, table)
        return
    for number, (result, details) in enumerate(found):
        lines = set_lines(result, results, several_models=True, every=True)
        echo_lines([*([""] if number else []), *lines, *(f"  {line}".rstrip() for line in details)])


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
