"""Helpers that make tables of runs and baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from tests.runs.records import log_odds
from tierbench.common.schema import CaseRow
from tierbench.runs.baseline_format import ALL_BASELINE_COLUMNS
from tierbench.runs.diff import diff_cases


def run_table(scores: Sequence[float], **columns: Any) -> pd.DataFrame:
    """Return one row per score, each in its own group; a case passes with a score of 0.5."""
    table = pd.DataFrame(
        {
            "suite": "photos",
            "case": [f"c{number:03d}" for number in range(len(scores))],
            "tier": 1,
            "expected": "automobile",
            "predicted": "automobile",
            "score": pd.Series(list(scores), dtype="float64"),
            "rank": 1,
            "image_sha256": "0" * 64,
            "group": "",
            "min_score": 0.5,
            "max_rank": 1,
            "min_margin": -1.0,
        }
    )
    table["margin"] = table["score"] - 0.3
    table["log_margin"] = table["score"].map(log_odds).astype("float64")
    table["passed"] = table["score"] >= 0.5
    return table.assign(**columns)


def baseline_table(scores: Sequence[float], **columns: Any) -> pd.DataFrame:
    """Return the same table with the columns of a baseline."""
    table = run_table(scores).assign(**columns)
    return table[[name for name in ALL_BASELINE_COLUMNS if name in table]]


def baseline_rows(scores: Sequence[float], **columns: Any) -> tuple[CaseRow, ...]:
    """Return the rows of `baseline_table`."""
    return rows_of(baseline_table(scores, **columns))


def rows_of(table: pd.DataFrame) -> tuple[CaseRow, ...]:
    """Return a table's rows as those of a record; missing values are None."""
    names = [field.name for field in fields(CaseRow) if field.name in table]
    records = table[names].astype(object).where(table[names].notna(), None).to_dict("records")
    return tuple(_row({str(name): value for name, value in each.items()}) for each in records)


def _row(values: dict[str, Any]) -> CaseRow:
    top = tuple((label, share) for label, share in values.get("top") or ())
    return CaseRow(**{"model": "", **values, "group": values.get("group") or "", "top": top})


def diff_table(baseline: pd.DataFrame, run: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Return the diff of two tables as a table, for assertions on whole columns."""
    return pd.DataFrame(
        [
            {
                "case": each.row.case,
                "tier": each.row.tier,
                "group": each.group,
                "change": each.change,
                "reason": each.reason,
                "drop": each.drop,
                "baseline_passed": each.passed_before,
                "scaled_margin": each.margin_now,
            }
            for each in diff_cases(rows_of(baseline), rows_of(run), **options)
        ],
        columns=["case", "tier", "group", "change", "reason", "drop", "baseline_passed", "scaled_margin"],
    ).astype({"scaled_margin": "float64"})
