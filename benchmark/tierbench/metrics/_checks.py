"""Checks of what the metrics are given: a wrong shape or range must not become a wrong figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def flags(name: str, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Take a list of true and false (or 1 and 0), not empty; else raise a ValueError that names it."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of at least one value, got the shape {list(array.shape)}")
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must hold true and false only")
    return array.astype(np.bool_)


def fractions(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Take a list of numbers in [0, 1], not empty; else raise a ValueError that names it."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of at least one value, got the shape {list(array.shape)}")
    # Written so that NaN is refused too; a sum of float32 probabilities may exceed 1 by its rounding.
    if not ((array >= 0) & (array <= 1 + 1e-6)).all():
        raise ValueError(f"{name} must lie in [0, 1]")
    return np.minimum(array, 1.0)


def same_shape(name_a: str, a: npt.NDArray[Any], name_b: str, b: npt.NDArray[Any]) -> None:
    """Raise a ValueError that names both unless they are equally long."""
    if a.shape != b.shape:
        raise ValueError(f"{name_a} and {name_b} must be equally long, got {a.size} and {b.size}")


def confidence_and_correct(
    confidence: npt.ArrayLike, correct: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Take how sure a model was of its predictions and whether they were right; as long as each other."""
    sure, right = fractions("confidence", confidence), flags("correct", correct)
    same_shape("confidence", sure, "correct", right)
    return sure, right
