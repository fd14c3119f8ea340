"""Checks of the metrics' arguments: a wrong shape or range raises an error instead of giving a wrong figure.

NumPy is imported in functions, here and in the registered metrics: `tierbench show` and `tierbench history` read from
them how a figure is shown, and compute none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def flags(name: str, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return a list of true and false (or 1 and 0) as an array; raise a ValueError if it is empty or something else."""
    import numpy as np

    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of at least one value, got the shape {list(array.shape)}")
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must contain only true and false")
    return array.astype(np.bool_)


def fractions(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a list of numbers in [0, 1] as an array; raise a ValueError if it is empty or something else."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of at least one value, got the shape {list(array.shape)}")
    # Written so that NaN is refused too. Rounding may put a sum of float32 probabilities slightly above 1.
    if not ((array >= 0) & (array <= 1 + 1e-6)).all():
        raise ValueError(f"{name} must lie in [0, 1]")
    return np.minimum(array, 1.0)


def same_shape(name_a: str, a: npt.NDArray[Any], name_b: str, b: npt.NDArray[Any]) -> None:
    """Raise a ValueError with both names unless the arrays have the same length."""
    if a.shape != b.shape:
        raise ValueError(f"{name_a} and {name_b} must have the same length, got {a.size} and {b.size}")


def confidence_and_correct(
    confidence: npt.ArrayLike, correct: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the confidence of predictions and whether they are correct as arrays of the same length."""
    sure, right = fractions("confidence", confidence), flags("correct", correct)
    same_shape("confidence", sure, "correct", right)
    return sure, right
