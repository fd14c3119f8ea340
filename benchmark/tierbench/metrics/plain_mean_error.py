"""The plain mean error of a sweep, as reported for CIFAR-10-C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tierbench.metrics._error_table import complete
from tierbench.metrics.alexnet import ALEXNET_ERRORS

if TYPE_CHECKING:
    # pandas is slow to import, and callers of these functions have imported it already.
    import pandas as pd


def mean_error(errors: pd.DataFrame, *, corruptions: Sequence[str] = tuple(ALEXNET_ERRORS)) -> float:
    """Return the plain mean error over corruptions × severities, as reported for CIFAR-10-C.

    Source: Hendrycks & Dietterich (2019) for the data; the unweighted mean as in Hendrycks et al. (2020),
    "AugMix".

    Args:
        errors: as in `corruption_errors`.
        corruptions: the corruptions to average over; default: the 15.

    Returns:
        A fraction in [0, 1].

    Raises:
        ValueError: if a corruption or a severity is missing or appears twice, or an error is NaN or not a fraction.
    """
    return float(complete(errors, corruptions).to_numpy(dtype=np.float64).mean())
