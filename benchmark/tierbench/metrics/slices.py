"""The pass rate of every slice of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tierbench.metrics._checks import flags
from tierbench.metrics.pass_rate import pass_rate_interval

# Not a name that a table may have.
_NUMBER = object()

if TYPE_CHECKING:
    # pandas is slow to import, and callers with a table have imported it already.
    import pandas as pd


def slice_summary(
    table: pd.DataFrame, by: str | Sequence[str], *, passed: str = "passed", group: str = "group"
) -> pd.DataFrame:
    """Return the pass rate of every slice of a table.

    Args:
        table: one row per image, with the columns `by` and `passed` (booleans).
        by: the column or columns whose values define the slices. If a cell is a list, a tuple or a set, its row counts
            in the slice of each member, so split tags first.
        passed: the column that says whether the image passed.
        group: the column that says which images belong together, if the table has it; without it, each image is a
            group of its own.

    Returns:
        Indexed by `by`, sorted, with the columns `passed` and `total` (counts), `rate`, `low` and `high`
        (fractions; the 95 % interval of `pass_rate_interval`, NaN if there is none), and `groups` (a count) if the
        table has groups.

    Raises:
        ValueError: if a column is missing, or `passed` contains anything but true and false.
    """
    keys = [by] if isinstance(by, str) else list(by)
    if missing := [column for column in (*keys, passed) if column not in table.columns]:
        raise ValueError(f"the table has no column {', '.join(map(repr, missing))}")
    rows = table.reset_index(drop=True)
    rows[_NUMBER] = range(len(rows))
    if len(rows):
        flags(passed, rows[passed])
    for key in keys:
        rows[key] = rows[key].map(lambda cell: sorted(cell) if isinstance(cell, set | frozenset) else cell)
        rows = rows.explode(key)
    # An empty list of tags explodes into a missing value; that row is in no slice.
    rows = rows.dropna(subset=keys)
    grouped = rows.groupby(keys if len(keys) > 1 else keys[0], sort=True)
    hits, totals = grouped[passed].sum().astype(int), grouped.size()
    counted = group if group in table.columns else _NUMBER
    bounds = [
        pass_rate_interval(own[passed].tolist(), own[counted].tolist()) or (math.nan, math.nan) for _, own in grouped
    ]
    result = hits.to_frame("passed").assign(
        total=totals,
        rate=hits / totals,
        low=[low for low, _ in bounds],
        high=[high for _, high in bounds],
    )
    if group in table.columns and group not in keys:
        result["groups"] = grouped[group].nunique()
    return result
