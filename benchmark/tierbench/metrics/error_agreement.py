"""Error consistency: whether two models fail on the same images."""

from __future__ import annotations

import math

import numpy.typing as npt

from tierbench.metrics._checks import flags, same_shape


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
    hits_a, hits_b, total = int(a.sum()), int(b.sum()), a.size
    # In integers, so that the undefined case is detected exactly.
    expected = hits_a * hits_b + (total - hits_a) * (total - hits_b)
    observed = int((a == b).sum()) * total
    if expected == total * total:
        return math.nan
    return (observed - expected) / (total * total - expected)
