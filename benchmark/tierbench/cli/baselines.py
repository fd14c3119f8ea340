"""`tierbench baseline`: accept a recorded run, and remove the rows of cases that no longer exist."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import CasesOption, ReportsOption, cases_folders, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import files_in, shown_path
from tierbench.common.text import one_line, plural

baseline = typer.Typer(
    name="baseline",
    help="Manage the accepted scores that later runs are compared with.",
    no_args_is_help=True,
    add_completion=False,
)


@baseline.command("accept")
def accept(
    run: Annotated[str, typer.Argument(help="a run's folder, the start of its name, or last")],
    case: Annotated[
        list[str] | None,
        typer.Option("--case", help="accept only this case, suite/id; may be given more than once"),
    ] = None,
    only_fixed: Annotated[
        bool, typer.Option("--only-fixed", help="accept only the cases that failed in the baseline and pass now")
    ] = False,
    model: Annotated[str, typer.Option("--model", help="only this model, where the run has several")] = "",
    note: Annotated[str, typer.Option("--note", help="why; kept in the comment lines of the baseline")] = "",
    by: Annotated[
        str, typer.Option("--by", help="who accepts (default: the name that git knows, or the account's)")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="also accept a run that stopped early")] = False,
    reports: ReportsOption = None,
) -> None:
    """Make a recorded run, or chosen cases of it, the baseline of its models; all other rows are kept."""
    from tierbench.runs.acceptance import accept_recorded
    from tierbench.runs.find import run_folder
    from tierbench.runs.partial_acceptance import Choice, accept_chosen

    folder = reports_folder(reports)
    recorded = run_folder(run, folder)
    if case or only_fixed:
        choice = Choice(tuple(case or ()), only_fixed, model, by, note)
        lines = accept_chosen(recorded, folder, choice, force=force)
    else:
        lines = accept_recorded(recorded, folder, force=force, model=model, by=by, note=note)
    for line in lines:
        typer.echo(line)
    _refresh_page(folder)


def _refresh_page(reports: Path) -> None:
    """Show what was accepted in the page of all runs, if there is one; where that fails, the next run does it."""
    from tierbench.report.html.history_page import PAGE, write_page

    if (reports / PAGE).is_file():
        with contextlib.suppress(UserError):
            write_page(reports)


@baseline.command("prune")
def prune(
    model: Annotated[str, typer.Argument(help="name of the model; default: every baseline")] = "",
    reports: ReportsOption = None,
    cases: CasesOption = None,
    absent: Annotated[
        bool, typer.Option("--absent-suites", help="also remove the rows of suites that were not found")
    ] = False,
) -> None:
    """Remove the rows of cases that no longer exist in their suite, and list them."""
    from tierbench.runs.baseline import absent_suites, baseline_path, case_ids, prune_baseline, read_baseline
    from tierbench.suites import read_suites

    runs = reports_folder(reports)
    paths = [baseline_path(runs, model)] if model else files_in(runs / "baselines", "*.csv")
    if not paths:
        raise UserError(f"{shown_path(runs / 'baselines')}: there is no baseline; accept a run first")
    folders = cases_folders(cases)
    suites, problems = read_suites(folders)
    if problems:
        raise UserError(*problems)
    if not suites:
        # Without suites, no case would seem to exist.
        raise UserError(f"{shown_path(folders[0])}: there is no suite here; name the folder of the suites with --cases")
    existing = case_ids(suites)
    for path in paths:
        stale = prune_baseline(path, existing, absent_too=absent)
        typer.echo(f"{shown_path(path)}: {plural(len(stale), 'row')} removed")
        for suite_name, case in stale:
            typer.echo(f"  {one_line(suite_name)}/{one_line(case)}")
        for suite_name, count in absent_suites(read_baseline(path), existing).items():
            typer.echo(
                f"  {plural(count, 'row')} of suite {one_line(suite_name)} kept: the suite was not found; "
                "--absent-suites removes them"
            )
