"""How far a model's probabilities can be believed; `tierbench.metrics` is where to import these from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tierbench.metrics._checks import flags, fractions, same_shape


def expected_calibration_error(confidence: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 15) -> float:
    """Give the mean distance between how sure a model is and how often it is right.

    The top-1 confidences fall into bins of equal width, closed on the right (a 0 falls into the first); the
    result is Σ_b (n_b / n) · |accuracy_b − mean confidence_b|, the L1 form.
    Source: Guo et al. (2017), "On Calibration of Modern Neural Networks", with 15 bins as there.

    Args:
        confidence: [n], the probability of the predicted label, in [0, 1].
        correct: [n], booleans: was that label right?
        bins: how many bins.

    Returns:
        A fraction in [0, 1]; 0 is perfectly calibrated.

    Raises:
        ValueError: if there is no prediction, the shapes differ, a confidence lies outside [0, 1], or there
            is no bin.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    sure, right = _pair(confidence, correct)
    # ceil(c · bins) alone would put the edge 7/15 into the wrong bin: its product can round to above 7.
    number = np.searchsorted(np.arange(1, bins) / bins, sure, side="left")
    surplus = np.bincount(number, weights=sure - right, minlength=bins)
    return float(np.abs(surplus).sum() / sure.size)


def negative_log_likelihood(score: npt.ArrayLike) -> float:
    """Give the mean of −ln(score): how surprised the model is by the truth.

    A score under 2.2e-16, the resolution of a 64-bit float at 1, counts as that: one certain error does not
    make the mean infinite. Source: the log score, Good (1952), JRSS B 14, 107-114.

    Args:
        score: [n], the probability that the model gave to what was expected, in [0, 1].

    Returns:
        Nats for each prediction, 0 or more; smaller is better.

    Raises:
        ValueError: if there is no prediction, or a score lies outside [0, 1].
    """
    scores = fractions("score", score)
    return float(-np.log(np.maximum(scores, np.finfo(np.float64).eps)).mean() + 0.0)


def brier_score(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
    """Give the mean of (confidence − correct)²: the Brier score of the predicted label alone.

    Source: Brier (1950), Monthly Weather Review 78, 1-3, for two outcomes with one of them scored.

    Args:
        confidence: [n], the probability of the predicted label, in [0, 1].
        correct: [n], booleans: was that label right?

    Returns:
        A number in [0, 1]; smaller is better.

    Raises:
        ValueError: if there is no prediction, the shapes differ, or a confidence lies outside [0, 1].
    """
    sure, right = _pair(confidence, correct)
    return float(np.square(sure - right).mean())


def multiclass_brier_score(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Give the mean over the images of Σ_k (p_k − [k is the label])², as Brier defined it.

    Source: Brier (1950), Monthly Weather Review 78, 1-3.

    Args:
        probabilities: [n, k], what the model gave to each label, in [0, 1].
        labels: [n], integers in 0 … k−1.

    Returns:
        A number in [0, 2] where each row sums to 1; smaller is better.

    Raises:
        ValueError: if there is no prediction, the shapes do not fit, a probability lies outside [0, 1], or a
            label outside 0 … k−1.
    """
    table = np.asarray(probabilities, dtype=np.float64)
    truth = np.asarray(labels)
    if table.ndim != 2 or truth.shape != table.shape[:1]:
        raise ValueError(
            f"probabilities must be [n, k] and labels [n], got {list(table.shape)} and {list(truth.shape)}"
        )
    fractions("probabilities", table.ravel())
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= table.shape[1]:
        raise ValueError(f"labels must be integers in 0 … {table.shape[1] - 1}")
    distance = table.copy()
    distance[np.arange(truth.size), truth] -= 1
    return float(np.square(distance).sum(axis=1).mean())


def _pair(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    sure, right = fractions("confidence", confidence), flags("correct", correct)
    same_shape("confidence", sure, "correct", right)
    return sure, right
