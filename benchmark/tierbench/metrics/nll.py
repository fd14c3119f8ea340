"""The negative log-likelihood of the expectation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._checks import fractions
from tierbench.metrics.registry import Metric

if TYPE_CHECKING:
    import numpy.typing as npt


def negative_log_likelihood(score: npt.ArrayLike) -> float:
    """Return the mean of −ln(score).

    Scores below 2.2e-16, the resolution of a 64-bit float at 1, are raised to that value, so that a single error with
    full confidence does not make the mean infinite. Source: the log score, Good (1952), JRSS B 14, 107-114.

    Args:
        score: [n], the probability of the expectation, in [0, 1].

    Returns:
        Nats per prediction, 0 or more; smaller is better.

    Raises:
        ValueError: if there is no prediction, or a score lies outside [0, 1].
    """
    import numpy as np

    scores = fractions("score", score)
    return float(-np.log(np.maximum(scores, np.finfo(np.float64).eps)).mean() + 0.0)


METRIC = Metric(
    name="nll",
    title="negative log-likelihood",
    function=lambda rows: negative_log_likelihood(rows.score),
    better="lower",
    source="the log score, Good (1952), JRSS B 14, 107-114",
)
