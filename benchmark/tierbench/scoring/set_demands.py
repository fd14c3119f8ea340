"""Hold the figures of a data set against what `datasets.toml` demands. Pure.

A picture without a prediction, or an unscored one, is no miss and no hit: a demand counts as met only if it would be
met whatever the model had said of these pictures, and as not met only if it would not be in any case.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tierbench.common.schema import SetDemand, SetResult, SetSlice
from tierbench.common.text import one_line, plural

if TYPE_CHECKING:
    from tierbench.suites.datasets.set_gates import SetGates

_AT_LEAST = ("accuracy",)
_NAMES = {
    "accuracy": "accuracy",
    "ece": "expected calibration error",
    "drop": "drop of accuracy against the clean slice",
    "mce": "mCE",
    "mean_error": "mean error",
}


def with_demands(result: SetResult, gates: SetGates) -> SetResult:
    """Return a result whose slices, and the whole, say what is demanded of them."""
    clean = result.slice(result.clean) if result.clean else None
    slices = tuple(_judged(each, gates.slices.get(each.slice, {}), result, clean) for each in result.slices)
    return replace(result, whole=_judged(result.whole, gates.whole, result, None), slices=slices)


def with_slices(result: SetResult, slices: Iterable[SetSlice]) -> SetResult:
    """Return a result that has these slices besides its own, sorted."""
    known = {each.slice: each for each in (*slices, *result.slices)}
    return replace(result, slices=tuple(known[name] for name in sorted(known)))


def demand_sentences(result: SetSlice) -> list[str]:
    """Return what is not met or not determined, a sentence each."""
    return [_sentence(demand, result) for demand in result.demands if not demand.met]


def unjudged_text(own: SetSlice) -> str:
    """Return how many pictures are neither right nor wrong: `2 pictures without a prediction and 1 unscored`."""
    said = [f"{plural(own.errors, 'picture')} without a prediction"] if own.errors else []
    if own.unscored:
        said.append(f"{own.unscored:,} unscored" if said else f"{plural(own.unscored, 'unscored picture')}")
    return " and ".join(said)


def _judged(own: SetSlice, limits: Mapping[str, float], result: SetResult, clean: SetSlice | None) -> SetSlice:
    return replace(own, demands=tuple(_demand(name, limit, own, result, clean) for name, limit in limits.items()))


def _demand(figure: str, limit: float, own: SetSlice, result: SetResult, clean: SetSlice | None) -> SetDemand:
    found = _figure(figure, own, result, clean)
    if found is None:
        return SetDemand(figure=figure, limit=limit)
    value, low, high = found
    sign = -1 if figure in _AT_LEAST else 1
    least, most = sorted((sign * low, sign * high))
    # The last digits of a mean are no reason to fail.
    bound = sign * limit + 1e-12
    met = True if most <= bound else None if least <= bound else False
    return SetDemand(figure=figure, limit=limit, value=value, met=met)


# A figure, and the smallest and the largest value that it could have if every picture were judged.
_Range = tuple[float, float, float]


def _figure(figure: str, own: SetSlice, result: SetResult, clean: SetSlice | None) -> _Range | None:
    if figure == "accuracy":
        return _accuracy(own)
    if figure == "drop":
        now, before = _accuracy(own), _accuracy(clean) if clean else None
        return (before[0] - now[0], before[1] - now[2], before[2] - now[1]) if now and before else None
    if figure == "ece":
        if (value := own.metrics.get("ece")) is None:
            return None
        # Each picture moves the sum over the bins by at most 1.
        share, unjudged = own.judged / own.total, own.unjudged / own.total
        return value, max(0.0, value * share - unjudged), min(1.0, value * share + unjudged)
    if (value := result.mce if figure == "mce" else result.mean_error) is None:
        return None
    # How far they move a mean of ratios is not followed up.
    return (value, 0.0, math.inf) if own.unjudged else (value, value, value)


def _accuracy(own: SetSlice) -> _Range | None:
    if own.accuracy is None:
        return None
    return own.accuracy, own.correct / own.total, (own.correct + own.unjudged) / own.total


def _sentence(demand: SetDemand, own: SetSlice) -> str:
    name = _NAMES.get(demand.figure, one_line(demand.figure, 40))
    if demand.value is None:
        return f"{name} is not determined: not all pictures that it needs are there"
    said = f"{name} {demand.value:.4g}"
    if demand.met is None:
        return f"{said} is not determined: whether it meets {demand.limit:g} depends on {unjudged_text(own)}"
    if demand.figure in _AT_LEAST:
        return f"{said} is below {demand.limit:g} ({own.correct:,} of {plural(own.judged, 'picture')})"
    return f"{said} is above {demand.limit:g}"
