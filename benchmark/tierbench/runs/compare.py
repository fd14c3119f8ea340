"""Holds the scores of a model at two times against each other, image by image and tier by tier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from tierbench.common.schema import PairedVerdict
from tierbench.runs.baseline import identity_changes
from tierbench.runs.baseline_format import Baseline
from tierbench.runs.diff import CHANGES, DEFAULT_MAX_DROP, KEY, PAIRED, RUN_COLUMNS, diff_cases
from tierbench.runs.model_scores import ModelScores, Top
from tierbench.runs.regression import judge_regression

Gate = Literal["regression", "flips"]
Outcome = Literal["regressed", "not shown", "nothing to judge", "cleared"]
# The worst first.
OUTCOMES: tuple[Outcome, ...] = ("regressed", "not shown", "nothing to judge", "cleared")
# So many labels of each side stand beside a flip.
_TOP = 3


@dataclass(frozen=True, slots=True)
class CaseDiff:
    """A case on both sides; figures of a side that does not have it are None.

    Attributes:
        change: `regressed`, `fixed`, `new`, `missing` or `same`.
        reason: what the change is; empty for `same`.
        drop: score before less score now; None where the two do not compare.
        top_before, top_after: three labels with their probabilities; empty where they were not recorded.
        image_sha256: of the image that was judged last.
    """

    suite: str
    case: str
    tier: int | None
    change: str
    reason: str
    expected: str
    drop: float | None
    score_before: float | None
    score_after: float | None
    predicted_before: str
    predicted_after: str
    top_before: Top
    top_after: Top
    image_sha256: str

    @property
    def key(self) -> str:
        """`suite/case`."""
        return f"{self.suite}/{self.case}"


@dataclass(frozen=True)
class Comparison:
    """A model held against itself, or against another.

    Attributes:
        before, after: the two sides.
        cases: every case of either side; regressed first, the largest drop first, then fixed, new, missing, same.
        verdicts: of each suite and tier.
        differences: what else is different between the two, a line each.
        grouped: whether it is known which cases come from one picture; else each counts by itself.
    """

    before: ModelScores
    after: ModelScores
    cases: tuple[CaseDiff, ...]
    verdicts: tuple[PairedVerdict, ...]
    differences: tuple[str, ...]
    grouped: bool

    def count(self, change: str) -> int:
        """Say how many cases changed so."""
        return sum(case.change == change for case in self.cases)

    def regressed(self, gate: Gate) -> bool:
        """Whether the model got worse, as the gate sees it."""
        if gate == "flips":
            return self.count("regressed") > 0
        return any(verdict.state == "regressed" for verdict in self.verdicts)

    def outcome(self, gate: Gate) -> Outcome:
        """Say what the gate makes of the comparison."""
        if self.regressed(gate):
            return "regressed"
        if gate == "flips":
            return "cleared" if any(case.change in PAIRED for case in self.cases) else "nothing to judge"
        if not any(verdict.cases for verdict in self.verdicts):
            return "nothing to judge"
        states = {verdict.state for verdict in self.verdicts}
        return "cleared" if states == {"cleared"} else "not shown"


def overall(comparisons: Sequence[Comparison], gate: Gate) -> Outcome:
    """Say what the gate makes of all models together: the worst of what it makes of each."""
    found = {comparison.outcome(gate) for comparison in comparisons}
    return next((outcome for outcome in OUTCOMES if outcome in found), "nothing to judge")


def compare_scores(before: ModelScores, after: ModelScores, *, max_drop: float = DEFAULT_MAX_DROP) -> Comparison:
    """Hold two sides against each other.

    Args:
        before: what is taken for accepted.
        after: what is judged, by the thresholds that it was run with.
        max_drop: a score that falls by more than this is `regressed`, whatever its verdict.
    """
    diff = diff_cases(before.rows, _run_rows(before, after), max_drop=max_drop)
    expected = dict(_by_key(before, "expected") | _by_key(after, "expected"))
    images = dict(_by_key(before, "image_sha256") | _by_key(after, "image_sha256"))
    cases = [_case(row, before, after, expected, images) for row in diff.to_dict("records")]
    order = ("regressed", "fixed", "new", "missing", "same")
    cases.sort(key=lambda case: (order.index(case.change), -abs(case.drop or 0.0), case.key))
    known = {name: value for name, value in after.identity.items() if name in before.identity}
    shared = {name: value for name, value in before.identity.items() if name in known}
    return Comparison(
        before=before,
        after=after,
        cases=tuple(cases),
        verdicts=judge_regression(diff),
        differences=tuple(identity_changes(Baseline(before.rows, shared), known)),
        grouped=after.is_run or before.is_run,
    )


def _run_rows(before: ModelScores, after: ModelScores) -> pd.DataFrame:
    """Return the later side with groups and thresholds, which a baseline file does not hold."""
    if after.is_run:
        return after.rows[list(RUN_COLUMNS)]
    other = before.rows[[*KEY, "passed"]].rename(columns={"passed": "before"})
    rows = after.rows.merge(other, on=KEY, how="left")
    # What each side said of itself stands: the threshold is one that the earlier figures meet, or do not.
    passed = rows.pop("before").fillna(True).astype(bool)
    groups = before.rows.set_index(KEY)["group"] if before.is_run else pd.Series(dtype="object")
    keys = pd.MultiIndex.from_frame(rows[KEY])
    return rows.assign(
        group=groups.reindex(keys).fillna("").to_numpy() if len(groups) else "",
        min_score=passed.map({True: 0.0, False: 2.0}),
        max_rank=10**9,
        min_margin=-1.0,
    )


def _by_key(side: ModelScores, column: str) -> dict[str, str]:
    return dict(zip(side.rows["suite"] + "/" + side.rows["case"], side.rows[column].astype(str), strict=True))


def _case(
    row: dict[Any, Any], before: ModelScores, after: ModelScores, expected: dict[str, str], images: dict[str, str]
) -> CaseDiff:
    key = f"{row['suite']}/{row['case']}"
    return CaseDiff(
        suite=str(row["suite"]),
        case=str(row["case"]),
        tier=None if pd.isna(row["tier"]) else int(row["tier"]),
        change=next(change for change in CHANGES if change == row["change"]),
        reason=str(row["reason"]),
        expected=expected[key],
        drop=_number(row["drop"]),
        score_before=_number(row["baseline_score"]),
        score_after=_number(row["score"]),
        predicted_before=_text(row["baseline_predicted"]),
        predicted_after=_text(row["predicted"]),
        top_before=_top(before, key),
        top_after=_top(after, key),
        image_sha256=images[key],
    )


def _top(side: ModelScores, key: str) -> Top:
    return [list(entry) for entry in side.top.get(key, ())[:_TOP]]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
