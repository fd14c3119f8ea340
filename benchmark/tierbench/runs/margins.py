"""Scale log margins by what is typical for their model, so that its temperature does not matter. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from tierbench.runs.regression import MARGIN_BOUND
from tierbench.suites.derived import clean_id

# A model's typical margin is that over a suite, never over a selection. A picture may have had an error.
_ENOUGH = 0.9


def margin_scales(rows: pd.DataFrame, whole: pd.DataFrame | None = None) -> dict[str, float]:
    """Return the median absolute log margin of a model over the clean cases of each suite.

    Args:
        rows: one row per case with `suite`, `case` and, if it is known, `log_margin`.
        whole: rows that have all cases of a suite; a suite of which `rows` have less than nine tenths has no scale.

    Returns:
        Suite → scale, without the suites whose margins are not known or mostly zero.
    """
    known = _clean(rows)
    scales = known["log_margin"].abs().groupby(known["suite"]).median()
    counts = known["suite"].value_counts()
    expected = counts if whole is None else _clean(whole)["suite"].value_counts()
    enough = {suite for suite, count in counts.items() if count >= _ENOUGH * expected.get(suite, count)}
    return {str(suite): float(scale) for suite, scale in scales.items() if scale > 0 and suite in enough}


def scaled_margins(margins: pd.Series[float], suites: pd.Series[str], scales: Mapping[str, float]) -> pd.Series[float]:
    """Return log margins in typical margins, cut to `MARGIN_BOUND` on both sides; NaN where one is not known."""
    return (margins / suites.map(scales).astype("float64")).clip(-MARGIN_BOUND, MARGIN_BOUND)


def margins_note(baseline: pd.DataFrame, run: pd.DataFrame) -> str:
    """Return why falls of margins are not judged, in one line; empty if they are.

    Args:
        baseline, run: one row per case with `suite`, `case` and, if it is known, `log_margin`.
    """
    suites = set(baseline["suite"]) & set(run["suite"])
    before, now = margin_scales(baseline).keys() & suites, margin_scales(run, baseline).keys()
    if suites and not before:
        return "falls of margins are not judged: the baseline has no log_margin; --robust-update-baseline records it"
    return (
        ""
        if before <= now
        else "falls of margins are judged only in suites whose margins are all known; run them whole once"
    )


def _clean(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a margin, without those of corrupted images."""
    if "log_margin" not in rows:
        return rows[["suite", "case"]].iloc[:0].assign(log_margin=pd.Series(dtype="float64"))
    known = rows.loc[rows["log_margin"].notna(), ["suite", "case", "log_margin"]]
    return known[known["case"].map(lambda case: clean_id(str(case)) == case).astype(bool)]
