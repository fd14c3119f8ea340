"""The Brier score over all labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tierbench.metrics._checks import fractions


def multiclass_brier_score(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the mean over the images of Σ_k (p_k − [k is the label])², as Brier defined it.

    Source: Brier (1950), Monthly Weather Review 78, 1-3.

    Args:
        probabilities: [n, k], the probability of each label, in [0, 1].
        labels: [n], integers in 0 … k−1.

    Returns:
        A number in [0, 2] if each row sums to 1; smaller is better.

    Raises:
        ValueError: if there is no prediction, the shapes do not match, a probability lies outside [0, 1], or a
            label lies outside 0 … k−1.
    """
    table = np.asarray(probabilities, dtype=np.float64)
    indices = np.asarray(labels)
    if table.ndim != 2 or indices.shape != table.shape[:1]:
        raise ValueError(
            f"probabilities must be [n, k] and labels [n], got {list(table.shape)} and {list(indices.shape)}"
        )
    fractions("probabilities", table.ravel())
    if not np.issubdtype(indices.dtype, np.integer) or indices.min() < 0 or indices.max() >= table.shape[1]:
        raise ValueError(f"labels must be integers in 0 … {table.shape[1] - 1}")
    distance = table.copy()
    distance[np.arange(indices.size), indices] -= 1
    return float(np.square(distance).sum(axis=1).mean())
