"""The expected calibration error: how well a model's confidence matches its accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._checks import confidence_and_correct
from tierbench.metrics.registry import Metric

if TYPE_CHECKING:
    import numpy.typing as npt


def expected_calibration_error(confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 15) -> float:
    """Return the mean distance between a model's confidence and its accuracy.

    The top-1 confidences are divided into bins of equal width, closed on the right (0 is in the first); the result is
    Σ_b (n_b / n) · |accuracy_b − mean confidence_b|, the L1 form.
    Source: Guo et al. (2017), "On Calibration of Modern Neural Networks", who also use 15 bins.

    Args:
        confidence: [n], the probability of the predicted label, in [0, 1].
        correct: [n], booleans: whether that label is correct.
        bins: number of bins.

    Returns:
        A fraction in [0, 1]; 0 is perfectly calibrated.

    Raises:
        ValueError: if there is no prediction, the shapes differ, a confidence lies outside [0, 1], or there
            is no bin.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    sure, right = confidence_and_correct(confidence, correct)
    # ceil(c · bins) would put the edge 7/15 into the wrong bin: the product can be rounded to slightly more than 7.
    import numpy as np

    number = np.searchsorted(np.arange(1, bins) / bins, sure, side="left")
    surplus = np.bincount(number, weights=sure - right, minlength=bins)
    return float(np.abs(surplus).sum() / sure.size)


METRIC = Metric(
    name="ece",
    title="expected calibration error",
    function=lambda rows: expected_calibration_error(rows.confidence, rows.correct),
    better="lower",
    source="Guo et al. (2017), On Calibration of Modern Neural Networks: 15 equal-width bins, L1",
)
