"""Commands of `tierbench` that only print: what they cost on the suites of this repository and 30 recorded runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .budget import Budget
from .cost import Spent, pytest_command, timed
from .repositories import suites_of_this_repository
from .warm import HEAVY, RUNS, clock, heavy_imports, processor

RECORDED = 30
COMMANDS = {"--help": ["--help"], "list": ["list"], "show": ["show"], "history": ["history"]}
# Python and typer with one option, without anything of ours.
BARE = """from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def show(run: Annotated[str, typer.Argument(help="a run")] = "last") -> None:
    typer.echo(run)


app()
"""


def commands() -> list[Budget]:
    """Measure the commands in turns, with a bare command of typer among them."""
    with suites_of_this_repository() as top:
        timed(pytest_command("-m", "tier1"), top)
        record_again(top / "reports")
        bare = top / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        calls = {name: [sys.executable, "-m", "tierbench", *arguments] for name, arguments in COMMANDS.items()}
        calls["bare"] = [sys.executable, str(bare)]
        costs: dict[str, list[Spent]] = {name: [] for name in calls}
        # The first round writes bytecode.
        for number in range(RUNS + 1):
            for name, call in calls.items():
                spent = timed(call, top)
                costs[name] += [spent] if number else []
        imports = {name: heavy_imports(calls[name], top) for name in COMMANDS}
    python = processor(costs.pop("bare"))
    return [
        Budget(
            f"tierbench {name}",
            processor(spent),
            0.25,
            "s of CPU",
            note=f"Python and typer alone {python:.2f} s; on the clock {clock(spent):.2f} s; "
            f"imports {', '.join(imports[name]) or 'none'} of {', '.join(HEAVY)}",
        )
        for name, spent in costs.items()
    ]


def record_again(reports: Path) -> None:
    """Copy the one recorded run until there are `RECORDED`, with later names."""
    (run,) = (file.parent for file in reports.glob("*/run.json"))
    for number in range(1, RECORDED):
        shutil.copytree(run, reports / f"20250101T{number:06d}Z-{number:06x}")
