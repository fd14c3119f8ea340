"""Judge a model of a run against the one that is its reference, on the cases that both judged. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from tierbench.common.schema import Flip, PairedVerdict, ReferenceComparison
from tierbench.runs.regression import PairedCase, judge_regression
from tierbench.scoring.results import CaseResult
from tierbench.suites.case import Suite

# Number of labels that are kept for each side of a flip.
_TOP = 3
_Pair = tuple[CaseResult, CaseResult]


def judge_against(pairs: Collection[_Pair], suites: Mapping[str, Suite]) -> tuple[PairedVerdict, ...]:
    """Return the paired verdicts on a model against its reference; see `judge_regression`.

    A case that one of the two has no label for, or has an error on, or that is unscored, is not counted. Known issues
    change nothing: a case counts as passed or missed as the thresholds have it. Margins are not compared: each model
    has its own scale.

    Args:
        pairs: each case under the reference and under the model; cases of tiers only.
        suites: the suites by name; they say which losses they allow.
    """
    tiers = {(one.case.suite, one.case.tier or 0) for one, _ in pairs}
    verdicts = judge_regression(
        (_paired(*pair) for pair in pairs if all(result.verdict for result in pair)),
        allowed_drop={(suite, tier): suites[suite].tiers[tier].allowed_drop for suite, tier in tiers},
    )
    return tuple(_detailed(verdict, [pair for pair in pairs if _is_about(verdict, pair)]) for verdict in verdicts)


def _paired(before: CaseResult, now: CaseResult) -> PairedCase:
    return PairedCase(
        suite=now.case.suite,
        tier=now.case.tier or 0,
        group=now.case.group,
        passed_before=before.passed,
        passed_now=now.passed,
        predicted_before=before.verdict.predicted if before.verdict else "",
        predicted_now=now.verdict.predicted if now.verdict else "",
    )


def _is_about(verdict: PairedVerdict, pair: _Pair) -> bool:
    return verdict.tier is None or (verdict.suite, verdict.tier) == (pair[0].case.suite, pair[0].case.tier)


def _detailed(verdict: PairedVerdict, pairs: Sequence[_Pair]) -> PairedVerdict:
    """Return the verdict with what names the single cases."""
    shared = [pair for pair in pairs if not any(result.skipped for result in pair)]
    return replace(
        verdict,
        against=pairs[0][0].model,
        flips=tuple(flip for pair in shared if (flip := _flip(*pair)) is not None),
        errors=tuple(one.case.key for one, other in shared if one.error or other.error),
        unshared=tuple(pair[0].case.key for pair in pairs if any(each.skipped or each.unscored for each in pair)),
    )


def _flip(before: CaseResult, now: CaseResult) -> Flip | None:
    one, other = before.verdict, now.verdict
    if one is None or other is None or one.passed == other.passed:
        return None
    return Flip(
        suite=now.case.suite,
        case=now.case.id,
        tier=now.case.tier or 0,
        expected=now.case.label,
        gain=other.passed,
        reference_predicted=one.predicted,
        predicted=other.predicted,
        reference_score=one.score,
        score=other.score,
        reference_top=before.row().top[:_TOP],
        top=now.row().top[:_TOP],
        image_sha256=now.image_sha256,
    )


def compare_with_reference(model: str, verdicts: Iterable[PairedVerdict]) -> ReferenceComparison | None:
    """Return a model's comparison with its reference, from the verdicts of its tests; None without any."""
    found = sorted(verdicts, key=lambda verdict: (verdict.suite, verdict.tier or 0))
    if not found:
        return None
    # That over all suites together names every case, but it may not be among those that were selected.
    flips = {flip.key: flip for verdict in found for flip in verdict.flips}
    return ReferenceComparison(
        model=model,
        reference=found[0].against,
        flips=tuple(sorted(flips.values(), key=lambda flip: (flip.gain, flip.tier, flip.key))),
        errors=tuple(dict.fromkeys(key for verdict in found for key in verdict.errors)),
        unshared=tuple(dict.fromkeys(key for verdict in found for key in verdict.unshared)),
        verdicts=tuple(replace(verdict, flips=(), errors=(), unshared=()) for verdict in found),
    )
