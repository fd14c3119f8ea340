"""Find how far along a ladder a model sees: the 50 % point over eight views, and the first miss. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tierbench.common.schema import CaseRow, LadderResult
from tierbench.common.text import one_line, plural
from tierbench.suites.case import Case, Ladder, Suite

# Fewer scenes of a concept have no interval, like a pass rate.
LEAST_SCENES = 6


def ladder_steps(suite: Suite, name: str) -> list[Case]:
    """Return the steps of a ladder from easy to hard."""
    ladder = suite.ladders[name]
    steps = [case for case in suite.cases if case.ladder == name]
    return sorted(steps, key=lambda case: case.parameters[ladder.parameter], reverse=ladder.direction == "falling")


def summarise_ladder(
    suite: Suite, ladder: Ladder, model: str, rows: Sequence[CaseRow], recognised: Sequence[Sequence[bool]] = ()
) -> LadderResult:
    """Summarise a ladder.

    Args:
        suite: the suite of the ladder.
        ladder: the ladder.
        model: name of the model.
        rows: the rows of the steps as they are, from easy to hard.
        recognised: whether each step passed in each view; empty: they were not seen through views.
    """
    values = tuple(row.parameters[ladder.parameter] for row in rows)
    passed = tuple(row.passed for row in rows)
    result = LadderResult(
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
        concept=rows[0].expected if len({row.expected for row in rows}) == 1 else "",
        recognised=tuple(map(tuple, recognised)),
        gate=ladder.gate,
    )
    if not recognised:
        return result
    from tierbench.metrics.half_point import at_position, position_interval

    ends = [at_position(values, position) for position in position_interval(recognised)]
    low, high = ends if ladder.direction == "rising" else ends[::-1]
    return replace(with_shares(result, result.shares), half_low=low, half_high=high)


def with_shares(result: LadderResult, shares: Sequence[float]) -> LadderResult:
    """Return a copy of the result with the 50 % point of other shares."""
    # Imported here and above, because runs are listed without computing anything.
    from tierbench.metrics.half_point import at_position, half_position

    position = float(half_position(shares))
    point = at_position(result.values, position)
    if point is None:
        return replace(result, half_state="before" if position < 0 else "beyond", half_point=None)
    return replace(result, half_state="inside", half_point=point)


def with_baseline(result: LadderResult, shares: Sequence[float]) -> LadderResult:
    """Return a copy of the result that holds the shares of the baseline."""
    before = with_shares(result, shares)
    return replace(result, baseline_shares=tuple(shares), baseline_half_point=before.half_point)


def ladder_sentence(result: LadderResult) -> str:
    """Describe how far the model sees: `seen down to 74 m [62, 95]; first miss at 60 m, after 6 of 10 steps`."""
    if not result.half_state:
        return _first_miss(result)
    parts = [_far(result) + _interval(result)]
    if result.seen == len(result.values):
        parts.append(f"no miss in {plural(result.seen, 'step')}")
    else:
        first = _quantity(result, result.values[result.seen])
        parts.append(f"first miss at {first}, after {result.seen} of {plural(len(result.values), 'step')}")
    if result.baseline_shares and result.baseline_shares != result.shares:
        parts.append(f"in the baseline {_far(with_shares(result, result.baseline_shares))}")
    return "; ".join(parts)


def _far(result: LadderResult) -> str:
    if result.half_state == "before":
        return f"not seen in half of the views even at {_quantity(result, result.values[0])}, the first step"
    way = "down to" if result.direction == "falling" else "up to"
    last = ", the last step" if result.half_state == "beyond" else ""
    return f"seen {way} {_quantity(result, result.reach)}{last}"


def _interval(result: LadderResult) -> str:
    """Return ` [62, 95]`; an end outside of the steps is open, ` [< 12, 15]`."""
    if result.half_low is None and result.half_high is None:
        return ""
    low = f"< {_number(min(result.values))}" if result.half_low is None else _number(result.half_low)
    high = f"> {_number(max(result.values))}" if result.half_high is None else _number(result.half_high)
    return f" [{low}, {high}]"


def _quantity(result: LadderResult, value: float | None) -> str:
    if value is None:
        return ""
    return f"{_number(value)} {one_line(result.unit, 30)}".rstrip()


def _number(value: float) -> str:
    """Return a number with three digits, and without an exponent where it is of everyday size."""
    return f"{float(f'{value:.3g}'):g}"


def _first_miss(result: LadderResult) -> str:
    """Describe a record from before the views: `seen down to 45 m, lost at 30 m (6 of 10 steps)`."""
    way = "down to" if result.direction == "falling" else "up to"
    steps = f"({result.seen} of {len(result.values)} steps)"
    if result.seen == len(result.values):
        return f"seen {way} {_quantity(result, result.values[-1])}, the last step {steps}"
    lost = _quantity(result, result.values[result.seen])
    if result.seen == 0:
        return f"lost from the first step on, {lost} {steps}"
    return f"seen {way} {_quantity(result, result.values[result.seen - 1])}, lost at {lost} {steps}"


def _breaking_point(values: Sequence[float], passed: Sequence[bool]) -> float | None:
    seen = next((index for index, good in enumerate(passed) if not good), len(passed))
    return values[seen - 1] if seen else None


@dataclass(frozen=True, slots=True)
class ConceptReach:
    """How far a model sees a concept along one parameter: the median of the 50 % points of several scenes.

    Attributes:
        scenes: number of ladders.
        median: of how far each of them is seen; the last step stands for a scene that is seen beyond it, the first one
            for a scene that is not seen at all.
        low, high: 95 % interval, by a bootstrap over scenes; None with fewer than `LEAST_SCENES`.
    """

    suite: str
    model: str
    concept: str
    parameter: str
    unit: str
    direction: str
    scenes: int
    median: float
    low: float | None
    high: float | None


def concept_reaches(ladders: Iterable[LadderResult], *, samples: int = 2000, seed: int = 0) -> list[ConceptReach]:
    """Summarise the ladders by concept and parameter, where there are several scenes of one.

    A 50 % point speaks of its scene alone; another scene of the same concept has another one.
    """
    found: dict[tuple[str, ...], list[LadderResult]] = {}
    for ladder in ladders:
        if ladder.concept and ladder.half_state:
            about = (ladder.suite, ladder.model, ladder.concept, ladder.parameter, ladder.direction)
            found.setdefault(about, []).append(ladder)
    return [_reach(scenes, samples, seed) for scenes in found.values() if len(scenes) > 1]


def _reach(scenes: Sequence[LadderResult], samples: int, seed: int) -> ConceptReach:
    points = [scene.values[0] if scene.reach is None else scene.reach for scene in scenes]
    low = high = None
    if len(points) >= LEAST_SCENES:
        # Imported here, because runs are listed without computing anything.
        import numpy as np

        drawn = np.random.default_rng(seed).choice(points, (samples, len(points)))
        low, high = map(float, np.quantile(np.median(drawn, axis=1), (0.025, 0.975)))
    first = scenes[0]
    return ConceptReach(
        suite=first.suite,
        model=first.model,
        concept=first.concept,
        parameter=first.parameter,
        unit=first.unit,
        direction=first.direction,
        scenes=len(points),
        median=median(points),
        low=low,
        high=high,
    )


def concept_sentence(reach: ConceptReach) -> str:
    """Describe it: `truck: 12 scenes seen down to a median of 80 m [61, 110]`."""
    way = "down to" if reach.direction == "falling" else "up to"
    unit = f" {one_line(reach.unit, 30)}" if reach.unit else ""
    interval = "" if reach.low is None or reach.high is None else f" [{_number(reach.low)}, {_number(reach.high)}]"
    few = "" if interval else f" (fewer than {LEAST_SCENES} scenes have no interval)"
    scenes = f"{one_line(reach.concept, 60)}: {plural(reach.scenes, 'scene')} seen {way} a median of"
    return f"{scenes} {_number(reach.median)}{unit}{interval}{few}"
