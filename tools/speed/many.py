"""Many cases with a model that costs nothing, so that time and memory are those of tierbench."""

from __future__ import annotations

import statistics
from pathlib import Path

from .budget import Budget
from .cost import pytest_command, timed
from .many_cases import many_cases

_HTML = ("--html=empty.html", "--self-contained-html")
_WRONG = ("--robust-model=many=python:instant:sometimes_wrong",)
# Exit codes of pytest.
_PASSED, _FAILED = 0, 1


def many(cases: int = 10_000, rounds: int = 3) -> list[Budget]:
    """Measure what tierbench costs per case beyond empty tests: to collect it, and to run it against a baseline.

    Args:
        cases: number of cases.
        rounds: runs of each kind, in turns with the empty tests; the median of their differences counts.
    """
    with many_cases(cases) as top:
        _warm_up(top)
        budgets = [_own(top, "collection", cases, rounds, 0.15, ["--collect-only"], "empty", ["--collect-only"])]
        for workers, place in (([], ""), (["-n", "2"], ", -n 2")):
            for model, empty, what in (((), "empty", ""), (_WRONG, "failing", ", 10 % fail")):
                name = f"{cases} cases{what}{place}"
                budgets.append(_own(top, name, cases, rounds, 0.7, [*workers, *model], empty, [*workers, *_HTML]))
        return budgets


def _own(
    top: Path, name: str, cases: int, rounds: int, limit: float, arguments: list[str], empty: str, beside: list[str]
) -> Budget:
    """Return the CPU time of a case beyond that of an empty test.

    Args:
        top: the repository.
        name: of the budget.
        cases: number of cases.
        rounds: number of measurements.
        limit: in milliseconds a case.
        arguments: of pytest for the cases.
        empty: folder of the empty tests.
        beside: arguments of pytest for the empty tests.
    """
    accepted = {_PASSED, _FAILED} if empty == "failing" else {_PASSED}
    pairs = [
        (
            timed(pytest_command("cases", *arguments), top, accepted),
            timed(pytest_command(empty, *beside), top, accepted),
        )
        for _ in range(rounds)
    ]
    own = statistics.median(ours.processor - other.processor for ours, other in pairs)
    ours, other = pairs[-1]
    note = (
        f"last: {ours.processor:.1f} s, empty {other.processor:.1f} s; "
        f"memory {ours.memory:.0f} MB, empty {other.memory:.0f} MB"
    )
    return Budget(name, 1000 * own / cases, limit, "ms of CPU a case", note=note)


def huge(cases: int = 100_000) -> list[Budget]:
    """Measure whether time grows no faster than the number of cases, and what memory they take."""
    each, notes = [], []
    for number in (cases // 10, cases):
        with many_cases(number) as top:
            _accept(top)
            ours, empty = timed(pytest_command("cases"), top), timed(pytest_command("empty", *_HTML), top)
        each.append(ours.processor / number)
        notes.append(f"{number} cases: {ours.processor:.0f} s, empty {empty.processor:.0f} s")
    return [
        Budget(f"{cases} cases", each[1] / each[0], 1.15, f"× the time of one of {cases // 10}", note="; ".join(notes)),
        Budget(f"{cases} cases", ours.memory, 1500, "MB", note=f"empty tests {empty.memory:.0f} MB"),
    ]


def _warm_up(top: Path) -> None:
    """Predict all cases under both models, and accept the results of the one that is always right."""
    _accept(top)
    timed(pytest_command("cases", *_WRONG), top, {_PASSED, _FAILED})


def _accept(top: Path) -> None:
    """Predict all cases under the model that is always right, and accept the results."""
    timed(pytest_command("cases", "--robust-update-baseline"), top)
