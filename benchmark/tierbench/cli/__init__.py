"""Define the `tierbench` command line, one module per group of commands; heavy imports are deferred to the commands."""

from __future__ import annotations

from typing import Annotated

import typer

import tierbench
from tierbench.cli.add import add
from tierbench.cli.baselines import baseline
from tierbench.cli.compare import compare
from tierbench.cli.corrupt import corrupt
from tierbench.cli.evaluate import evaluate
from tierbench.cli.export import export
from tierbench.cli.history import history, prune
from tierbench.cli.import_set import import_set
from tierbench.cli.init import init
from tierbench.cli.merge import merge
from tierbench.cli.model import model
from tierbench.cli.query import query
from tierbench.cli.remove import remove
from tierbench.cli.runs import show
from tierbench.cli.suites import check, fetch, list_suites

app = typer.Typer(
    name="tierbench",
    help="A robustness benchmark for image classifiers that is a pytest suite. Run the tests with pytest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
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


app.command("init")(init)
app.command("query")(query)
app.command("check")(check)
app.command("list")(list_suites)
app.command("add")(add)
app.command("import")(import_set)
app.command("remove")(remove)
app.command("fetch")(fetch)
app.command("corrupt")(corrupt)
app.command("evaluate")(evaluate)
app.command("merge")(merge)
app.command("show")(show)
app.command("history")(history)
app.command("compare")(compare)
app.command("prune")(prune)
app.add_typer(baseline)
app.command("model")(model)
app.command("export")(export)
