"""Measure the speed of the benchmark as ratios within one run, and print each budget as met or missed.

    python tools/measure_speed.py [--only warm|commands|many|pages|cold|sweep|huge …] [--photographs FOLDER]
        [--images N] [--markdown FILE]

warm: `pytest -m tier1` on the suites of this repository with kept predictions, a baseline and the report, compared with
    as many empty parametrized tests with pytest-html.
commands: commands of `tierbench` that only print.
many: 10,000 cases with a model that costs nothing, so that time and memory are those of tierbench.
pages: the report of 10,000 cases in headless Chromium.
cold: photographs through a model on the CPU, compared with transformers' pipeline and loops by hand.
sweep: corrupted pictures through the built-in model, compared with its forward passes alone.
huge: 100,000 cases; takes minutes, so only with `--only huge`, as pages only with `--only pages`.

The exit code is 0 whether the budgets are met or missed: the table is to be read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from speed.budget import Budget
from speed.cold import cold
from speed.commands import commands
from speed.many import huge, many
from speed.pages import pages
from speed.sweeps import sweep
from speed.warm import warm

GROUPS: Mapping[str, Callable[[argparse.Namespace], list[Budget]]] = {
    "warm": lambda options: warm(),
    "commands": lambda options: commands(),
    "many": lambda options: many(),
    "pages": lambda options: pages(),
    # Last, because the memory of a child process is measured from the size of its parent.
    "cold": lambda options: cold(options.images, options.photographs),
    "sweep": lambda options: sweep(24),
    "huge": lambda options: huge(),
}
# What takes long, or needs a browser, is measured only when it is asked for.
_DEFAULT = tuple(name for name in GROUPS if name not in ("pages", "huge"))
HEADER = "| Budget | Measured | Limit | | Made of |\n|---|---|---|---|---|"


def row(budget: Budget) -> str:
    """Return the line of a budget in the Markdown table."""
    relation = "≥" if budget.at_least else "≤"
    state = "met" if budget.met else f"missed by {budget.missed_by:.0%}"
    return (
        f"| {budget.name} | {budget.measured:.3g} {budget.unit} | {relation} {budget.limit:.3g} | {state} "
        f"| {budget.note} |"
    )


def main() -> None:
    """Measure the chosen groups and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(GROUPS), nargs="+", default=_DEFAULT)
    parser.add_argument("--photographs", type=Path, metavar="FOLDER", help="take those of cold from here")
    parser.add_argument("--images", type=int, default=500, metavar="N", help="number of photographs (default: 500)")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    lines = [HEADER]
    print(HEADER)
    for name in options.only:
        for budget in GROUPS[name](options):
            lines.append(row(budget))
            print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
