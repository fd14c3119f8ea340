"""Build the view of a ladder: its curve and the picture of each step. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tierbench.common.schema import LadderResult, Rows
from tierbench.report.html.ladder_chart import Curve, curve
from tierbench.report.html.rows import picture_key
from tierbench.scoring.ladders import ladder_steps
from tierbench.suites.case import Suite


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a ladder, with the key of its picture."""

    picture: str
    case: str
    value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class LadderView:
    """A ladder under a model: its result, its curve, its pictures."""

    result: LadderResult
    curve: Curve
    steps: tuple[StepView, ...]

    @property
    def state(self) -> str:
        """`met`, `missed` or `open`; empty where nothing is demanded."""
        return "" if self.result.gate is None else {True: "met", False: "missed", None: "open"}[self.result.met]


def ladder_view(suite: Suite, ladder: LadderResult, rows: Rows) -> LadderView:
    """Build the view of a ladder from the rows of a model."""
    by_case = {row.case: row for row in rows}
    steps = [
        StepView(picture_key(by_case[case.id]), case.id, case.parameters[ladder.parameter], by_case[case.id].passed)
        for case in ladder_steps(suite, ladder.ladder)
        if case.id in by_case
    ]
    return LadderView(ladder, curve(ladder), tuple(steps))
