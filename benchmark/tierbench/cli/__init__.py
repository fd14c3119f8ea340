"""Define the `tierbench` command line, one module per group of commands; a command is imported when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

import tierbench
from tierbench.cli.lazy_commands import LazyGroup, add_commands

app = typer.Typer(
    name="tierbench",
    help="A robustness benchmark for image classifiers that is a pytest suite. Run the tests with pytest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    cls=LazyGroup,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tierbench {tierbench.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Accept the options that come before a command."""


add_commands(app)
