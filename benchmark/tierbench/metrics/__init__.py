"""Pure functions from counts, arrays and tables to the figures that the field reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy.typing as npt

from tierbench.metrics._checks import flags, same_shape
from tierbench.metrics.calibration import (
    brier_score,
    expected_calibration_error,
    multiclass_brier_score,
    negative_log_likelihood,
)
from tierbench.metrics.corruption_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    breaking_severity,
    corruption_errors,
    effective_breaking_severity,
    mean_corruption_error,
    mean_error,
    relative_corruption_errors,
    relative_mean_corruption_error,
)

if TYPE_CHECKING:
    # pandas is slow to import, and whoever wants a table has it already.
    import pandas as pd

__all__ = [
    "ALEXNET_CLEAN_ERROR",
    "ALEXNET_ERRORS",
    "Accuracy",
    "accuracy",
    "breaking_severity",
    "brier_score",
    "corruption_errors",
    "effective_breaking_severity",
    "error_consistency",
    "expected_calibration_error",
    "mean_corruption_error",
    "mean_error",
    "multiclass_brier_score",
    "negative_log_likelihood",
    "relative_corruption_errors",
    "relative_mean_corruption_error",
    "slice_summary",
    "wilson_interval",
]

# The 97.5 % quantile of the standard normal distribution: two-sided 95 %.
_Z95 = 1.959963984540054


class Accuracy(NamedTuple):
    """A share of images and its 95 % interval; all but `passed` and `total` are fractions in [0, 1]."""

    rate: float
    low: float
    high: float
    passed: int
    total: int


def wilson_interval(passed: int, total: int) -> tuple[float, float]:
    """Give the 95 % score interval of a pass rate, for independent images.

    Source: Wilson (1927), JASA 22, 209-212, without continuity correction.

    Args:
        passed: how many of the images passed, 0 ≤ passed ≤ total.
        total: how many images there were.

    Returns:
        Lower and upper bound, fractions in [0, 1]; (0, 1) where there was no image.

    Raises:
        ValueError: if the counts contradict each other.
    """
    if not 0 <= passed <= total:
        raise ValueError(f"passed must lie between 0 and total, got {passed} of {total}")
    if total == 0:
        return 0.0, 1.0
    rate = passed / total
    z2 = _Z95 * _Z95 / total
    centre = (rate + z2 / 2) / (1 + z2)
    half = _Z95 * math.sqrt((rate * (1 - rate) + z2 / 4) / total) / (1 + z2)
    # At the ends the bound is exactly 0 or 1; rounding must not move it.
    low = 0.0 if passed == 0 else max(0.0, centre - half)
    high = 1.0 if passed == total else min(1.0, centre + half)
    return low, high


def accuracy(correct: npt.ArrayLike) -> Accuracy:
    """Give the share of correct predictions with its Wilson interval; see `wilson_interval`.

    Args:
        correct: [n], booleans (or 0 and 1), one for each independent image.

    Raises:
        ValueError: if there is no prediction, or a value is neither true nor false.
    """
    right = flags("correct", correct)
    passed, total = int(right.sum()), right.size
    return Accuracy(passed / total, *wilson_interval(passed, total), passed, total)


def error_consistency(correct_a: npt.ArrayLike, correct_b: npt.ArrayLike) -> float:
    """Say whether two models err on the same images more often than their accuracies make them.

    κ = (o − e) / (1 − e), where o is the share of images on which both are right or both wrong, and
    e = p_a·p_b + (1 − p_a)(1 − p_b) is what independent errors would give.
    Source: Geirhos et al. (2020), "Beyond accuracy: quantifying trial-by-trial behaviour".

    Args:
        correct_a: [n], booleans: the first model's hits.
        correct_b: [n], booleans: the second model's, on the same images in the same order.

    Returns:
        1 if they always agree, 0 if by chance only, negative if they complement each other; NaN where κ is
        not defined, because both are always right or both always wrong.

    Raises:
        ValueError: if there is no image, or the shapes differ.
    """
    a, b = flags("correct_a", correct_a), flags("correct_b", correct_b)
    same_shape("correct_a", a, "correct_b", b)
    hits_a, hits_b, total = int(a.sum()), int(b.sum()), a.size
    # In whole numbers, so that "not defined" is exact.
    expected = hits_a * hits_b + (total - hits_a) * (total - hits_b)
    observed = int((a == b).sum()) * total
    if expected == total * total:
        return math.nan
    return (observed - expected) / (total * total - expected)


def slice_summary(
    table: pd.DataFrame, by: str | Sequence[str], *, passed: str = "passed", group: str = "group"
) -> pd.DataFrame:
    """Give the pass rate of every slice of a table.

    Args:
        table: a row for each image; the columns `by` and `passed` (booleans).
        by: the column, or the columns, whose values make the slices. Where a cell is a list, a tuple or a
            set, its row counts in a slice for each member: split the tags before.
        passed: the column that says whether the image passed.
        group: where the table has this column, its different values are counted: images of one group are not
            independent, and the interval is too narrow for them.

    Returns:
        Indexed by `by`, sorted, with the columns `passed` and `total` (counts), `rate`, `low` and `high`
        (fractions; the Wilson 95 % interval), and `groups` (a count) if the table has groups.

    Raises:
        ValueError: if a column is missing, or `passed` holds something else than true and false.
    """
    keys = [by] if isinstance(by, str) else list(by)
    if missing := [column for column in (*keys, passed) if column not in table.columns]:
        raise ValueError(f"the table has no column {', '.join(map(repr, missing))}")
    rows = table.reset_index(drop=True)
    if len(rows):
        flags(passed, rows[passed])
    for key in keys:
        rows[key] = rows[key].map(lambda cell: sorted(cell) if isinstance(cell, set | frozenset) else cell)
        rows = rows.explode(key)
    # An empty list of tags explodes into a missing value: that row is in no slice.
    rows = rows.dropna(subset=keys)
    grouped = rows.groupby(keys if len(keys) > 1 else keys[0], sort=True)
    hits, totals = grouped[passed].sum().astype(int), grouped.size()
    bounds = [wilson_interval(int(hit), int(total)) for hit, total in zip(hits, totals, strict=True)]
    result = hits.to_frame("passed").assign(
        total=totals,
        rate=hits / totals,
        low=[low for low, _ in bounds],
        high=[high for _, high in bounds],
    )
    if group in table.columns and group not in keys:
        result["groups"] = grouped[group].nunique()
    return result
