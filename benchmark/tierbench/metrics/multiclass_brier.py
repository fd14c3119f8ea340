"""The Brier score over all labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tierbench.metrics._checks import fractions


def multiclass_brier_score(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the mean over the images of Σ_k (p_k − [k is the label])², as Brier defined it.

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
