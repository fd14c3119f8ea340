"""Compute the diff of a run against a baseline, case by case. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from tierbench.common.schema import CaseRow
from tierbench.common.text import flat
from tierbench.runs.margins import margin_scales, margins_of, scaled_margin
from tierbench.runs.regression import DEFAULT_MAX_DROP, LARGEST_DROP, PairedCase

CHANGES = ("regressed", "fixed", "same", "new", "missing")
# The changes of cases that are both in the run and in the baseline.
PAIRED = ("regressed", "fixed", "same")
# Scores and margins in a baseline file are rounded to this many decimals.
DECIMALS = 6

# What must be known of a case of a baseline, and of a run: its current thresholds, too.
_FIGURES = ("score", "rank", "margin", "predicted")
_RUN_FIGURES = (*_FIGURES, "min_score", "max_rank", "min_margin")

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A case in a baseline and in a run; at least one of them has it.

    Attributes:
        before: its row in the baseline; None if the baseline does not have it.
        now: its row in the run; None if the run did not score it.
        change: one of `CHANGES`.
        reason: description of the change; empty for `same`.
        passed_before: whether the figures of the baseline pass by the thresholds of the run, or, where the run lacks
            the case, the accepted verdict; None if the baseline does not have it.
        drop: the baseline's score minus the run's, None if the two cannot be compared; it decides nothing.
        margin_before, margin_now: the log margin of each, divided by what is typical for the model; see
            `scaled_margin`. None if it is not known, or if the two cannot be compared.
    """

    before: CaseRow | None
    now: CaseRow | None
    change: str
    reason: str = ""
    passed_before: bool | None = None
    drop: float | None = None
    margin_before: float | None = None
    margin_now: float | None = None

    @property
    def row(self) -> CaseRow:
        """The row of the run or, where it lacks the case, of the baseline."""
        row = self.now or self.before
        if row is None:
            raise ValueError("neither the run nor the baseline has the case")
        return row

    @property
    def group(self) -> str:
        """The group of the case in the run; a case without one is a group of its own."""
        return (self.now.group if self.now else "") or self.row.case


def diff_cases(
    baseline: Iterable[CaseRow],
    run: Iterable[CaseRow],
    *,
    max_drop: float = DEFAULT_MAX_DROP,
    scales: Mapping[str, float] | None = None,
) -> list[RowDiff]:
    """Compare the cases of a run with those of a baseline.

    The baseline's figures are judged by the thresholds and twins of the run, so that tightening a threshold is not a
    regression. A row without a log margin keeps its accepted verdict: the ranks of version 0.1 counted concepts, not
    labels. If the figures of a case agree to the precision of the baseline file, the baseline gets the verdict of the
    run: rounding never flips a case.

    Args:
        baseline: the accepted rows of one model; the step of a ladder has no `tier`. Pass only the suites and tiers
            that were selected, because all other rows become `missing`.
        run: the rows of the run, with its thresholds. With an empty `group`, a case is a group of its own. A row
            without a `score` (the case had an error or was skipped) counts as missing.
        max_drop: a case whose scaled log margin falls by more than this is `regressed`, whatever its verdict; in
            typical margins of the model, in (0, `LARGEST_DROP`]. Where margins are not known, no fall is judged.
        scales: typical margin of the run's model, by suite; None: that of the rows of the run, for suites that it has
            whole.

    Returns:
        The diff of each case, sorted by suite and case.

    Raises:
        ValueError: if a case appears twice, a figure is missing or not a number, or `max_drop` is out of range.
    """
    if not 0 < max_drop <= LARGEST_DROP:
        raise ValueError(f"max_drop must be above 0 and at most {LARGEST_DROP:g}, got {max_drop}")
    accepted = AcceptedRows(baseline)
    scored = scored_rows(run)
    if scales is None:
        scales = margin_scales(margins_of(scored.values()), accepted.margins)
    keys = sorted(accepted.rows.keys() | scored.keys())
    return [accepted.diff(key, scored.get(key), max_drop=max_drop, scales=scales) for key in keys]


class AcceptedRows:
    """The rows of a baseline, checked once for any number of diffs.

    Args:
        baseline: as in `diff_cases`.

    Raises:
        ValueError: if a case appears twice, or a figure is missing or not a number.
    """

    def __init__(self, baseline: Iterable[CaseRow]) -> None:
        self.rows = _by_key(baseline, _FIGURES, "baseline")
        self.margins = margins_of(self.rows.values())
        self._scales = margin_scales(self.margins)

    def diff(self, key: _Key, now: CaseRow | None, *, max_drop: float, scales: Mapping[str, float]) -> RowDiff:
        """Return the diff of the row of a run; see `diff_cases` for the arguments.

        Args:
            key: suite and case.
            now: the row; None if the run did not score the case.
            max_drop: the largest fall of the margin.
            scales: typical margin of the run's model, by suite.
        """
        return _diff(self.rows.get(key), now, self._scales.get(key[0]), scales.get(key[0]), max_drop)


