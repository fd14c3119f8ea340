"""Check what a model returned: an array of probabilities, images × labels, whose rows sum to 1 unless multi-label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line

if TYPE_CHECKING:
    import numpy as np

# Half-precision probabilities are off by up to 0.4 %, and add up.
_SUM_TOLERANCE = 0.01
_RANGE_TOLERANCE = 1e-3
NOT_PROBABILITIES = "the model's outputs are not probabilities"
FIX = "return an array of probabilities, images × labels, from predict()"


def as_array(outputs: object, count: int, labels: int) -> np.ndarray:
    """Return what a model returned as float32, shape [count, labels]; tensors on any device are taken too.

    Raises:
        UserError: if it is anything else; the line says what it is.
    """
    import numpy as np

    try:
        if isinstance(outputs, list | tuple):
            outputs = [_on_the_host(row) for row in outputs]
        array = np.asarray(_on_the_host(outputs))
    except (TypeError, ValueError) as error:
        raise UserError(
            f"the model's predict() returned a {one_line(type(outputs).__name__)} that is no array "
            f"({error_text(error)}); {FIX}"
        ) from error
    if array.dtype.kind not in "fiub":
        what = type(outputs).__name__ if array.dtype.kind == "O" else f"{type(outputs).__name__} of {array.dtype}"
        raise UserError(f"the model's predict() returned a {one_line(what)}, not an array of numbers; {FIX}")
    if array.shape != (count, labels):
        raise UserError(
            f"the model's predict() returned an array of shape {array.shape}, not {(count, labels)} "
            "(images × labels); fix the classifier"
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _on_the_host(value: Any) -> Any:
    """Return a tensor as an array (in float32, as NumPy has no bfloat16), and anything else unchanged."""
    return value.detach().float().cpu().numpy() if hasattr(value, "detach") else value


def problem_of(row: np.ndarray) -> str:
    """Return why the outputs for one image are not probabilities; empty if they are."""
    import numpy as np

    if not np.isfinite(row).all():
        return "the model's output contains NaN or infinity"
    if row.min(initial=0) < -_RANGE_TOLERANCE or row.max(initial=0) > 1 + _RANGE_TOLERANCE:
        return f"{NOT_PROBABILITIES} ({row.min():.3g} to {row.max():.3g})"
    return ""


def sums_to_one(row: np.ndarray) -> bool:
    """Return whether probabilities sum to 1, up to the rounding of half precision."""
    return abs(float(row.sum(dtype="float64")) - 1) <= _SUM_TOLERANCE


def check_sum(row: np.ndarray) -> None:
    """Refuse outputs that are probabilities, but of labels that do not exclude each other.

    Raises:
        UserError: if they do not sum to 1.
    """
    if not sums_to_one(row):
        raise UserError(
            f"the model's predict() returned probabilities that sum to {row.sum(dtype='float64'):.3g} for an image, "
            "not to 1; apply softmax, or set multi_label = True if several labels can be true at once"
        )
