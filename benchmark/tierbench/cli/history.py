"""`tierbench history` and `tierbench prune`: show the recorded runs over time, and remove old ones."""

from __future__ import annotations

from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line, plural


def history(
    reports: ReportsOption = None,
    last: Annotated[int, typer.Option("--last", min=1, help="number of runs to show")] = 20,
    model: Annotated[str, typer.Option("--model", help="only this model")] = "",
    suite: Annotated[str, typer.Option("--suite", help="only this suite or data set")] = "",
    html: Annotated[bool, typer.Option("--html", help="also write index.html into the folder of the runs")] = False,
) -> None:
    """Print the trend of each suite, tier, model and data set over the recorded runs, and who accepted baselines."""
    from tierbench.report.history_text import history_lines
    from tierbench.runs.acceptances import read_acceptances
    from tierbench.runs.history import only, read_history

    folder = reports_folder(reports)
    found = read_history(folder)
    for problem in found.problems:
        typer.echo(f"left out: {one_line(problem, 400)}", err=True)
    entries = [entry for entry in (only(entry, model, suite) for entry in found.entries) if entry.run.models]
    if not entries:
        what = " of this model" if model else " of this suite" if suite else ""
        raise UserError(f"{shown_path(folder)}: no run{what} is recorded here; run pytest first")
    page = None
    if html:
        from tierbench.report.html.history_page import write_page

        # Before anything is printed: what reads the output may close it, as `head` does.
        page = write_page(folder)
    accepted = [each for each in read_acceptances(folder) if model in ("", each.model)]
    for line in history_lines(entries, last, accepted):
        typer.echo(line)
    if page:
        typer.echo(f"\npage: {shown_path(page)}")


def prune(
    keep: Annotated[int, typer.Option("--keep", min=1, help="number of runs to keep, from the newest")],
    reports: ReportsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only list what would be removed")] = False,
) -> None:
    """Remove the oldest recorded runs; baselines and files that no run wrote are kept."""
    from tierbench.report.html.history_page import PAGE, write_page
    from tierbench.runs.prune import finish_removals, old_runs, remove_run

    removed = 0
    folder = reports_folder(reports)
    if not dry_run:
        finish_removals(folder)
    for run in old_runs(folder, keep):
        if run.kept_because:
            typer.echo(f"kept     {shown_path(run.folder)}: {run.kept_because}")
            continue
        if not dry_run:
            remove_run(run.folder)
        removed += 1
        typer.echo(f"{'would go' if dry_run else 'removed '} {shown_path(run.folder)}")
    if removed and not dry_run and (folder / PAGE).is_file():
        write_page(folder)
    typer.echo(f"{plural(removed, 'run')} {'would be removed' if dry_run else 'removed'}")