def scored_rows(run: Iterable[CaseRow]) -> dict[tuple[str, str], CaseRow]:
    """Return the rows of a run that have a score, by suite and case.

    Raises:
        ValueError: if a case appears twice, or a figure is missing or not a number.
    """
    return _by_key((row for row in run if not _undefined(row.score)), _RUN_FIGURES, "run")


def _by_key(rows: Iterable[CaseRow], figures: Iterable[str], name: str) -> dict[_Key, CaseRow]:
    """Check rows and return them by suite and case."""
    found: dict[_Key, CaseRow] = {}
    values = attrgetter(*figures)
    for row in rows:
        key = row.suite, row.case
        if key in found:
            raise ValueError(f"the {name} contains {row.key} more than once")
        if any(map(_undefined, values(row))):
            raise ValueError(f"the {name} contains {row.key} with an empty or undefined figure")
        found[key] = row
    return found


def _undefined(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _diff(
    before: CaseRow | None, now: CaseRow | None, old_scale: float | None, scale: float | None, max_drop: float
) -> RowDiff:
    if now is None:
        accepted = before.passed if before else None
        return RowDiff(before, now, "missing", "not scored in this run", passed_before=accepted)
    if before is None:
        return RowDiff(before, now, "new", "not in the baseline")
    then = now.passed if _alike(before, now) else _judged_again(before, now)
    if before.image_sha256 != now.image_sha256:
        return RowDiff(before, now, "new", "the image changed", passed_before=then)
    if before.expected != now.expected and flat(before.expected) != flat(now.expected):
        return RowDiff(before, now, "new", "the expectation changed", passed_before=then)
    old, new = scaled_margin(before.log_margin, old_scale), scaled_margin(now.log_margin, scale)
    fell = old is not None and new is not None and old - new > max_drop + 1e-9
    change, reason = "same", ""
    if then and not now.passed:
        change, reason = "regressed", "passed, now fails"
    elif fell:
        change, reason = "regressed", f"margin fell by more than {max_drop:g} typical margins"
    elif now.passed and not then:
        change, reason = "fixed", "failed, now passes"
    drop = round((before.score or 0.0) - (now.score or 0.0), DECIMALS)
    return RowDiff(before, now, change, reason, then, drop, old, new)


def _judged_again(before: CaseRow, now: CaseRow) -> bool:
    """Judge the figures of the baseline by the thresholds and twins of the run."""
    if before.log_margin is None:
        return before.passed
    if now.twin_log_margin is None:
        credited = True
    elif before.twin_log_margin is None:
        # The baseline has no figure for the twin: the twin alone is not what makes a case regressed.
        lost_to_twin = _meets(now, now) and not now.passed
        credited = not lost_to_twin
    else:
        credited = before.log_margin > before.twin_log_margin
    return credited and _meets(before, now)


def _meets(row: CaseRow, limits: CaseRow) -> bool:
    """Return whether figures meet the thresholds of a row of the run; see `tierbench.scoring.verdict.meets`."""
    return (
        (row.score or 0.0) >= (limits.min_score or 0.0)
        and (row.rank or 0) <= (limits.max_rank or 0)
        and (not limits.min_margin or (row.margin or 0.0) >= limits.min_margin)
    )


def _alike(before: CaseRow, now: CaseRow) -> bool:
    """Return whether run and baseline agree to the precision of a baseline file.

    The ranks of rows without a log margin may be those of version 0.1, which cannot be compared.
    """
    same_rank = now.rank == before.rank or before.log_margin is None
    figures = ((before.score, now.score), (before.margin, now.margin))
    return same_rank and all(abs((old or 0.0) - (new or 0.0)) <= 10**-DECIMALS for old, new in figures)


def paired_cases(diff: Iterable[RowDiff]) -> list[PairedCase]:
    """Return the cases of a diff that both sides have, as `judge_regression` expects them.

    Rows without a tier are left out: the steps of ladders, and corrupted images.
    """
    return [
        PairedCase(
            suite=each.now.suite,
            tier=each.now.tier,
            group=each.group,
            passed_before=bool(each.passed_before),
            passed_now=each.now.passed,
            predicted_before=flat(each.before.predicted or ""),
            predicted_now=flat(each.now.predicted or ""),
            margin_before=each.margin_before,
            margin_now=each.margin_now,
        )
        for each in diff
        if each.change in PAIRED and each.before and each.now and each.now.tier is not None
    ]


def judged_tiers(diff: Iterable[RowDiff]) -> list[tuple[str, int]]:
    """Return each suite and tier with a case in the run, paired or not."""
    return sorted({(each.now.suite, each.now.tier) for each in diff if each.now and each.now.tier is not None})
