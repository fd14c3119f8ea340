"""Compute the diff of a run against a baseline, case by case. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tierbench.runs.margins import margin_scales, scaled_margins
from tierbench.runs.regression import DEFAULT_MAX_DROP, LARGEST_DROP, PairedCase

# The columns that identify a case.
KEY = ["suite", "case"]
BASELINE_COLUMNS = (
    "suite",
    "case",
    "tier",
    "expected",
    "score",
    "rank",
    "margin",
    "predicted",
    "passed",
    "image_sha256",
)
# Columns that baselines of version 0.1 lack, in the order of the file, with the value for a row without one.
OPTIONAL_COLUMNS: dict[str, Any] = {
    "group": "",
    "log_margin": math.nan,
    "top": (),
    "twin_log_margin": math.nan,
    "seen": math.nan,
}
ALL_BASELINE_COLUMNS = (*BASELINE_COLUMNS, *OPTIONAL_COLUMNS)
_LOG_MARGINS = ("log_margin", "twin_log_margin")
# The rows of a run have the current thresholds, by which the baseline's figures are judged again.
RUN_COLUMNS = (*BASELINE_COLUMNS, "group", *_LOG_MARGINS, "min_score", "max_rank", "min_margin")
DIFF_COLUMNS = (
    "suite",
    "case",
    "tier",
    "group",
    "change",
    "reason",
    "drop",
    "score",
    "baseline_score",
    "rank",
    "baseline_rank",
    "margin",
    "baseline_margin",
    "log_margin",
    "baseline_log_margin",
    "scaled_margin",
    "baseline_scaled_margin",
    "predicted",
    "baseline_predicted",
    "passed",
    "baseline_passed",
    "baseline_seen",
)
CHANGES = ("regressed", "fixed", "same", "new", "missing")
# The changes of cases that are both in the run and in the baseline.
PAIRED = ("regressed", "fixed", "same")

# Scores and margins in a baseline file are rounded to this many decimals.
DECIMALS = 6
# The types of the columns that are not text; they all allow missing values.
COLUMN_TYPES = {
    "tier": "Int64",
    "rank": "Int64",
    "passed": "boolean",
    "score": "float64",
    "margin": "float64",
    "log_margin": "float64",
    "twin_log_margin": "float64",
    "seen": "float64",
}


def diff_cases(
    baseline: pd.DataFrame,
    run: pd.DataFrame,
    *,
    max_drop: float = DEFAULT_MAX_DROP,
    scales: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Compare the cases of a run with those of a baseline.

    The baseline's figures are judged by the thresholds and twins of the run, so that tightening a threshold is not a
    regression. A row without a log margin keeps its accepted verdict: the ranks of version 0.1 counted concepts, not
    labels. If the figures of a case agree to the precision of the baseline file, the baseline gets the verdict of the
    run: rounding never flips a case.

    Args:
        baseline: one row per case with `BASELINE_COLUMNS` and any of `OPTIONAL_COLUMNS`; the step of a ladder has no
            `tier`. Pass only the suites and tiers that were selected, because all other rows become `missing`.
        run: one row per case with `RUN_COLUMNS`; the optional ones may be left out. With an empty `group`, a case is
            a group of its own. A row whose `score` is not a number (the case had an error or was skipped) counts as
            missing.
        max_drop: a case whose scaled log margin falls by more than this is `regressed`, whatever its verdict; in
            typical margins of the model, in (0, `LARGEST_DROP`]. Where margins are not known, no fall is judged.
        scales: typical margin of the run's model, by suite; None: that of the rows of the run, for suites that it has
            whole.

    Returns:
        One row per case with `DIFF_COLUMNS`, sorted by suite and case. `drop` is the baseline's score minus the
        run's, NaN if the two cannot be compared; it decides nothing. The scaled margins are those of
        `scaled_margins`. `reason` describes the change and is empty for `same`. Figures are missing values where the
        run or the baseline does not have the case.

    Raises:
        ValueError: if a column is missing, a case appears twice, a figure is not a number, or `max_drop` is out of
            range.
    """
    if not 0 < max_drop <= LARGEST_DROP:
        raise ValueError(f"max_drop must be above 0 and at most {LARGEST_DROP:g}, got {max_drop}")
    scored = _checked(run, RUN_COLUMNS, "run", keep_unscored=False)
    before = _checked(baseline, (*BASELINE_COLUMNS, *_LOG_MARGINS, "seen"), "baseline")
    scales = margin_scales(scored, before) if scales is None else scales
    old_scales = margin_scales(before)
    before = before.rename(columns={name: f"baseline_{name}" for name in before if name not in KEY})
    table = scored.merge(before, on=KEY, how="outer").sort_values(KEY, ignore_index=True)

    in_run, in_baseline = table["score"].notna(), table["baseline_score"].notna()
    other_image = table["image_sha256"] != table["baseline_image_sha256"]
    other_expectation = table["expected"] != table["baseline_expected"]
    paired = in_run & in_baseline & ~other_image & ~other_expectation

    table["drop"] = (table["baseline_score"] - table["score"]).round(DECIMALS).where(paired)
    for side, known in (("", scales), ("baseline_", old_scales)):
        margins = scaled_margins(table[f"{side}log_margin"], table["suite"], known)
        table[f"{side}scaled_margin"] = margins.where(paired)
    fell = table["baseline_scaled_margin"] - table["scaled_margin"] > max_drop + 1e-9
    now = table["passed"].fillna(False).astype(bool)
    then = _judged_again(table, now).where(~_alike(table), now)
    # A row that the run lacks has no current thresholds: it keeps the accepted verdict.
    table["baseline_passed"] = table["baseline_passed"].mask(in_run & in_baseline, then)

    # The first condition that is true decides.
    conditions: dict[tuple[str, str], pd.Series[bool]] = {
        ("missing", "not scored in this run"): ~in_run,
        ("new", "not in the baseline"): ~in_baseline,
        ("new", "the image changed"): other_image,
        ("new", "the expectation changed"): other_expectation,
        ("regressed", "passed, now fails"): then & ~now,
        ("regressed", f"margin fell by more than {max_drop:g} typical margins"): fell,
        ("fixed", "failed, now passes"): ~then & now,
    }
    for place, column in enumerate(("change", "reason")):
        choices = [names[place] for names in conditions]
        table[column] = np.select(list(conditions.values()), choices, default=("same", "")[place])
    table["tier"] = table["tier"].where(in_run, table["baseline_tier"])
    table["group"] = table["group"].fillna("").mask(lambda group: group == "", table["case"])
    return table[list(DIFF_COLUMNS)]


