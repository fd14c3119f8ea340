"""Build the view of a sweep: a small chart per corruption of the pass rate by severity. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tierbench.common.schema import Rows, Run, SliceResult
from tierbench.metrics import breaking_severity
from tierbench.report.html.templating import percent
from tierbench.scoring.slices import geometry_sentence, sweep_sentence
from tierbench.suites.derived import clean_id

WIDTH, HEIGHT = 150.0, 84.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 22.0, 6.0, 8.0, 16.0


@dataclass(frozen=True, slots=True)
class Point:
    """The pass rate at a severity (0: clean) with its interval, at a position in the chart, and in words."""

    x: float
    y: float
    low: float
    high: float
    severity: int
    rate: float
    text: str


@dataclass(frozen=True, slots=True)
class CorruptionView:
    """One corruption: its curve, and the average breaking severity.

    Attributes:
        breaking: mean over the images that are recognised as they are of the last severity before the first miss;
            None without any, and unless severities 1 to 5 were all run.
        met: whether no slice misses its gate; None: nothing is demanded.
    """

    name: str
    points: tuple[Point, ...]
    line: str
    breaking: float | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class SweepView:
    """The sweep of a suite under a model.

    Attributes:
        images: number of images that were corrupted.
        clean_misses: number of them that are missed without a corruption already.
    """

    sentence: str
    geometry: str
    images: int
    clean_misses: int
    corruptions: tuple[CorruptionView, ...]


def sweep_view(suite: str, model: str, run: Run, rows: Rows) -> SweepView | None:
    """Build the view of the sweep of a suite under a model; None without a sweep.

    Args:
        suite, model: names of the suite and the model.
        run: the run.
        rows: the rows of the model.
    """
    key = (suite, model)
    results = [result for result in run.slices if (result.suite, result.model) == key]
    sweep = next((sweep for sweep in run.sweeps if (sweep.suite, sweep.model) == key), None)
    if not results or sweep is None:
        return None
    missed = {row.case for row in rows if row.suite == suite and not row.corruption and not row.passed}
    derived = [row for row in rows if row.suite == suite and row.corruption and clean_id(row.case) not in missed]
    images = max(result.total for result in results)
    names = dict.fromkeys(result.corruption for result in results)
    return SweepView(
        sweep_sentence(sweep),
        geometry_sentence(sweep),
        images,
        max(result.total - result.clean_passed for result in results),
        tuple(_corruption(name, [r for r in results if r.corruption == name], derived) for name in names),
    )


# Severity, rate, its interval, and all of it in words.
Measured = tuple[int, float, tuple[float | None, float | None], str]


def curve_view(
    name: str, points: Sequence[Measured], *, met: bool | None, breaking: float | None = None
) -> CorruptionView:
    """Lay out the curve of a corruption.

    Args:
        name: of the corruption.
        points: by severity; without an interval, its line has no length.
        met, breaking: see `CorruptionView`.
    """
    placed = []
    for severity, rate, bounds, text in points:
        low, high = (rate if bound is None else bound for bound in bounds)
        placed.append(Point(_x(severity), _y(rate), _y(low), _y(high), severity, rate, text))
    line = " ".join(f"{point.x},{point.y}" for point in placed)
    return CorruptionView(name, tuple(placed), line, breaking, met)


def _corruption(name: str, slices: list[SliceResult], rows: Rows) -> CorruptionView:
    slices.sort(key=lambda result: result.severity)
    clean = slices[0].clean_rate
    points: list[Measured] = [(0, clean, (None, None), f"clean: {percent(clean)}")]
    points += [
        (
            each.severity,
            each.rate,
            (each.low, each.high),
            f"severity {each.severity}: {each.passed} of {each.total} passed",
        )
        for each in slices
        if each.total
    ]
    own = [row for row in rows if row.corruption == name]
    gated = [each for each in slices if (each.min_pass_rate, each.max_drop) != (None, None)]
    met = all(each.met is not False for each in gated) if gated else None
    return curve_view(name, points, met=met, breaking=_mean_breaking(own))


def _mean_breaking(rows: Rows) -> float | None:
    passed: dict[str, dict[int, bool]] = {}
    for row in rows:
        passed.setdefault(clean_id(row.case), {})[row.severity or 0] = row.passed
    whole = [[seen[severity] for severity in range(1, 6)] for seen in passed.values() if len(seen) == 5]
    return float(np.mean(breaking_severity(whole))) if whole else None


def _x(severity: int) -> float:
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * severity / 5, 2)


def _y(rate: float) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - rate), 2)
