"""Corruption errors and their mean, the mCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.metrics._error_table import per_corruption
from tierbench.metrics.alexnet import ALEXNET_ERRORS, Reference

if TYPE_CHECKING:
    # pandas is slow to import, and whoever calls these functions has it already.
    import pandas as pd


def corruption_errors(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> pd.Series[float]:
    """Return CE_c = Σ_s E_{s,c} / Σ_s E^reference_{s,c} for each corruption of the reference.

    Source: Hendrycks & Dietterich (2019), "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations", section 4.2.

    Args:
        errors: top-1 errors as fractions; indexed by corruption, with the columns 1 to 5 (integers: the
            severities). Corruptions that the reference lacks, such as the four extra ones, are left out.
        reference: the errors to divide by; its names say which corruptions there must be.

    Returns:
        The ratios, indexed by corruption in the order of the reference; 1 is as good as the reference.

    Raises:
        ValueError: if a corruption or a severity is missing, stands there twice, is NaN or no fraction, or a
            reference error is not positive.
    """
    return per_corruption(errors, reference, 0.0, 0.0).rename("corruption_error")


def mean_corruption_error(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> float:
    """Return the mCE: 100 · the mean of `corruption_errors`, which states the source, arguments and errors.

    It can be held against published figures only where the images are ImageNet's, corrupted at 224 px.

    Returns:
        Per cent of the reference's: 100 is as good as AlexNet, less is better.
    """
    return 100 * float(corruption_errors(errors, reference=reference).mean())