def paired_cases(diff: pd.DataFrame) -> list[PairedCase]:
    """Return the cases of a diff that both sides have, as `judge_regression` expects them.

    Rows without a tier are left out: the steps of ladders, and corrupted images.
    """
    paired = diff[diff["change"].isin(PAIRED) & diff["tier"].notna()]
    return [
        PairedCase(
            suite=str(row["suite"]),
            tier=int(row["tier"]),
            group=str(row["group"]),
            passed_before=bool(row["baseline_passed"]),
            passed_now=bool(row["passed"]),
            predicted_before=flat(str(row["baseline_predicted"])),
            predicted_now=flat(str(row["predicted"])),
            margin_before=None if pd.isna(row["baseline_scaled_margin"]) else float(row["baseline_scaled_margin"]),
            margin_now=None if pd.isna(row["scaled_margin"]) else float(row["scaled_margin"]),
        )
        for row in paired.to_dict("records")
    ]


def judged_tiers(diff: pd.DataFrame) -> list[tuple[str, int]]:
    """Return each suite and tier with a case in the run, paired or not."""
    ran = diff[(diff["change"] != "missing") & diff["tier"].notna()]
    return sorted({(str(suite), int(tier)) for suite, tier in zip(ran["suite"], ran["tier"], strict=True)})


def _checked(table: pd.DataFrame, columns: Sequence[str], name: str, *, keep_unscored: bool = True) -> pd.DataFrame:
    """Check a table and return its columns, with types that allow missing values."""
    absent = [column for column in columns if column not in table and column not in OPTIONAL_COLUMNS]
    if absent:
        raise ValueError(f"the {name} lacks the columns {', '.join(absent)}")
    table = with_optional(table)[list(columns)]
    if not keep_unscored:
        table = table[table["score"].notna()]
    twice = table[table.duplicated(KEY)]
    if len(twice):
        raise ValueError(f"the {name} contains {twice['suite'].iloc[0]}/{twice['case'].iloc[0]} more than once")
    # A column of empty cells is read from CSV as numbers; names must be text.
    names = {column: "string" for column in (*KEY, "group") if column in columns}
    types = {column: kind for column, kind in COLUMN_TYPES.items() if column in columns}
    table = table.astype({**types, **names})
    # The step of a ladder has no tier; all other figures are required.
    figures = [column for column in columns if column not in {"tier", *OPTIONAL_COLUMNS}]
    bad = table[table[figures].isna().any(axis=1)]
    if len(bad):
        row = bad.iloc[0]
        raise ValueError(f"the {name} contains {row['suite']}/{row['case']} with an empty or undefined figure")
    return table.assign(expected=table["expected"].map(flat))


def with_optional(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a baseline with all of `OPTIONAL_COLUMNS`, filled where it lacks them."""
    missing = {name: [value] * len(table) for name, value in OPTIONAL_COLUMNS.items() if name not in table}
    return table.assign(**missing) if missing else table


def _judged_again(table: pd.DataFrame, now: pd.Series[bool]) -> pd.Series[bool]:
    """Judge the figures of the baseline by the thresholds and twins of the run."""
    twin, twin_before = table["twin_log_margin"], table["baseline_twin_log_margin"]
    # Where the baseline has no figure for the twin, the twin alone is not what makes a case regressed.
    lost_to_twin = _meets(table, "") & ~now
    credited = (table["baseline_log_margin"] > twin_before).where(twin_before.notna(), ~lost_to_twin)
    judged = _meets(table, "baseline_") & (credited | twin.isna())
    accepted = table["baseline_passed"].fillna(False).astype(bool)
    return judged.where(table["baseline_log_margin"].notna(), accepted)


def _meets(table: pd.DataFrame, side: str) -> pd.Series[bool]:
    """Return whether the figures of a side meet the thresholds of the run; see `tierbench.scoring.verdict.meets`."""
    return (
        (table[f"{side}score"] >= table["min_score"])
        & (table[f"{side}rank"] <= table["max_rank"]).fillna(False).astype(bool)
        & ((table["min_margin"] == 0) | (table[f"{side}margin"] >= table["min_margin"]))
    )


def _alike(table: pd.DataFrame) -> pd.Series[bool]:
    """Return for each row whether run and baseline agree to the precision of a baseline file.

    The ranks of rows without a log margin may be those of version 0.1, which cannot be compared.
    """
    same_rank = (table["rank"] == table["baseline_rank"]).fillna(False).astype(bool)
    alike = same_rank | table["baseline_log_margin"].isna()
    for name in ("score", "margin"):
        alike &= (table[name] - table[f"baseline_{name}"]).abs() <= 10**-DECIMALS
    return alike


def flat(text: str) -> str:
    """Replace white space of any length with one space, as baseline files require."""
    return " ".join(text.split())
