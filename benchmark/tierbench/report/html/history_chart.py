"""Lay out the trend charts of the history page, in the units of the SVG's viewBox. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.report.history_text import distinct_times
from tierbench.runs.trend import Series, TrendPoint

WIDTH, HEIGHT = 360.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 42.0, 12.0, 10.0, 24.0


@dataclass(frozen=True, slots=True)
class RunDot:
    """A run on the line of a model."""

    x: float
    y: float
    point: TrendPoint


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a model in a chart.

    Attributes:
        path: the points of the polyline.
        band: the polygon of the 95 % intervals; empty with several models, where bands would cover each other.
    """

    model: str
    dots: tuple[RunDot, ...]
    path: str
    band: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The trend of one tier of one suite, with a line per model.

    Attributes:
        demand: the pass rate that the suite demands now, and its vertical position.
        breaks: positions where the suite changed; runs before and after are not comparable.
        first, last: the dates of the first and the last run; with the time of day, if they are the same day.
    """

    suite: str
    tier: int
    name: str
    lines: tuple[Line, ...]
    demand: tuple[float, float]
    breaks: tuple[float, ...]
    first: str
    last: str


def make_charts(series: Sequence[Series]) -> list[Chart]:
    """Lay out a chart per suite and tier; runs are spaced evenly, not by time."""
    groups: dict[tuple[str, int], list[Series]] = {}
    for each in series:
        groups.setdefault((each.suite, each.tier), []).append(each)
    return [_chart(suite, tier, group) for (suite, tier), group in groups.items()]


def _chart(suite: str, tier: int, group: Sequence[Series]) -> Chart:
    runs = sorted({(point.started, point.run) for series in group for point in series.points})
    step = (WIDTH - LEFT - RIGHT) / max(1, len(runs) - 1)
    places = {run: round(LEFT + step * index, 1) for index, run in enumerate(runs)}
    if len(runs) == 1:
        places[runs[0]] = round((LEFT + WIDTH - RIGHT) / 2, 1)
    newest = max(group, key=lambda series: (series.points[-1].started, series.points[-1].run)).points[-1].tier
    breaks = {places[(point.started, point.run)] for each in group for point in each.points if point.new_suite}
    first, last = distinct_times([runs[0][0], runs[-1][0]]) if len(runs) > 1 else [runs[0][0][:10]] * 2
    return Chart(
        suite=suite,
        tier=tier,
        name=newest.name,
        lines=tuple(_line(series, places, alone=len(group) == 1) for series in group),
        demand=(newest.min_pass_rate, height(newest.min_pass_rate)),
        breaks=tuple(sorted(breaks)),
        first=first,
        last=last,
    )


def _line(series: Series, places: dict[tuple[str, str], float], *, alone: bool) -> Line:
    dots = tuple(RunDot(places[(point.started, point.run)], height(point.tier.rate), point) for point in series.points)
    band = ""
    if alone and len(dots) > 1:
        # A run without an interval narrows the band to its rate.
        upper = [(dot.x, dot.y if (high := dot.point.tier.high) is None else height(high)) for dot in dots]
        lower = [(dot.x, dot.y if (low := dot.point.tier.low) is None else height(low)) for dot in dots]
        band = _path([*upper, *reversed(lower)])
    return Line(series.model, dots, _path([(dot.x, dot.y) for dot in dots]), band)


def height(rate: float) -> float:
    """Return the vertical position of a rate in [0, 1]."""
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(1.0, max(0.0, rate))), 1)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
