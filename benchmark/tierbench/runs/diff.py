"""Compute the diff of a run against a baseline, case by case. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

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
# The rows of a run have the current thresholds, by which the baseline's figures are judged again.
RUN_COLUMNS = (*BASELINE_COLUMNS, "group", "min_score", "max_rank", "min_margin")
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
    "predicted",
    "baseline_predicted",
    "passed",
    "baseline_passed",
)
CHANGES = ("regressed", "fixed", "same", "new", "missing")
# The changes of cases that are both in the run and in the baseline.
PAIRED = ("regressed", "fixed", "same")

DEFAULT_MAX_DROP = 0.2
# Scores and margins in a baseline file are rounded to this many decimals.
DECIMALS = 6
# The types of the columns that are not text; they all allow missing values.
COLUMN_TYPES = {
    "tier": "Int64",
    "rank": "Int64",
    "passed": "boolean",
    "score": "float64",
    "margin": "float64",
}


def diff_cases(baseline: pd.DataFrame, run: pd.DataFrame, *, max_drop: float = DEFAULT_MAX_DROP) -> pd.DataFrame:
    """Compare the cases of a run with those of a baseline.

    The baseline's scores, ranks and margins are judged by the thresholds of the run, so that tightening a threshold
    is not a regression. If the figures of a case agree to the precision of the baseline file, the baseline gets the
    verdict of the run: rounding never flips a case.

    Args:
        baseline: one row per case with `BASELINE_COLUMNS`; the step of a ladder has no `tier`. Pass only the suites
            and tiers that were selected, because all other rows become `missing`.
        run: one row per case with `RUN_COLUMNS`. With an empty `group`, a case is a group of its own. A row whose
            `score` is not a number (the case had an error or was skipped) counts as missing.
        max_drop: a case whose score falls by more than this is `regressed`, whatever its verdict; in (0, 1].

    Returns:
        One row per case with `DIFF_COLUMNS`, sorted by suite and case. `drop` is the baseline's score minus the
        run's, NaN if the two cannot be compared. `reason` describes the change and is empty for `same`. Figures are
        missing values where the run or the baseline does not have the case.

    Raises:
        ValueError: if a column is missing, a case appears twice, a figure is not a number, or `max_drop` is out of
            range.
    """
    if not 0 < max_drop <= 1:
        raise ValueError(f"max_drop must be above 0 and at most 1, got {max_drop}")
    scored = _checked(run, RUN_COLUMNS, "run", keep_unscored=False)
    before = _checked(baseline, BASELINE_COLUMNS, "baseline")
    before = before.rename(columns={name: f"baseline_{name}" for name in before if name not in KEY})
    table = scored.merge(before, on=KEY, how="outer").sort_values(KEY, ignore_index=True)

    in_run, in_baseline = table["score"].notna(), table["baseline_score"].notna()
    other_image = table["image_sha256"] != table["baseline_image_sha256"]
    other_expectation = table["expected"] != table["baseline_expected"]
    paired = in_run & in_baseline & ~other_image & ~other_expectation

    table["drop"] = (table["baseline_score"] - table["score"]).round(DECIMALS).where(paired)
    fell = table["drop"] > max_drop
    now = table["passed"].fillna(False).astype(bool)
    judged = (
        (table["baseline_score"] >= table["min_score"])
        & (table["baseline_rank"] <= table["max_rank"]).fillna(False).astype(bool)
        & (table["baseline_margin"] >= table["min_margin"])
    )
    then = judged.where(~_alike(table), now)
    # A row that the run lacks has no current thresholds: it keeps the accepted verdict.
    table["baseline_passed"] = table["baseline_passed"].mask(in_run & in_baseline, then)

    # The first condition that is true decides.
    conditions: dict[tuple[str, str], pd.Series[bool]] = {
        ("missing", "not scored in this run"): ~in_run,
        ("new", "not in the baseline"): ~in_baseline,
        ("new", "the image changed"): other_image,
        ("new", "the expectation changed"): other_expectation,
        ("regressed", "passed, now fails"): then & ~now,
        ("regressed", f"score fell by more than {max_drop:g}"): fell,
        ("fixed", "failed, now passes"): ~then & now,
    }
    for place, column in enumerate(("change", "reason")):
        choices = [names[place] for names in conditions]
        table[column] = np.select(list(conditions.values()), choices, default=("same", "")[place])
    table["tier"] = table["tier"].where(in_run, table["baseline_tier"])
    table["group"] = table["group"].fillna("").mask(lambda group: group == "", table["case"])
    return table[list(DIFF_COLUMNS)]


def _checked(table: pd.DataFrame, columns: Sequence[str], name: str, *, keep_unscored: bool = True) -> pd.DataFrame:
    """Check a table and return its columns, with types that allow missing values."""
    absent = [column for column in columns if column not in table]
    if absent:
        raise ValueError(f"the {name} lacks the columns {', '.join(absent)}")
    table = table[list(columns)]
    if not keep_unscored:
        table = table[table["score"].notna()]
    twice = table[table.duplicated(KEY)]
    if len(twice):
        raise ValueError(f"the {name} contains {twice['suite'].iloc[0]}/{twice['case'].iloc[0]} more than once")
    # A column of empty cells is read from CSV as numbers; names must be text.
    names = {column: "string" for column in (*KEY, "group") if column in columns}
    table = table.astype({**COLUMN_TYPES, **names})
    # The step of a ladder has no tier; all other figures are required.
    figures = [column for column in columns if column not in {"tier", "group"}]
    bad = table[table[figures].isna().any(axis=1)]
    if len(bad):
        row = bad.iloc[0]
        raise ValueError(f"the {name} contains {row['suite']}/{row['case']} with an empty or undefined figure")
    return table.assign(expected=table["expected"].map(flat))


def _alike(table: pd.DataFrame) -> pd.Series[bool]:
    """Return for each row whether run and baseline agree to the precision of a baseline file."""
    alike = (table["rank"] == table["baseline_rank"]).fillna(False).astype(bool)
    for name in ("score", "margin"):
        alike &= (table[name] - table[f"baseline_{name}"]).abs() <= 10**-DECIMALS
    return alike


def flat(text: str) -> str:
    """Replace white space of any length with one space, as baseline files require."""
    return " ".join(text.split())
