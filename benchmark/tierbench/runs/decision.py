"""What a test does, how its cases changed against the baseline, and what excuses a miss. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tierbench.common.schema import CaseRow, Gate

if TYPE_CHECKING:
    from tierbench.scoring.results import CaseResult


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a case against the baseline.

    Attributes:
        kind: `regressed`, `fixed`, `same` or `new`.
        reason: description of the change; empty for `same`.
        baseline_score: the accepted score; None if the case is `new`.
        baseline_predicted: the accepted prediction.
        baseline_passed: whether the accepted figures meet the current thresholds; None if the case is `new`.
        baseline_seen: share of the views in which a ladder's step passed; None where the baseline does not have it.
        baseline_top: the most probable labels of the accepted prediction; empty where the baseline does not have them.
    """

    kind: str
    reason: str = ""
    baseline_score: float | None = None
    baseline_predicted: str = ""
    baseline_passed: bool | None = None
    baseline_seen: float | None = None
    baseline_top: tuple[tuple[str, float], ...] = ()

    @property
    def baseline_share(self) -> float | None:
        """Share of the views in which a ladder's step passed; before there were views, all or none."""
        if self.baseline_seen is not None or self.baseline_passed is None:
            return self.baseline_seen
        return float(self.baseline_passed)

    @property
    def known_miss(self) -> bool:
        """Whether the case is a miss in the baseline, too."""
        return self.kind != "new" and self.baseline_passed is False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a test does, with its message; `error` and `skip` are for tests without a result."""

    action: Literal["pass", "fail", "xfail", "skip", "error"]
    message: str = ""


PASS = Decision("pass")


def is_new(change: Change | None) -> bool:
    """Return whether there is nothing to compare the case with; then only its thresholds count."""
    return change is None or change.kind == "new"


def excused(result: CaseResult, change: Change | None) -> bool:
    """Return whether a known issue excuses a miss: the baseline lacks the case, or has it as missed."""
    known = change is None or is_new(change) or change.known_miss
    return bool(result.case.known_issue) and not result.passed and known


def known_miss(result: CaseResult, change: Change | None, gate: Gate) -> bool:
    """Return whether a miss is known: declared as an issue, or also in the baseline."""
    if excused(result, change):
        return True
    return change is not None and gate != "thresholds" and change.known_miss


def with_change(row: CaseRow, change: Change | None) -> CaseRow:
    """Return the row with its change against the baseline; without a baseline it is unchanged."""
    if change is None:
        return row
    return replace(row, change=change.kind, baseline_score=change.baseline_score, baseline_top=change.baseline_top)
