"""Helpers that make tables of runs and baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.runs.records import log_odds
from tierbench.runs.diff import ALL_BASELINE_COLUMNS


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
