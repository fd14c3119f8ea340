"""Compare the scores of a model at two times, image by image and tier by tier. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from tierbench.common.schema import PairedVerdict
from tierbench.runs.baseline import provenance_changes
from tierbench.runs.baseline_format import Baseline
from tierbench.runs.diff import (
    CHANGES,
    KEY,
    PAIRED,
    RUN_COLUMNS,
    diff_cases,
    judged_tiers,
    paired_cases,
)
from tierbench.runs.margins import margins_note
from tierbench.runs.model_scores import ModelScores, Top
from tierbench.runs.regression import DEFAULT_ALLOWED_DROP, DEFAULT_MAX_DROP, judge_regression

ComparisonGate = Literal["regression", "flips"]
Conclusion = Literal["regressed", "not shown", "nothing to judge", "cleared", "unchanged"]
# Worst first.
CONCLUSIONS: tuple[Conclusion, ...] = ("regressed", "not shown", "nothing to judge", "cleared", "unchanged")
# Number of labels shown for each side of a changed case.
_TOP = 3


@dataclass(frozen=True, slots=True)
class CaseDiff:
    """A case before and after; figures are None where the case is missing.

    Attributes:
        change: `regressed`, `fixed`, `new`, `missing` or `same`.
        reason: description of the change; empty for `same`.
        drop: score before minus score after; None if the two cannot be compared.
        top_before, top_after: the three most probable labels with their probabilities; empty if not recorded.
        image_sha256: hash of the image that was judged last.
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
class ScoreComparison:
    """The comparison of two sets of scores, of the same model or of two models.

    Attributes:
        before, after: the scores that are compared.
        cases: every case of `before` or `after`, in the order regressed (largest drop first), fixed, new, missing,
            same.
        verdicts: the paired verdict over all suites together, then those of each suite and tier.
        differences: the differences in provenance, one line each.
        note: why falls of margins are not judged; empty if they are.
        grouped: whether the groups of the cases are known; if not, each case is a group of its own.
    """

    before: ModelScores
    after: ModelScores
    cases: tuple[CaseDiff, ...]
    verdicts: tuple[PairedVerdict, ...]
    differences: tuple[str, ...]
    grouped: bool
    note: str = ""

    def count(self, change: str) -> int:
        """Return the number of cases with this change."""
        return sum(case.change == change for case in self.cases)

    def regressed(self, gate: ComparisonGate) -> bool:
        """Return whether the gate finds a regression."""
        if gate == "flips":
            return self.count("regressed") > 0
        return any(verdict.state == "regressed" for verdict in self.verdicts)

    def conclusion(self, gate: ComparisonGate) -> Conclusion:
        """Return the conclusion of the gate."""
        if self.regressed(gate):
            return "regressed"
        if gate == "flips":
            return "cleared" if any(case.change in PAIRED for case in self.cases) else "nothing to judge"
        if not any(verdict.cases for verdict in self.verdicts):
            return "nothing to judge"
        # The first verdict is that over all suites together.
        state = self.verdicts[0].state
        return "not shown" if state == "regressed" else state


def overall(comparisons: Sequence[ScoreComparison], gate: ComparisonGate) -> Conclusion:
    """Return the conclusion of the gate about all models: the worst of its conclusions."""
    found = {comparison.conclusion(gate) for comparison in comparisons}
    return next((conclusion for conclusion in CONCLUSIONS if conclusion in found), "nothing to judge")


def compare_scores(before: ModelScores, after: ModelScores, *, max_drop: float = DEFAULT_MAX_DROP) -> ScoreComparison:
    """Compare two sets of scores.

    Args:
        before: the accepted scores.
        after: the scores to judge, with the thresholds of their run.
        max_drop: a case whose margin falls by more than this is `regressed`; see `diff_cases`.
    """
    diff = diff_cases(before.rows, _run_rows(before, after), max_drop=max_drop)
    expected = dict(_by_key(before, "expected") | _by_key(after, "expected"))
    images = dict(_by_key(before, "image_sha256") | _by_key(after, "image_sha256"))
    cases = [_case(row, before, after, expected, images) for row in diff.to_dict("records")]
    order = ("regressed", "fixed", "new", "missing", "same")
    cases.sort(key=lambda case: (order.index(case.change), -abs(case.drop or 0.0), case.key))
    known = {name: value for name, value in after.provenance.items() if name in before.provenance}
    shared = {name: value for name, value in before.provenance.items() if name in known}
    return ScoreComparison(
        before=before,
        after=after,
        cases=tuple(cases),
        verdicts=judge_regression(
            paired_cases(diff), allowed_drop=dict.fromkeys(judged_tiers(diff), DEFAULT_ALLOWED_DROP)
        ),
        differences=tuple(provenance_changes(Baseline(before.rows, shared), known)),
        grouped=any((scores.rows["group"] != "").any() for scores in (before, after)),
        note=margins_note(before.rows, after.rows),
    )


def _run_rows(before: ModelScores, after: ModelScores) -> pd.DataFrame:
    """Return the rows of `after` with thresholds, which a baseline file does not have."""
    if after.is_run:
        return after.rows[list(RUN_COLUMNS)]
    other = before.rows[[*KEY, "passed"]].rename(columns={"passed": "before"})
    rows = after.rows.merge(other, on=KEY, how="left")
    # Both verdicts are kept: the threshold is chosen such that the earlier figures meet or miss it as recorded.
    passed = rows.pop("before").fillna(True).astype(bool)
    # Baselines of version 0.1 have no groups.
    groups = before.rows.set_index(KEY)["group"].reindex(pd.MultiIndex.from_frame(rows[KEY])).fillna("")
    return rows.assign(
        group=rows["group"].where(rows["group"] != "", groups.to_numpy()),
        twin_log_margin=math.nan,
        min_score=passed.map({True: 0.0, False: 2.0}),
        max_rank=10**9,
        min_margin=-1.0,
    )


def _by_key(scores: ModelScores, column: str) -> dict[str, str]:
    return dict(zip(scores.rows["suite"] + "/" + scores.rows["case"], scores.rows[column].astype(str), strict=True))


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


def _top(scores: ModelScores, key: str) -> Top:
    return [list(entry) for entry in scores.top.get(key, ())[:_TOP]]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
