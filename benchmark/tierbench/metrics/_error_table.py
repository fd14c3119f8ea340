"""Check the table of errors from which the figures of a sweep are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tierbench.metrics.alexnet import Reference

if TYPE_CHECKING:
    # pandas is slow to import, and callers of these functions have imported it already.
    import pandas as pd

_SEVERITIES: Final = (1, 2, 3, 4, 5)


def per_corruption(
    errors: pd.DataFrame, reference: Reference, clean_error: float, reference_clean_error: float
) -> pd.Series[float]:
    """Return the mean error of each corruption minus the clean error, relative to that of the reference.

    The reference must have positive differences; otherwise a ValueError names the corruptions.
    """
    names = list(reference)
    means = complete(errors, names).mean(axis="columns") - clean_error
    divisors = np.array([reference[name] for name in names], dtype=np.float64) - reference_clean_error
    if not (divisors > 0).all():
        low = ", ".join(name for name, divisor in zip(names, divisors, strict=True) if not divisor > 0)
        raise ValueError(f"the reference's errors must exceed {reference_clean_error}; they do not for {low}")
    return means / divisors


def complete(errors: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the named rows and the five columns; raise a ValueError if a value is missing or not a fraction."""
    if not names:
        raise ValueError("a mean needs at least one corruption")
    if missing := [name for name in names if name not in errors.index]:
        raise ValueError(f"no errors for {', '.join(missing)}")
    if missing_columns := [severity for severity in _SEVERITIES if severity not in errors.columns]:
        raise ValueError(
            f"no column for severity {', '.join(map(str, missing_columns))}; "
            f"the columns must be the integers 1 to 5, got {list(errors.columns)}"
        )
    if not errors.index.is_unique or not errors.columns.is_unique:
        raise ValueError("a corruption or a severity appears twice")
    table = errors.loc[list(names), list(_SEVERITIES)]
    holes = [f"{name} at severity {severity}" for name, row in table.iterrows() for severity in row[row.isna()].index]
    if holes:
        raise ValueError(f"no error for {', '.join(holes)}")
    values = table.to_numpy(dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("errors must be fractions in [0, 1], not per cent")
    return table
