"""Find the breaking point of a ladder: how far a physical parameter can go before the first miss. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tierbench.common.schema import CaseRow, LadderResult
from tierbench.common.text import one_line
from tierbench.suites.case import Case, Ladder, Suite


def ladder_steps(suite: Suite, name: str) -> list[Case]:
    """Return the steps of a ladder from easy to hard."""
    ladder = suite.ladders[name]
    steps = [case for case in suite.cases if case.ladder == name]
    return sorted(steps, key=lambda case: case.parameters[ladder.parameter], reverse=ladder.direction == "falling")


def summarise_ladder(suite: Suite, ladder: Ladder, model: str, rows: Sequence[CaseRow]) -> LadderResult:
    """Summarise the rows of a ladder's steps, which are given from easy to hard."""
    values = tuple(row.parameters[ladder.parameter] for row in rows)
    passed = tuple(row.passed for row in rows)
    return LadderResult(
        suite=suite.name,
        model=model,
        ladder=ladder.name,
        parameter=ladder.parameter,
        unit=suite.parameters[ladder.parameter],
        direction=ladder.direction,
        values=values,
        scores=tuple(row.score for row in rows),
        passed=passed,
        breaking_point=_breaking_point(values, passed),
        gate=ladder.gate,
    )


def with_passed(result: LadderResult, passed: Sequence[bool]) -> LadderResult:
    """Return a copy of the result in which exactly these steps passed."""
    return replace(result, passed=tuple(passed), breaking_point=_breaking_point(result.values, passed))


def ladder_sentence(result: LadderResult) -> str:
    """Describe where the model loses the scene: `seen down to 45 m, lost at 30 m (6 of 10 steps)`."""
    unit = f" {one_line(result.unit, 30)}" if result.unit else ""
    way = "down to" if result.direction == "falling" else "up to"
    steps = f"({result.seen} of {len(result.values)} steps)"
    if result.seen == len(result.values):
        return f"seen {way} {result.values[-1]:g}{unit}, the last step {steps}"
    lost = f"{result.values[result.seen]:g}{unit}"
    if result.seen == 0:
        return f"lost from the first step on, {lost} {steps}"
    return f"seen {way} {result.values[result.seen - 1]:g}{unit}, lost at {lost} {steps}"


def _breaking_point(values: Sequence[float], passed: Sequence[bool]) -> float | None:
    seen = next((index for index, good in enumerate(passed) if not good), len(passed))
    return values[seen - 1] if seen else None
