"""`tierbench baseline`: accepts a recorded run, and removes rows of cases that no longer exist."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.find import CASES, REPORTS
from benchmark.cli.history import ReportsOption
from benchmark.errors import UserError
from benchmark.suites.faults import shown_path
from benchmark.text import one_line, plural

baseline = typer.Typer(
    name="baseline", help="The accepted scores that later runs are held against.", no_args_is_help=True
)


@baseline.command("accept")
def accept(
    run: Annotated[str, typer.Argument(help="a run's folder, the start of its name, or last")],
    force: Annotated[bool, typer.Option("--force", help="accept also a run that stopped early")] = False,
    reports: ReportsOption = REPORTS,
) -> None:
    """Make a recorded run the baseline of its models; cases that it did not run keep their rows."""
    from benchmark.history.clearing import accept_recorded
    from benchmark.history.find import run_folder

    for line in accept_recorded(run_folder(run, reports), reports, force=force):
        typer.echo(line)


@baseline.command("prune")
def prune(
    slot: Annotated[str, typer.Argument(help="name of the model; default: every baseline")] = "",
    reports: ReportsOption = REPORTS,
    cases: Annotated[Path, typer.Option("--cases", help="folder of the suites")] = CASES,
) -> None:
    """Remove the rows of cases that no suite has any more, and say which."""
    from benchmark.baseline import baseline_path, prune_baseline
    from benchmark.suites import read_suites

    paths = [baseline_path(reports, slot)] if slot else sorted((reports / "baselines").glob("*.csv"))
    if not paths:
        raise UserError(f"{shown_path(reports / 'baselines')}: there is no baseline; accept a run first")
    suites, faults = read_suites([cases.absolute()])
    if faults:
        raise UserError(*faults)
    if not suites:
        # Without suites every row would seem to be of a case that is gone.
        raise UserError(f"{shown_path(cases)}: there is no suite here; name their folder with --cases")
    existing = {(case.suite, case.id) for suite in suites for case in suite.cases}
    for path in paths:
        stale = prune_baseline(path, existing)
        typer.echo(f"{shown_path(path)}: {plural(len(stale), 'row')} removed")
        for suite_name, case in stale:
            typer.echo(f"  {one_line(suite_name)}/{one_line(case)}")
