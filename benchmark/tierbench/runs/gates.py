"""Decide whether a test passes, fails, or is a known failure. Pure.

There are three gates. `thresholds`: a case that misses its thresholds fails. `flips`: a miss that is also in the
baseline is a known failure, and a case that regressed fails. `regression`: only `test_regression` judges flips.
Under each of them, a known issue excuses a miss that the baseline does not contradict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tierbench.common.schema import (
    AbsenceResult,
    Gate,
    LadderResult,
    MetricResult,
    PairedVerdict,
    SliceResult,
    TierResult,
)
from tierbench.common.text import listed, one_line
from tierbench.runs.decision import PASS, Change, Decision, excused, is_new, known_miss
from tierbench.scoring.absence import absence_sentence, keeps
from tierbench.scoring.figures import metric_sentence
from tierbench.scoring.ladders import ladder_sentence, with_shares
from tierbench.scoring.slices import slice_sentence
from tierbench.scoring.tiers import reaches, shortfall

if TYPE_CHECKING:
    from tierbench.scoring.results import CaseResult

# Why a flip does not fail under the gate `regression`. The second is for what counts for no tier: ladders, slices and
# absence cases.
JUDGED = "judged by test_regression"
UNGATED = "flips do not fail under the gate regression"


def decide_case(
    result: CaseResult, change: Change | None, gate: Gate, *, updating: bool = False, several_models: bool = False
) -> Decision:
    """Decide about a judged case.

    Args:
        result: the result of the case, with a verdict.
        change: its change against the baseline; None if the model has none.
        gate: the gate of the model.
        updating: whether this run becomes the baseline.
        several_models: whether messages must name the model.
    """
    message = result.message(several_models)
    compared = change is not None and change.kind != "new" and gate != "thresholds"
    if excused(result, change):
        return Decision("xfail", f"{one_line(result.case.known_issue)}: {message}")
    if not result.passed and result.case.known_issue:
        message += f" (known issue {one_line(result.case.known_issue)!r}, but the baseline passed)"
    if updating:
        return PASS if result.passed else Decision("xfail", f"accepted into the baseline: {message}")
    if change is None or not compared:
        if not result.passed and result.case.corruption:
            # Single corrupted images may miss; the gate of their slice limits how many.
            return Decision("xfail", f"judged by test_slice: {message}")
        return PASS if result.passed else Decision("fail", message)
    if gate == "regression":
        if change.kind == "regressed":
            why = UNGATED if result.case.tier is None or result.case.absent else JUDGED
            return Decision("xfail", f"{why}: {_regressed(message, result, change)}")
        return PASS if result.passed else Decision("xfail", f"known failure, in the baseline too: {message}")
    if change.kind == "regressed":
        return Decision("fail", _regressed(message, result, change))
    return PASS if result.passed else Decision("xfail", f"known failure, in the baseline too: {message}")


def _regressed(message: str, result: CaseResult, change: Change) -> str:
    """Return `…: regressed (passed, now fails), was cat 0.912; now expected …`."""
    seen = one_line(change.baseline_predicted, 80)
    was = f"was {seen} {change.baseline_score:.3f}" if change.baseline_score is not None else ""
    if result.passed and result.verdict:
        return f"{message}regressed ({change.reason}), {was}, now {result.verdict.score:.3f}"
    head, _, tail = message.partition(": ")
    return f"{head}: regressed ({change.reason}), {was}; now {tail}"


def decide_tier(
    tier: TierResult, results: Sequence[CaseResult], changes: Sequence[Change | None], gate: Gate, *, updating: bool
) -> Decision:
    """Decide about a whole tier: it fails if it falls short even with its known misses excused.

    Args:
        tier: the result of the tier.
        results: the results of its judged cases.
        changes: the change of each of them against the baseline.
        gate: the gate of the model.
        updating: whether this run becomes the baseline.
    """
    if reaches(tier.passed, tier.total, tier.min_pass_rate):
        return PASS
    missed = [result for result in results if not result.passed and not result.unscored]
    message = shortfall(tier, [result.case.id for result in missed])
    if updating:
        return Decision("xfail", f"accepted into the baseline: {message}")
    known = _known_misses(results, changes, gate)
    if reaches(tier.passed + sum(known), tier.total, tier.min_pass_rate):
        return Decision("xfail", f"known failures: {message}")
    if gate == "regression" and reaches(tier.passed + len(known), tier.total, tier.min_pass_rate):
        return Decision("xfail", f"{JUDGED}: {message}")
    return Decision("fail", message)


def decide_absence(
    absence: AbsenceResult,
    results: Sequence[CaseResult],
    changes: Sequence[Change | None],
    gate: Gate,
    *,
    updating: bool,
) -> Decision:
    """Decide about the false alarms of a suite: more than the suite tolerates fail, unless the baseline has them too.

    Under the gate `regression`, a suite with too many false alarms in the baseline may have others now.

    Args:
        absence: the result of the suite.
        results: the results of its judged absence cases.
        changes: the change of each of them against the baseline.
        gate: the gate of the model.
        updating: whether this run becomes the baseline.
    """
    most, cases = absence.max_false_alarms, absence.cases
    if keeps(absence.false_alarms, cases, most):
        return PASS
    paired = zip(results, changes, strict=True)
    alarms = [(result, change) for result, change in paired if result.verdict and not result.passed]
    message = absence_sentence(absence, [result.case.id for result, _ in alarms])
    if updating:
        return Decision("xfail", f"accepted into the baseline: {message}")
    known = sum(known_miss(result, change, gate) for result, change in alarms)
    if keeps(absence.false_alarms - known, cases, most):
        return Decision("xfail", f"known failures: {message}")
    before = sum(change is not None and change.known_miss for change in changes)
    if gate == "regression" and not keeps(before, cases, most):
        return Decision("xfail", f"{UNGATED}: {message}")
    return Decision("fail", message)


def decide_ladder(
    ladder: LadderResult,
    steps: Sequence[CaseResult],
    changes: Sequence[Change | None],
    gate: Gate,
    *,
    updating: bool,
) -> Decision:
    """Decide about a ladder: its 50 % point must reach the gate that the suite sets for it.

    Args:
        ladder: the result of the ladder.
        steps: the results of its steps, from easy to hard.
        changes: the change of each of them against the baseline.
        gate: the gate of the model.
        updating: whether this run becomes the baseline.
    """
    unit = f" {ladder.unit}" if ladder.unit else ""
    required = "" if ladder.gate is None else f"; {ladder.gate:g}{unit} required"
    message = f"{ladder.suite}/{ladder.ladder}: {ladder_sentence(ladder)}{required}"
    if updating:
        return PASS if ladder.met else Decision("xfail", f"accepted into the baseline: {message}")
    paired = list(zip(steps, changes, strict=True))
    regressed = [
        step.case.id
        for step, change in paired
        if change is not None and change.kind == "regressed" and not excused(step, change)
    ]
    if regressed and gate == "flips":
        return Decision("fail", f"{message}; regressed: {listed(regressed)}")
    if ladder.met:
        return PASS
    known = [excused(step, change) for step, change in paired]
    if with_shares(ladder, [1.0 if known else share for known, share in zip(known, ladder.shares, strict=True)]).met:
        return Decision("xfail", f"known failure: {message}")
    if ladder.baseline_shares and gate != "thresholds":
        if not with_shares(ladder, ladder.baseline_shares).met:
            return Decision("xfail", f"known failure, in the baseline too: {message}")
        if gate == "regression":
            return Decision("xfail", f"{UNGATED}: {message}")
    return Decision("fail", message)


def decide_regression(verdict: PairedVerdict, gate: Gate, *, updating: bool) -> Decision:
    """Decide about a paired verdict; under `thresholds` it is only reported."""
    # Imported here, because a run without a baseline has no verdict.
    from tierbench.runs.regression_text import verdict_sentence

    sentence = verdict_sentence(verdict)
    slipped = verdict.slipping is not None and not verdict.slipping.met
    if verdict.state != "regressed" and not slipped:
        return PASS
    if updating or gate == "thresholds":
        return Decision("xfail", f"{'accepted into the baseline' if updating else 'not gated'}: {sentence}")
    return Decision("fail", sentence)


def decide_against(verdict: PairedVerdict, model: str) -> Decision:
    """Decide about a paired verdict on a model against the reference model of the run; no gate changes it."""
    # Imported here, because few runs have a reference model.
    from tierbench.runs.regression_text import verdict_sentence

    sentence = f"{model} against {verdict.against}: {verdict_sentence(verdict)}"
    if not verdict.cases and not verdict.errors:
        return Decision("skip", sentence)
    return Decision("fail" if verdict.state == "regressed" else "pass", sentence)


def decide_metric(result: MetricResult, *, updating: bool) -> Decision:
    """Decide about a metric of a suite; its limits do not depend on the baseline."""
    if result.met:
        return PASS
    return (
        Decision("xfail", f"accepted into the baseline: {metric_sentence(result)}")
        if updating
        else Decision("fail", metric_sentence(result))
    )


def decide_slice(
    result: SliceResult,
    cases: Sequence[CaseResult],
    changes: Sequence[Change | None],
    gate: Gate,
    *,
    updating: bool,
) -> Decision:
    """Decide about a slice: it must meet the limits of its suite, if any, with its known misses excused.

    Args:
        result: the result of the slice.
        cases: the results of its judged cases.
        changes: the change of each of them against the baseline.
        gate: the gate of the model.
        updating: whether this run becomes the baseline.
    """
    if result.met:
        return PASS
    if updating:
        return Decision("xfail", f"accepted into the baseline: {slice_sentence(result)}")
    known = _known_misses(cases, changes, gate)
    if replace(result, passed=result.passed + sum(known)).met:
        return Decision("xfail", f"known failures: {slice_sentence(result)}")
    if gate == "regression" and replace(result, passed=result.passed + len(known)).met:
        return Decision("xfail", f"{UNGATED}: {slice_sentence(result)}")
    return Decision("fail", slice_sentence(result))


def _known_misses(results: Sequence[CaseResult], changes: Sequence[Change | None], gate: Gate) -> list[bool]:
    """Return whether each miss is known; misses that are new and not declared as issues are left out."""
    paired = zip(results, changes, strict=True)
    missed = [(result, change) for result, change in paired if not result.passed]
    return [
        known_miss(result, change, gate) for result, change in missed if excused(result, change) or not is_new(change)
    ]
