"""From the steps of a ladder to its breaking point: how far a physical parameter can go before the first miss. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tierbench.common.text import one_line
from tierbench.suites.case import Case, Ladder, Suite


@dataclass(frozen=True, slots=True)
class LadderResult:
    """How far a model sees along one ladder; plain values, as `run.json` holds them.

    Attributes:
        parameter, unit: what changes from step to step.
        direction: `falling` or `rising`: which way the scene gets harder.
        values: the parameter at each step, from easy to hard.
        scores: the expected concept's score at each step; None where the step was not scored.
        passed: whether each step met its thresholds.
        breaking_point: the parameter at the last step before the first miss; None where the first step missed.
        gate: what the breaking point must reach; None: nothing is demanded.
    """

    suite: str
    model: str
    ladder: str
    parameter: str
    unit: str
    direction: str
    values: list[float]
    scores: list[float | None]
    passed: list[bool]
    breaking_point: float | None
    gate: float | None

    @property
    def seen(self) -> int:
        """Steps before the first miss."""
        return next((index for index, passed in enumerate(self.passed) if not passed), len(self.passed))

    @property
    def met(self) -> bool:
        """Whether the breaking point reaches the gate; without a gate always."""
        if self.gate is None:
            return True
        if self.breaking_point is None:
            return False
        if self.direction == "falling":
            return self.breaking_point <= self.gate
        return self.breaking_point >= self.gate

    def with_passed(self, passed: Sequence[bool]) -> LadderResult:
        """Give the result that the ladder would have, had just these steps passed."""
        return replace(self, passed=list(passed), breaking_point=_breaking_point(self.values, passed))

    def sentence(self) -> str:
        """Say where the model loses the scene: `seen down to 45 m of visibility_m, lost at 30 m (6 of 10 steps)`."""
        unit = f" {one_line(self.unit, 30)}" if self.unit else ""
        way = "down to" if self.direction == "falling" else "up to"
        steps = f"({self.seen} of {len(self.values)} steps)"
        if self.seen == len(self.values):
            return f"seen {way} {self.values[-1]:g}{unit}, the last step {steps}"
        lost = f"{self.values[self.seen]:g}{unit}"
        if self.seen == 0:
            return f"lost from the first step on, {lost} {steps}"
        return f"seen {way} {self.values[self.seen - 1]:g}{unit}, lost at {lost} {steps}"

    def as_dict(self) -> dict[str, Any]:
        """Give the fields as `run.json` holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LadderResult:
        """Take the fields back; those that are None may be left out."""
        return cls(**{"breaking_point": None, "gate": None, **values})


def ladder_steps(suite: Suite, name: str) -> list[Case]:
    """Give the steps of a ladder from easy to hard."""
    ladder = suite.ladders[name]
    steps = [case for case in suite.cases if case.ladder == name]
    return sorted(steps, key=lambda case: case.parameters[ladder.parameter], reverse=ladder.direction == "falling")


def summarise_ladder(suite: Suite, ladder: Ladder, model: str, rows: Sequence[Mapping[str, Any]]) -> LadderResult:
    """Sum up the rows of a ladder's steps (as in `scores.csv`), given from easy to hard."""
    values = [float(row[ladder.parameter]) for row in rows]
    passed = [bool(row["passed"]) for row in rows]
    return LadderResult(
        suite=suite.name,
        model=model,
        ladder=ladder.name,
        parameter=ladder.parameter,
        unit=suite.parameters[ladder.parameter],
        direction=ladder.direction,
        values=values,
        scores=[None if row.get("score") is None else float(row["score"]) for row in rows],
        passed=passed,
        breaking_point=_breaking_point(values, passed),
        gate=ladder.gate,
    )


def _breaking_point(values: Sequence[float], passed: Sequence[bool]) -> float | None:
    seen = next((index for index, good in enumerate(passed) if not good), len(passed))
    return values[seen - 1] if seen else None
