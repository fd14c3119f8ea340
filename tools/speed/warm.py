"""A warm tier: predictions are kept, so that only the harness's own time is left."""

from __future__ import annotations

import re
import statistics
import sys

from .budget import Budget
from .cost import pytest_command, timed
from .repositories import repository


def warm(cases: int = 37, rounds: int = 9) -> list[Budget]:
    """Measure a warm run against empty tests with pytest-html."""
    with repository(cases) as top:
        ours = pytest_command("cases")
        empty = pytest_command("empty", "--html=empty.html", "--self-contained-html")
        timed(ours, top)
        timed(empty, top)
        pairs = [(timed(ours, top).clock, timed(empty, top).clock) for _ in range(rounds)]
        loads = timed([sys.executable, "-X", "importtime", *ours[1:]], top).text
    mine, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    torch = bool(re.search(r"\btorch\b", loads))
    note = f"{cases + 1} tests; empty tests {other:.2f} s; torch {'loaded' if torch else 'not loaded'}"
    return [Budget("warm tier 1", mine, 1.25 * other + 0.5, "s", note=note)]
