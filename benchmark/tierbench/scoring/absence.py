"""Compute the false-alarm rate of a suite: how often a model claims a concept that is not there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.common.schema import AbsenceResult, CaseRow
from tierbench.common.text import listed, plural
from tierbench.metrics import wilson_interval
from tierbench.suites.case import Suite


def summarise_absence(suite: Suite, model: str, rows: Iterable[CaseRow]) -> AbsenceResult:
    """Summarise the rows of a suite's absence cases; skipped cases are left out."""
    judged = [row for row in rows if row.outcome != "skipped"]
    alarms, errors = sum(is_false_alarm(row) for row in judged), sum(row.rank is None for row in judged)
    low, high = wilson_interval(alarms, len(judged))
    size = len(suite.absence_cases)
    return AbsenceResult(
        suite=suite.name,
        model=model,
        cases=len(judged),
        size=size,
        errors=errors,
        false_alarms=alarms,
        low=low,
        high=high,
        groups=len({row.group for row in judged}),
        max_false_alarms=suite.max_false_alarms,
        met=_met(alarms, errors, len(judged), size, suite.max_false_alarms),
    )


def is_false_alarm(row: CaseRow) -> bool:
    """Return whether the most probable label of an absence case is one of the absent concept."""
    return row.rank is not None and row.rank > 1


def _met(alarms: int, errors: int, cases: int, size: int, most: float) -> bool | None:
    if cases != size or not size:
        return None
    if not keeps(alarms, size, most):
        return False
    # An image without a verdict might be a false alarm, and an error is never a pass.
    return None if errors else True


def keeps(alarms: int, cases: int, most: float) -> bool:
    """Return whether the false-alarm rate is at most `most`, up to rounding; see `reaches`."""
    return alarms <= most * cases + 1e-9


def absence_sentence(result: AbsenceResult, alarms: Sequence[str] = ()) -> str:
    """Return `ships: 2 false alarms in 12 absence cases (0.17), at most 0.00 allowed: sea, pier`.

    Args:
        result: the result.
        alarms: names of the cases with a false alarm.
    """
    errors = f", {plural(result.errors, 'error')}" if result.errors else ""
    names = f": {listed(alarms)}" if alarms else ""
    return (
        f"{result.suite}: {plural(result.false_alarms, 'false alarm')} in {plural(result.cases, 'absence case')} "
        f"({result.rate:.2f}{errors}), at most {result.max_false_alarms:.2f} allowed{names}"
    )
