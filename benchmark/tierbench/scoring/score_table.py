"""The columns of `scores.csv`, and its rows as a table. Pure; what only reads records needs no more of scoring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from tierbench.common.schema import CaseRow

if TYPE_CHECKING:
    import pandas as pd

# The columns of scores.csv and of the `scores` DataFrame, in this order; the suites' parameters follow.
COLUMNS = tuple(field.name for field in fields(CaseRow) if field.name != "parameters")
# Integer columns and float columns; the suites' parameters are floats too.
_INTEGERS = ("tier", "rank", "max_rank", "severity")
_NUMBERS = (
    "score",
    "confidence",
    "margin",
    "log_margin",
    "twin_log_margin",
    "min_score",
    "min_margin",
    "baseline_score",
)


def rows_frame(rows: Iterable[CaseRow]) -> pd.DataFrame:
    """Return rows as a table with the columns of `scores.csv`; `top` and `baseline_top` hold lists."""
    import pandas as pd

    table = [{**{name: getattr(row, name) for name in COLUMNS}, **row.parameters} for row in rows]
    for cells in table:
        for name in ("top", "baseline_top"):
            cells[name] = [list(entry) for entry in cells[name]]
    parameters = dict.fromkeys(name for cells in table for name in cells if name not in COLUMNS)
    frame = pd.DataFrame(table, columns=[*COLUMNS, *parameters])
    integers = dict.fromkeys(_INTEGERS, "Int64")
    numbers = dict.fromkeys((*_NUMBERS, *parameters), "float64")
    return frame.astype(integers | numbers | {"passed": "bool"})
