"""Print the results on data sets as text or as a table, and write the record for a leaderboard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import SetResult

if TYPE_CHECKING:
    from tierbench.models.spec import ModelSpec

Style = Literal["markdown", "latex"]
TableOption = Annotated[
    Style | None, typer.Option("--table", help="print a table of models × figures for papers instead")
]


def print_result(results: Sequence[SetResult]) -> None:
    """Print the last of the results; figures that need another set find it among those before."""
    from tierbench.report.set_text import set_lines

    echo_lines(set_lines(results[-1], results, several_models=True, every=True))


def exit_if_missed(missed: Iterable[str]) -> None:
    """Print which sets miss what is asked for, and exit with 1; empty lines are sets that do not."""
    if lines := list(filter(None, missed)):
        for line in lines:
            typer.echo(line, err=True)
        raise typer.Exit(1)


def echo_lines(lines: Sequence[str]) -> None:
    """Print lines of results; warnings stand out where the terminal has colours."""
    from tierbench.report.set_text import WARNING

    for line in lines:
        if line.startswith(WARNING):
            typer.secho(line, fg="red", bold=True)
        else:
            typer.echo(line)


def print_table(results: Sequence[SetResult], style: Style) -> None:
    """Print a table of models × figures."""
    from tierbench.report.set_table import figures_table

    typer.echo(figures_table(results, style))


def check_record(file: Path) -> list[str]:
    """Return why a record cannot be written to a file; empty if it can."""
    from tierbench.report.set_record import FORMAT

    place = f"--record {shown_path(file)}"
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return [] if file.parent.is_dir() else [f"{place}: its folder does not exist; create it first"]
    except OSError as error:
        return [f"{place}: cannot be written ({error.strerror}); name a file that can"]
    except (ValueError, RecursionError):
        content = None
    ours = isinstance(content, dict) and content.get("format") == FORMAT
    return [] if ours else [f"{place}: exists and is no such record; name another file"]


def write_record(file: Path, model: ModelSpec, fingerprint: str, results: Sequence[SetResult]) -> None:
    """Write the record of one model.

    Raises:
        UserError: if it cannot be written.
    """
    from tierbench.common.text import printable_values
    from tierbench.report.set_record import model_record
    from tierbench.runs.environment import tool_versions

    content = model_record(
        results,
        name=model.name,
        spec=model.spec,
        fingerprint=fingerprint,
        versions=tool_versions(),
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    try:
        write_atomically(file, json.dumps(printable_values(content), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"--record {shown_path(file)}: cannot be written: {error.strerror}") from error
    # Not on the standard output, which may be JSON or a table.
    typer.echo(f"written {shown_path(file)}", err=True)
