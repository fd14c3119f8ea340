"""Relative corruption errors and their mean, the relative mCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._error_table import per_corruption
from tierbench.metrics.alexnet import ALEXNET_CLEAN_ERROR, ALEXNET_ERRORS, Reference

if TYPE_CHECKING:
    # pandas is slow to import, and callers of these functions have imported it already.
    import pandas as pd


def relative_corruption_errors(
    errors: pd.DataFrame,
    clean_error: float,
    *,
    reference: Reference = ALEXNET_ERRORS,
    reference_clean_error: float = ALEXNET_CLEAN_ERROR,
) -> pd.Series[float]:
    """Return Σ_s (E_{s,c} − E_clean) / Σ_s (E^reference_{s,c} − E^reference_clean) for each corruption.

    Source: Hendrycks & Dietterich (2019), section 4.2.

    Args:
        errors: as in `corruption_errors`.
        clean_error: the model's top-1 error on the uncorrupted images, a fraction.
        reference: as in `corruption_errors`.
        reference_clean_error: the reference's error on the uncorrupted images, a fraction.

    Returns:
        The ratios, indexed by corruption: 1 degrades as much as the reference, 0 not at all; negative if the model is
        better on corrupted images than on clean ones.

    Raises:
        ValueError: as in `corruption_errors`, and if a clean error is not a fraction or the reference does not
            degrade.
    """
    for name, value in (("clean_error", clean_error), ("reference_clean_error", reference_clean_error)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be a fraction in [0, 1], got {value}")
    result = per_corruption(errors, reference, clean_error, reference_clean_error)
    return result.rename("relative_corruption_error")


def relative_mean_corruption_error(
    errors: pd.DataFrame,
    clean_error: float,
    *,
    reference: Reference = ALEXNET_ERRORS,
    reference_clean_error: float = ALEXNET_CLEAN_ERROR,
) -> float:
    """Return the relative mCE: 100 · the mean of `relative_corruption_errors`; see there for arguments and errors.

    Returns:
        The degradation in per cent of the reference's: 100 degrades as much as AlexNet, less is better.
    """
    ratios = relative_corruption_errors(
        errors, clean_error, reference=reference, reference_clean_error=reference_clean_error
    )
    return 100 * float(ratios.mean())
