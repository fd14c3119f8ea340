"""The Brier score of the predicted label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._checks import confidence_and_correct
from tierbench.metrics.registry import Metric

if TYPE_CHECKING:
    import numpy.typing as npt


def brier_score(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
    """Return the mean of (confidence − correct)²: the Brier score of the predicted label alone.

    Source: Brier (1950), Monthly Weather Review 78, 1-3, for two outcomes with one of them scored.

    Args:
        confidence: [n], the probability of the predicted label, in [0, 1].
        correct: [n], booleans: whether that label is correct.

    Returns:
        A number in [0, 1]; smaller is better.

    Raises:
        ValueError: if there is no prediction, the shapes differ, or a confidence lies outside [0, 1].
    """
    sure, right = confidence_and_correct(confidence, correct)
    return float(((sure - right) ** 2).mean())


METRIC = Metric(
    name="brier",
    title="Brier score",
    function=lambda rows: brier_score(rows.confidence, rows.correct),
    better="lower",
    source="Brier (1950), Monthly Weather Review 78, 1-3, of the predicted label alone",
)
