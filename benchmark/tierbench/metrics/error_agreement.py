"""Error consistency: whether two models fail on the same images, with an interval by groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy.typing as npt

from tierbench.metrics._beta import t_quantile
from tierbench.metrics._checks import flags, same_shape
from tierbench.metrics.pass_rate import LEAST_GROUPS


def error_consistency(correct_a: npt.ArrayLike, correct_b: npt.ArrayLike) -> float:
    """Return how much more often two models fail on the same images than their accuracies imply.

    κ = (o − e) / (1 − e), where o is the share of images on which both are right or both wrong, and
    e = p_a·p_b + (1 − p_a)(1 − p_b) is the same share for independent errors.
    Source: Geirhos et al. (2020), "Beyond accuracy: quantifying trial-by-trial behaviour".

    Args:
        correct_a: [n], booleans: whether the first model is right.
        correct_b: [n], booleans: the same for the second model, on the same images in the same order.

    Returns:
        1 if they always agree, 0 if they agree only by chance, negative if they complement each other; NaN if κ is
        not defined, because both are always right or both are always wrong.

    Raises:
        ValueError: if there is no image, or the shapes differ.
    """
    a, b = flags("correct_a", correct_a), flags("correct_b", correct_b)
    same_shape("correct_a", a, "correct_b", b)
    return _kappa(Counter(zip(a.tolist(), b.tolist(), strict=True)))


def error_consistency_interval(
    correct_a: Sequence[bool], correct_b: Sequence[bool], groups: Sequence[Hashable]
) -> tuple[float, float] | None:
    """Return the 95 % interval of the error consistency; images of one group may depend on each other in any way.

    κ plus and minus Student's quantile times the jackknife's standard error over groups (Efron & Stein 1981, Ann.
    Statist. 9, 586-596), cut to [-1, 1].

    Args:
        correct_a, correct_b: see `error_consistency`.
        groups: the group of each image.

    Returns:
        Lower and upper bound; None with fewer than `LEAST_GROUPS` groups, or if κ is not defined, with all groups or
        without any one of them.
    """
    cells: dict[Hashable, Counter[tuple[bool, bool]]] = {}
    for one, other, group in zip(correct_a, correct_b, groups, strict=True):
        cells.setdefault(group, Counter())[bool(one), bool(other)] += 1
    count = len(cells)
    if count < LEAST_GROUPS:
        return None
    total = sum(cells.values(), Counter())
    kappa = _kappa(total)
    without = [_kappa(total - own) for own in cells.values()]
    if any(map(math.isnan, (kappa, *without))):
        return None
    centre = sum(without) / count
    error = math.sqrt((count - 1) / count * sum((each - centre) ** 2 for each in without))
    half = t_quantile(0.975, count - 1) * error
    return max(-1.0, kappa - half), min(1.0, kappa + half)


def _kappa(cells: Counter[tuple[bool, bool]]) -> float:
    """Return κ from the numbers of images by who is right on them; NaN if it is not defined."""
    total = cells.total()
    hits_a, hits_b = cells[True, True] + cells[True, False], cells[True, True] + cells[False, True]
    # In integers, so that the undefined case is detected exactly.
    expected = hits_a * hits_b + (total - hits_a) * (total - hits_b)
    observed = (cells[True, True] + cells[False, False]) * total
    if expected == total * total:
        return math.nan
    return (observed - expected) / (total * total - expected)
