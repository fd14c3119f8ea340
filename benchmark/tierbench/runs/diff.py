"""The diff of a run against a baseline, case by case; pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

# What names a case.
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
# A run's rows carry the thresholds of today, by which the baseline's figures are judged again.
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
# The changes of cases that run and baseline both have.
PAIRED = ("regressed", "fixed", "same")

DEFAULT_MAX_DROP = 0.2
# Scores and margins of a baseline file are rounded to so many decimals.
DECIMALS = 6
# The types of the columns that are no text; all but `float64` bear missing values.
COLUMN_TYPES = {
    "tier": "Int64",
    "rank": "Int64",
    "passed": "boolean",
    "score": "float64",
    "margin": "float64",
}


def diff_cases(baseline: pd.DataFrame, run: pd.DataFrame, *, max_drop: float = DEFAULT_MAX_DROP) -> pd.DataFrame:
    """Hold the cases of a run against those of a baseline.

    The baseline's scores, ranks and margins are judged by the thresholds of the run, so that a threshold that
    was tightened is no regression. A case whose figures agree with the baseline's to the precision of its
    file has the run's verdict on both sides: rounding flips nothing.

    Args:
        baseline: `BASELINE_COLUMNS`, one row a case; the step of a ladder has no `tier`. Give only the suites
            and tiers that were selected, because the other rows come out as `missing`.
        run: `RUN_COLUMNS`, one row a case. An empty `group` stands for a case of its own. A row whose `score`
            is not a number was not scored (the case erred or was skipped) and counts as missing.
        max_drop: a score that falls by more than this is `regressed`, whatever its verdict; in (0, 1].

    Returns:
        One row a case with `DIFF_COLUMNS`, sorted by suite and case. `drop` is the baseline's score less the
        run's, NaN where the two cannot be compared; `reason` says what the change is, empty for `same`;
        figures of a side that does not have the case are missing values.

    Raises:
        ValueError: if a column is missing, a case is there twice, a figure that must be a number is none, or
            `max_drop` is outside its range.
    """
    if not 0 < max_drop <= 1:
        raise ValueError(f"max_drop lies above 0 and is at most 1, got {max_drop}")
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
    # A row that the run lacks has no thresholds of today: the accepted verdict stands.
    table["baseline_passed"] = table["baseline_passed"].mask(in_run & in_baseline, then)

    # The first condition that holds decides.
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
    """Return the columns with types that bear missing values; the names of concepts as the file holds them."""
    absent = [column for column in columns if column not in table]
    if absent:
        raise ValueError(f"the {name} lacks the columns {', '.join(absent)}")
    table = table[list(columns)]
    if not keep_unscored:
        table = table[table["score"].notna()]
    twice = table[table.duplicated(KEY)]
    if len(twice):
        raise ValueError(f"the {name} holds {twice['suite'].iloc[0]}/{twice['case'].iloc[0]} more than once")
    # As read from CSV, a column of empty cells is one of numbers; names are text also then.
    names = {column: "string" for column in (*KEY, "group") if column in columns}
    table = table.astype({**COLUMN_TYPES, **names})
    # A ladder's step has no tier, every other figure must be there.
    figures = [column for column in columns if column not in {"tier", "group"}]
    bad = table[table[figures].isna().any(axis=1)]
    if len(bad):
        row = bad.iloc[0]
        raise ValueError(f"the {name} holds {row['suite']}/{row['case']} with an empty or undefined figure")
    return table.assign(expected=table["expected"].map(flat))


def _alike(table: pd.DataFrame) -> pd.Series[bool]:
    """Say of each row whether both sides' figures agree to the precision of a baseline file."""
    alike = (table["rank"] == table["baseline_rank"]).fillna(False).astype(bool)
    for name in ("score", "margin"):
        alike &= (table[name] - table[f"baseline_{name}"]).abs() <= 10**-DECIMALS
    return alike


def flat(text: str) -> str:
    """Return the text with each run of white space as one blank, as a baseline file holds it."""
    return " ".join(text.split())
