"""`tierbench remove`: undo `tierbench add`."""

from __future__ import annotations

from typing import Annotated

import typer

from tierbench.cli.folders import suite_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import listed, one_line


def remove(
    cases: Annotated[list[str], typer.Argument(help="cases or twins as SUITE/ID, the suite by name or path")],
    keep_images: Annotated[bool, typer.Option("--keep-images", help="remove the rows only")] = False,
) -> None:
    """Remove cases from suites: their rows, and their pictures if they are those that `tierbench add` copied."""
    from tierbench.suites.removing import remove_cases

    by_suite: dict[str, list[str]] = {}
    for case in cases:
        suite, _, case_id = case.rpartition("/")
        if not suite or not case_id:
            raise UserError(f"{one_line(case)!r} is not SUITE/ID; `tierbench list SUITE` lists the ids")
        by_suite.setdefault(suite, []).append(case_id)
    # All suites are found before any of them is changed.
    folders = {suite: suite_folder(suite) for suite in by_suite}
    for suite, ids in by_suite.items():
        removed = remove_cases(folders[suite], ids, keep_images=keep_images)
        for gone in removed.cases:
            typer.echo(f"{one_line(gone.key)} removed")
        for name, reason in removed.kept.items():
            typer.echo(f"{shown_path(folders[suite] / name)} kept: {reason}")
        if removed.unused_twins:
            typer.echo(f"no case names the twin {listed(removed.unused_twins)} any more; remove it too, or name it")
        if removed.suite_gone:
            typer.echo(f"suite {one_line(suite)} has no case left, and was removed")
