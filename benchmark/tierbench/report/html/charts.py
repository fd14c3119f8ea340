"""Lay out the charts of the report, in the units of the SVG's viewBox. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Width of a plot, and padding so that a mark at 0 or 1 is not cut off.
WIDTH, PAD = 220.0, 8.0
# Width of a dot, and the highest stack of dots: beyond it the chart becomes a histogram.
_DOT, _STACK = 6.0, 6
STRIP_HEIGHT = 40.0


def place(fraction: float) -> float:
    """Return the horizontal position of a fraction in [0, 1]."""
    return round(PAD + (WIDTH - 2 * PAD) * min(1.0, max(0.0, fraction)), 2)


@dataclass(frozen=True, slots=True)
class CaseDot:
    """One case in a strip."""

    x: float
    y: float
    passed: bool
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The cases of one bin of a histogram, with the passed ones above the missed ones."""

    x: float
    width: float
    missed_y: float
    missed_height: float
    passed_y: float
    passed_height: float
    low: float
    high: float
    passed: int
    missed: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The distribution of the scores of a tier, as dots or as a histogram, with marks for the thresholds."""

    dots: tuple[CaseDot, ...]
    bars: tuple[Bar, ...]
    thresholds: tuple[tuple[float, float], ...]
    total: int


def strip(cases: Sequence[tuple[str, float, bool]], thresholds: Sequence[float]) -> Strip:
    """Lay out the scores of a tier.

    Args:
        cases: name, score in [0, 1] and whether it passed, for each case.
        thresholds: the minimum scores of the cases; equal ones share a mark.
    """
    marks = tuple((value, place(value)) for value in sorted(set(thresholds)))
    stacks: dict[int, int] = {}
    dots = []
    for name, score, passed in sorted(cases, key=lambda case: case[1]):
        column = round(place(score) / _DOT)
        height = stacks.get(column, 0)
        stacks[column] = height + 1
        dots.append(CaseDot(place(score), STRIP_HEIGHT - 7 - height * (_DOT - 0.6), passed, name, score))
    if max(stacks.values(), default=0) <= _STACK:
        return Strip(tuple(dots), (), marks, len(cases))
    return Strip((), _histogram(cases), marks, len(cases))


def _histogram(cases: Sequence[tuple[str, float, bool]], bins: int = 20) -> tuple[Bar, ...]:
    passed, missed = [0] * bins, [0] * bins
    for _, score, met in cases:
        (passed if met else missed)[min(bins - 1, max(0, int(score * bins)))] += 1
    top = max(a + b for a, b in zip(passed, missed, strict=True))
    room = STRIP_HEIGHT - 8
    bars = []
    for index, (good, bad) in enumerate(zip(passed, missed, strict=True)):
        if not good + bad:
            continue
        # A single case among thousands must stay visible.
        bad_height = max(1.5, room * bad / top) if bad else 0.0
        good_height = max(1.5, room * good / top) if good else 0.0
        left, right = place(index / bins), place((index + 1) / bins)
        base = STRIP_HEIGHT - 4
        bars.append(
            Bar(
                x=left + 0.5,
                width=round(right - left - 1, 2),
                missed_y=round(base - bad_height, 2),
                missed_height=round(bad_height, 2),
                passed_y=round(base - bad_height - good_height, 2),
                passed_height=round(good_height, 2),
                low=index / bins,
                high=(index + 1) / bins,
                passed=good,
                missed=bad,
            )
        )
    return tuple(bars)
