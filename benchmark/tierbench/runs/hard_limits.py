"""Hold the level of a model, and the demand on each tier, against its baseline. Pure.

These are the user's demands, not claims of significance: a demand that the baseline met and the run breaks is red
under every gate, and no known issue excuses it. They are computed on the cases that both have, judged by the current
thresholds and twins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tierbench.common.schema import LevelResult
from tierbench.common.text import plural
from tierbench.runs.decision import PASS, Change, Decision
from tierbench.suites.case import Suite

if TYPE_CHECKING:
    from tierbench.scoring.results import CaseResult


def limit_tier(
    suite: Suite, tier: int, model: str, results: Iterable[CaseResult], changes: Iterable[Change | None]
) -> LevelResult:
    """Compare how many cases of a tier passed in the baseline and pass now.

    Args:
        suite, tier, model: what is compared.
        results: the results of the tier's cases.
        changes: the change of each of them against the baseline.
    """
    common = [
        (bool(change.baseline_passed), result.passed)
        for result, change in zip(results, changes, strict=True)
        if change is not None and change.baseline_passed is not None
    ]
    return LevelResult(
        model=model,
        suite=suite.name,
        tier=tier,
        cases=len(common),
        before=sum(before for before, _ in common),
        now=sum(now for _, now in common),
        min_pass_rate=suite.tiers[tier].min_pass_rate,
    )


def limit_level(model: str, suites: Sequence[Suite], tiers: Iterable[LevelResult]) -> LevelResult:
    """Compare the level that a model reached in the baseline and reaches now.

    Both levels end before the first tier that is not determined, because a suite has no case of it in common. If that
    is the first tier, neither level is determined.

    Args:
        model: name of the model.
        suites: every suite that could have been run.
        tiers: the results of `limit_tier` for this model.
    """
    known = {(result.suite, result.tier): result for result in tiers if result.model == model}
    levels: dict[str, int] = {}
    broken: set[str] = set()
    for number in sorted({number for suite in suites for number in suite.by_tier}):
        results = [known.get((suite.name, number)) for suite in suites if number in suite.by_tier]
        there = [result for result in results if result is not None and result.cases]
        if len(there) < len(results):
            break
        for side, met in (("before", [each.met_before for each in there]), ("now", [each.met_now for each in there])):
            if not all(met):
                broken.add(side)
            levels[side] = levels.get(side, 0) if side in broken else number
    cases = sum(result.cases for result in known.values())
    return LevelResult(model=model, cases=cases, before=levels.get("before"), now=levels.get("now"))


def decide_level(result: LevelResult, *, updating: bool) -> Decision:
    """Decide about the level or the demand on a tier: it fails if it fell, under every gate."""
    if not result.fell:
        return PASS
    message = level_sentence(result)
    return Decision("xfail", f"accepted into the baseline: {message}") if updating else Decision("fail", message)


def level_sentence(result: LevelResult) -> str:
    """Return `vehicles tier 1: 20 of 20 passed in the baseline, 16 now, at least 0.90 required`."""
    if result.tier is None:
        common = f"on the {plural(result.cases, 'case')} that both have"
        if result.before is None or result.now is None:
            return f"{result.model}: the level is not determined, before or now, {common}"
        return f"{result.model}: level {result.before} in the baseline, {result.now} now, {common}"
    return (
        f"{result.suite} tier {result.tier}: {result.before} of {result.cases} passed in the baseline, "
        f"{result.now} now, at least {result.min_pass_rate:.2f} required"
    )
