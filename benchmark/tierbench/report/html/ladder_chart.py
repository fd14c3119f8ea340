"""Lay out the curve of a ladder: the share of views in which each step was recognised, and its 50 % point. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.common.schema import LadderResult

CURVE_WIDTH, CURVE_HEIGHT = 420.0, 120.0
_LEFT, _RIGHT = 38.0, 22.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the curve; `figure` is the share of the views, or the score in records from before the views."""

    x: float
    y: float | None
    value: float
    figure: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve, from easy to hard, with equal distances between the steps.

    Attributes:
        lines: the points of each unbroken part.
        point: where the 50 % point is; None outside of the steps.
        band: left and right end of its interval; None without one.
    """

    steps: tuple[Step, ...]
    lines: tuple[str, ...]
    point: float | None = None
    band: tuple[float, float] | None = None


def curve_height(figure: float) -> float:
    """Return the vertical position of a share or score."""
    return round(CURVE_HEIGHT - 24 - (CURVE_HEIGHT - 36) * min(1.0, max(0.0, figure)), 2)


def curve(ladder: LadderResult) -> Curve:
    """Lay out a ladder; a step without a figure interrupts the line."""
    values = ladder.values
    distance = (CURVE_WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)
    shown: Sequence[float | None] = ladder.shares if ladder.recognised else ladder.scores
    steps = tuple(
        Step(round(_LEFT + index * distance, 2), None if figure is None else curve_height(figure), value, figure, good)
        for index, (value, figure, good) in enumerate(zip(values, shown, ladder.passed, strict=True))
    )
    lines: list[str] = []
    current: list[str] = []
    for step in steps:
        if step.y is None:
            lines.append(" ".join(current))
            current = []
        else:
            current.append(f"{step.x},{step.y}")
    lines.append(" ".join(current))

    def x(value: float) -> float:
        return round(_LEFT + distance * _position(values, value), 2)

    point = None if ladder.half_point is None else x(ladder.half_point)
    band = None
    if ladder.half_low is not None or ladder.half_high is not None:
        # An end outside of the steps lies half a step beyond them, as in `half_position`.
        low, high = ladder.half_low, ladder.half_high
        ends = (high, low) if ladder.direction == "falling" else (low, high)
        left = _LEFT - distance / 2 if ends[0] is None else x(ends[0])
        right = _LEFT + distance * (len(values) - 0.5) if ends[1] is None else x(ends[1])
        band = (round(max(0.0, left), 2), round(min(CURVE_WIDTH, right), 2))
    return Curve(steps, tuple(line for line in lines if " " in line), point, band)


def _position(values: Sequence[float], value: float) -> float:
    """Return where a value lies between the steps, counted from 0: the inverse of `at_position`."""
    for index, (first, second) in enumerate(itertools.pairwise(values)):
        if min(first, second) <= value <= max(first, second):
            if first == second:
                return float(index)
            if first > 0 and second > 0:
                return index + math.log(value / first) / math.log(second / first)
            return index + (value - first) / (second - first)
    return 0.0
