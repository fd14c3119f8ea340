"""The commands of `tierbench`, one module a group; heavy imports wait until a command needs them."""

from __future__ import annotations

import typer

from benchmark.cli.add import add
from benchmark.cli.baselines import baseline
from benchmark.cli.compare import compare
from benchmark.cli.corrupt import corrupt
from benchmark.cli.history import history, prune
from benchmark.cli.init import init
from benchmark.cli.model import model
from benchmark.cli.runs import show
from benchmark.cli.suites import check, fetch, list_suites

app = typer.Typer(
    name="tierbench",
    help="A robustness benchmark for image classifiers that is a pytest suite. Run the tests with pytest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("init")(init)
app.command("check")(check)
app.command("list")(list_suites)
app.command("add")(add)
app.command("fetch")(fetch)
app.command("corrupt")(corrupt)
app.command("show")(show)
app.command("history")(history)
app.command("compare")(compare)
app.command("prune")(prune)
app.add_typer(baseline)
app.command("model")(model)
