"""`tierbench` and `python -m tierbench`: the command line beside pytest."""

from __future__ import annotations

import io
import sys

import typer

from tierbench.cli import app
from tierbench.cli.standard_output import outlive_readers
from tierbench.common.errors import UserError


def main() -> None:
    """Run a command; what the user can fix is reported in one line each, with exit code 4."""
    outlive_readers()
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal's encoding lacks a sign, its escape is better than a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except UserError as error:
        for line in error.lines:
            typer.echo(f"error: {line}", err=True)
        sys.exit(4)


if __name__ == "__main__":
    main()
