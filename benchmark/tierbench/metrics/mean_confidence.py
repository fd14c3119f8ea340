"""The mean confidence of a model in its predictions, right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._checks import fractions
from tierbench.metrics.registry import Metric

if TYPE_CHECKING:
    import numpy.typing as npt


def mean_of_confidence(confidence: npt.ArrayLike) -> float:
    """Return the mean probability of the predicted labels; if it is above the accuracy, the model is overconfident.

    Args:
        confidence: [n], the probability of the predicted label, in [0, 1].

    Returns:
        A fraction in [0, 1].

    Raises:
        ValueError: if there is no prediction, or a confidence lies outside [0, 1].
    """
    return float(fractions("confidence", confidence).mean())


METRIC = Metric(
    name="mean_confidence",
    title="mean confidence",
    function=lambda rows: mean_of_confidence(rows.confidence),
    better="neither",
    source="the mean probability of the predicted label; compare it with the accuracy",
)
