"""Many cases with a model that costs nothing, so that time and memory are those of tierbench."""

from __future__ import annotations

from .budget import Budget
from .cost import pytest_command, timed
from .repositories import repository


def many(cases: int) -> list[Budget]:
    """Measure what tierbench costs per case beyond empty tests."""
    with repository(cases) as top:
        first = timed(pytest_command("cases"), top)
        ours = timed(pytest_command("cases"), top)
        empty = timed(pytest_command("empty", "--html=empty.html", "--self-contained-html"), top)
    own = 1000 * (ours.processor - empty.processor) / cases
    note = (
        f"{cases} cases: first {first.processor:.1f} s, warm {ours.processor:.1f} s, empty {empty.processor:.1f} s; "
        f"memory {ours.memory:.0f} MB, empty {empty.memory:.0f} MB"
    )
    return [Budget("many cases", own, 0.7, "ms of CPU a case", note=note)]
