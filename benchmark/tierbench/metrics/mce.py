"""Corruption errors and their mean, the mCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._error_table import per_corruption
from tierbench.metrics.alexnet import ALEXNET_ERRORS, Reference

if TYPE_CHECKING:
    # pandas is slow to import, and callers of these functions have imported it already.
    import pandas as pd


def corruption_errors(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> pd.Series[float]:
    """Return CE_c = Σ_s E_{s,c} / Σ_s E^reference_{s,c} for each corruption of the reference.

    Source: Hendrycks & Dietterich (2019), "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations", section 4.2.

    Args:
        errors: top-1 errors as fractions, indexed by corruption, with the severities 1 to 5 (integers) as columns.
            Corruptions that the reference lacks, such as the four extra ones, are ignored.
        reference: the errors to divide by; `errors` must have all of its corruptions.

    Returns:
        The ratios, indexed by corruption in the order of the reference; 1 is as good as the reference.

    Raises:
        ValueError: if a corruption or a severity is missing or appears twice, an error is NaN or not a fraction, or a
            reference error is not positive.
    """
    return per_corruption(errors, reference, 0.0, 0.0).rename("corruption_error")


def mean_corruption_error(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> float:
    """Return the mCE: 100 · the mean of `corruption_errors`; see there for the source, arguments and errors.

    It can be compared with published figures only for images of ImageNet, corrupted at 224 px.

    Returns:
        The error in per cent of the reference's: 100 is as good as AlexNet, less is better.
    """
    return 100 * float(corruption_errors(errors, reference=reference).mean())
