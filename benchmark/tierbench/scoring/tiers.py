"""Compute the pass rate of a tier from its cases, and the level of a model from its tiers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from tierbench.common.schema import CaseRow, ModelEntry, TierResult
from tierbench.common.text import listed, plural
from tierbench.scoring.figures import figures, pass_rate_bounds
from tierbench.suites.case import Suite


def summarise_tier(suite: Suite, tier: int, model: str, rows: Iterable[CaseRow]) -> TierResult:
    """Summarise the rows of a tier's cases; skipped cases are left out."""
    judged = [row for row in rows if row.outcome != "skipped"]
    scored = [(row.key, row.score) for row in judged if row.score is not None]
    passed = sum(row.passed for row in judged)
    size = len(suite.by_tier[tier])
    rule = suite.tiers[tier]
    low, high = pass_rate_bounds(judged)
    worst, worst_score = min(scored, key=lambda item: item[1], default=("", None))
    unscored = sum(row.outcome == "unscored" for row in judged)
    errors = len(judged) - len(scored) - unscored
    return TierResult(
        suite=suite.name,
        model=model,
        tier=tier,
        name=rule.name,
        passed=passed,
        total=len(judged),
        size=size,
        errors=errors,
        unscored=unscored,
        low=low,
        high=high,
        groups=len({row.group for row in judged}),
        mean_score=fmean(score for _, score in scored) if scored else None,
        worst_case=worst,
        worst_score=worst_score,
        min_pass_rate=rule.min_pass_rate,
        metrics=figures(judged),
        met=_met(passed, errors, unscored, len(judged), size, rule.min_pass_rate),
    )


def _met(passed: int, errors: int, unscored: int, total: int, size: int, min_pass_rate: float) -> bool | None:
    if total != size or not size:
        return None
    # An image without a verdict might have passed: the tier has failed only if it would fail even then.
    if not reaches(passed + errors + unscored, size, min_pass_rate):
        return False
    # An error is never a pass; an unscored image need not be one.
    return True if not errors and reaches(passed, size, min_pass_rate) else None


def reaches(passed: int, total: int, min_pass_rate: float) -> bool:
    """Return whether the pass rate is reached, up to rounding: in floats 0.28 × 25 is slightly more than 7."""
    return passed >= min_pass_rate * total - 1e-9


def level_of(model: str, suites: Sequence[Suite], tiers: Iterable[TierResult]) -> ModelEntry:
    """Return the entry of a model with its level.

    Args:
        model: name of the model.
        suites: every suite that could have been run; suites that were not fetched are not among them.
        tiers: the results of all models.
    """
    known = {(tier.suite, tier.tier): tier for tier in tiers if tier.model == model}
    numbers = sorted({number for suite in suites for number in suite.by_tier})
    if not numbers:
        return _entry(model, None, 0, "no suite has a tier")
    level = 0
    for number in numbers:
        results = {suite.name: known.get((suite.name, number)) for suite in suites if number in suite.by_tier}
        if any(result is not None and result.met is False for result in results.values()):
            break
        open_suites = [name for name, result in results.items() if result is None or result.met is None]
        if open_suites:
            # The tiers met so far give a level; if there are none, the level is not determined.
            return _entry(model, level or None, numbers[-1], _open_note(number, results, open_suites))
        level = number
    return _entry(model, level, numbers[-1])


def _entry(model: str, level: int | None, of: int, note: str = "") -> ModelEntry:
    text = "level not determined" if level is None else f"level {level} of {of}"
    return ModelEntry(name=model, level=level, of=of, level_text=f"{text} ({note})" if note else text)


def _open_note(number: int, results: Mapping[str, TierResult | None], open_suites: Sequence[str]) -> str:
    if not any(results.values()):
        return f"tier {number} not run"
    whole = [result for name, result in results.items() if name in open_suites and result is not None and result.whole]
    if whole:
        what = "errors" if any(result.errors for result in whole) else "unscored images"
        return f"tier {number} of {listed(open_suites)} left open by {what}"
    return f"tier {number} of {listed(open_suites)} not run whole"


def shortfall(result: TierResult, missed: Sequence[str]) -> str:
    """Describe how far a tier is below its required pass rate, and name the missed cases."""
    errors = f", {plural(result.errors, 'error')}" if result.errors else ""
    errors += f", {result.unscored} unscored" if result.unscored else ""
    return (
        f"{result.suite} tier {result.tier}: {result.passed} of {result.total} passed ({result.rate:.2f}{errors}), "
        f"at least {result.min_pass_rate:.2f} required; missed: {listed(missed)}"
    )
