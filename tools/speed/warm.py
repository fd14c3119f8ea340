"""A warm tier 1 of the suites of this repository: predictions are kept, so that only the harness's own time is left."""

from __future__ import annotations

import re
import statistics
import sys
from importlib.metadata import entry_points
from itertools import product
from pathlib import Path

from .budget import Budget
from .cost import Spent, pytest_command, timed
from .repositories import suites_of_this_repository

EMPTY = """import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_empty(number):
    assert number >= {failed}
"""
HEAVY = ("torch", "transformers", "scipy", "pandas", "numpy")
# Green with the accepted baseline; with misses, which fail by thresholds.
GATES = {"as accepted": (), "with failures": ("--robust-gate=thresholds",)}
RUNS = 7


def foreign_plugins() -> list[str]:
    """Return the names of the installed pytest plugins that neither side needs."""
    needed = {"html", "metadata", "tierbench.plugin"}
    return sorted({point.name for point in entry_points(group="pytest11")} - needed)


def warm() -> list[Budget]:
    """Measure warm runs against empty tests with pytest-html, without and with foreign pytest plugins."""
    budgets = []
    foreign = foreign_plugins()
    off = [argument for name in foreign for argument in ("-p", f"no:{name}")]
    with suites_of_this_repository() as top:
        # The first run predicts.
        timed(pytest_command("-m", "tier1"), top)
        for (gate, options), without in product(GATES.items(), (True, False)):
            raise_thresholds(top, bool(options))
            plugins = off if without else []
            ours = pytest_command("-m", "tier1", *options, *plugins)
            first = timed(ours, top, (0, 1))
            tests, failed = counts(first.text)
            test = top / "empty" / "test_empty.py"
            test.parent.mkdir(exist_ok=True)
            test.write_text(EMPTY.format(tests=tests, failed=failed), encoding="utf-8")
            empty = pytest_command(
                ".", "-p", "no:tierbench.plugin", "--html=empty.html", "--self-contained-html", *plugins
            )
            timed(empty, test.parent, (0, 1))
            pairs = [(timed(ours, top, (0, 1)), timed(empty, test.parent, (0, 1))) for _ in range(RUNS)]
            mine, other = ([pair[side] for pair in pairs] for side in (0, 1))
            imported = heavy_imports(ours, top)
            note = (
                f"{tests} tests, {failed} failed; empty {processor(other):.2f} s; on the clock {clock(mine):.2f} s, "
                f"empty {clock(other):.2f} s; imports {', '.join(imported) or 'none'} of {', '.join(HEAVY)}"
            )
            others = "no other plugins" if without else f"with {len(foreign)} other plugins"
            limit = 1.25 * processor(other) + 0.5
            budgets.append(Budget(f"warm tier 1 {gate}, {others}", processor(mine), limit, "s of CPU", note=note))
    return budgets


def raise_thresholds(top: Path, raised: bool) -> None:
    """Let tier 1 of the suite `vehicles` demand a score that some of its cases miss, or take that back."""
    file = top / "cases" / "vehicles" / "suite.toml"
    text = re.sub(r"(?m)^\[tiers\.1\]\n(min_score = .*\n)?", "[tiers.1]\n", file.read_text(encoding="utf-8"))
    demand = "[tiers.1]\nmin_score = 0.75\n" if raised else "[tiers.1]\n"
    file.write_text(text.replace("[tiers.1]\n", demand), encoding="utf-8")


def counts(text: str) -> tuple[int, int]:
    """Return the number of tests that ran and of those that failed, from pytest's last line."""
    last = text.strip().splitlines()[-1]
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|xfailed)", last)}
    return sum(found.values()), found.get("failed", 0)


def heavy_imports(command: list[str], folder: Path) -> list[str]:
    """Return which of the heavy packages a command imports."""
    text = timed([sys.executable, "-X", "importtime", *command[1:]], folder, (0, 1)).text
    return [name for name in HEAVY if re.search(rf"\| +{name}$", text, re.MULTILINE)]


def processor(costs: list[Spent]) -> float:
    """Return the median CPU seconds."""
    return statistics.median(each.processor for each in costs)


def clock(costs: list[Spent]) -> float:
    """Return the median wall-clock seconds."""
    return statistics.median(each.clock for each in costs)
