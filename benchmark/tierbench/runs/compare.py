"""Compare the scores of a model at two times, image by image and tier by tier. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tierbench.common.schema import CaseRow, PairedVerdict
from tierbench.runs.baseline import provenance_changes
from tierbench.runs.baseline_format import Baseline
from tierbench.runs.diff import PAIRED, RowDiff, diff_cases, judged_tiers, paired_cases
from tierbench.runs.margins import margins_note, margins_of
from tierbench.runs.model_scores import ModelScores
from tierbench.runs.regression import DEFAULT_ALLOWED_DROP, DEFAULT_MAX_DROP, judge_regression

ComparisonGate = Literal["regression", "flips"]
Conclusion = Literal["regressed", "not shown", "nothing to judge", "cleared", "unchanged"]
# Worst first.
CONCLUSIONS: tuple[Conclusion, ...] = ("regressed", "not shown", "nothing to judge", "cleared", "unchanged")
# Number of labels shown for each side of a changed case.
_TOP = 3

# Labels with their probabilities.
Top = Sequence[tuple[str, float]]


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
    cases = [_case(each) for each in diff]
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
        grouped=any(row.group for scores in (before, after) for row in scores.rows),
        note=margins_note(margins_of(before.rows), margins_of(after.rows)),
    )


def _run_rows(before: ModelScores, after: ModelScores) -> Iterable[CaseRow]:
    """Return the rows of `after` with thresholds, which a baseline file does not have."""
    if after.is_run:
        return after.rows
    known = {(row.suite, row.case): row for row in before.rows}
    return [_with_thresholds(row, known.get((row.suite, row.case))) for row in after.rows]


def _with_thresholds(row: CaseRow, before: CaseRow | None) -> CaseRow:
    # Both verdicts are kept: the threshold is chosen such that the earlier figures meet or miss it as recorded.
    passed = before is None or before.passed
    return replace(
        row,
        # Baselines of version 0.1 have no groups.
        group=row.group or (before.group if before else ""),
        twin_log_margin=None,
        min_score=0.0 if passed else 2.0,
        max_rank=10**9,
        min_margin=-1.0,
    )


def _case(diff: RowDiff) -> CaseDiff:
    before, now, row = diff.before, diff.now, diff.row
    return CaseDiff(
        suite=row.suite,
        case=row.case,
        tier=row.tier,
        change=diff.change,
        reason=diff.reason,
        expected=row.expected,
        drop=diff.drop,
        score_before=before.score if before else None,
        score_after=now.score if now else None,
        predicted_before=(before.predicted or "") if before else "",
        predicted_after=(now.predicted or "") if now else "",
        top_before=before.top[:_TOP] if before else (),
        top_after=now.top[:_TOP] if now else (),
        image_sha256=row.image_sha256,
    )
