from dataclasses import replace
from pathlib import Path

import pytest

from tierbench.common.schema import GATES, Gate, LadderResult, PairedVerdict, SliceResult
from tierbench.runs.decision import Change, Decision
from tierbench.runs.gates import (
    JUDGED,
    UNGATED,
    decide_absence,
    decide_case,
    decide_ladder,
    decide_regression,
    decide_slice,
    decide_tier,
)
from tierbench.runs.regression import PairedCase, judge_regression
from tierbench.runs.regression_text import verdict_sentence
from tierbench.scoring.absence import summarise_absence
from tierbench.scoring.ladders import with_baseline, with_shares
from tierbench.scoring.results import CaseResult
from tierbench.scoring.tiers import summarise_tier
from tierbench.scoring.verdict import Verdict
from tierbench.suites import Case, Suite, Thresholds, Tier

SAME_MISS = Change("same", "", 0.1, "truck", baseline_passed=False)
SAME_PASS = Change("same", "", 0.9, "cat", baseline_passed=True)
WORSE = Change("regressed", "passed, now fails", 0.9, "cat", baseline_passed=True)
FELL = Change("regressed", "margin fell by more than 1 typical margins", 0.9, "cat", baseline_passed=True)
NEW = Change("new", "not in the baseline")


def result(passed: bool, case_id: str = "one", known_issue: str = "") -> CaseResult:
    case = Case("s", case_id, "x.png", Path("x.png"), ("cat",), 1, Thresholds(), known_issue=known_issue)
    score = 0.6 if passed else 0.1
    reason = "" if passed else "expected cat, got truck 0.800; cat 0.100 at rank 2"
    verdict = Verdict("cat" if passed else "truck", 0.8, score, 1 if passed else 2, 0.0, passed, reason, ())
    return CaseResult(case, "model", "00", verdict)


@pytest.mark.parametrize(
    ("gate", "passed", "change", "action"),
    [
        # Without a baseline, and for cases that are new to it, thresholds decide under every gate.
        *[(gate, True, change, "pass") for gate in GATES for change in (None, NEW)],
        *[(gate, False, change, "fail") for gate in GATES for change in (None, NEW)],
        # The gate `thresholds` ignores the baseline.
        ("thresholds", False, SAME_MISS, "fail"),
        ("thresholds", True, FELL, "pass"),
        # `flips`: a miss in the baseline is known; a case that got worse fails, even if it meets its thresholds.
        ("flips", False, SAME_MISS, "xfail"),
        ("flips", True, SAME_PASS, "pass"),
        ("flips", False, WORSE, "fail"),
        ("flips", True, FELL, "fail"),
        # `regression`: single cases never fail.
        ("regression", False, SAME_MISS, "xfail"),
        ("regression", False, WORSE, "xfail"),
        ("regression", True, FELL, "xfail"),
        ("regression", True, SAME_PASS, "pass"),
    ],
)
def test_the_decision_about_a_case_under_each_gate(
    gate: Gate, passed: bool, change: Change | None, action: str
) -> None:
    assert decide_case(result(passed), change, gate).action == action


@pytest.mark.parametrize("change", [None, NEW, SAME_MISS])
def test_a_declared_issue_is_known_under_every_gate(change: Change | None) -> None:
    for gate in GATES:
        decision = decide_case(result(False, known_issue="TICKET-7"), change, gate)
        assert decision.action == "xfail"
        assert decision.message.startswith("TICKET-7: s/one [tier 1]: expected cat")
        assert decide_case(result(True, known_issue="TICKET-7"), SAME_PASS, gate) == Decision("pass")


def test_a_declared_issue_changes_no_colour_where_the_baseline_passed() -> None:
    for gate in GATES:
        for passed, change in ((False, WORSE), (True, FELL)):
            declared = decide_case(result(passed, known_issue="TICKET-7"), change, gate)
            assert declared.action == decide_case(result(passed), change, gate).action
    message = decide_case(result(False, known_issue="TICKET-7"), WORSE, "flips").message
    assert message.startswith("s/one [tier 1]: regressed (passed, now fails), was cat 0.900; now expected cat")
    assert message.endswith("(known issue 'TICKET-7', but the baseline passed)")


def test_the_message_of_a_regression_has_the_old_and_the_new_prediction() -> None:
    assert decide_case(result(False), WORSE, "flips").message == (
        "s/one [tier 1]: regressed (passed, now fails), was cat 0.900; now expected cat, got truck 0.800; "
        "cat 0.100 at rank 2"
    )
    assert decide_case(result(True), FELL, "flips").message == (
        "s/one [tier 1]: regressed (margin fell by more than 1 typical margins), was cat 0.900, now 0.600"
    )


def test_nothing_fails_in_a_run_that_becomes_the_baseline() -> None:
    for gate in GATES:
        assert decide_case(result(False), WORSE, gate, updating=True).action == "xfail"
        assert decide_case(result(True), FELL, gate, updating=True) == Decision("pass")


def tier_decision(results: list[CaseResult], changes: list[Change | None], gate: Gate, demand: float) -> Decision:
    suite = Suite("s", Path(), "", tuple(r.case for r in results), {1: Tier(1, "", demand)}, {})
    tier = summarise_tier(suite, 1, "model", [r.row() for r in results])
    return decide_tier(tier, results, changes, gate, updating=False)


def test_a_tier_fails_if_it_falls_short_by_more_than_its_known_misses() -> None:
    results = [result(True, "a"), result(False, "b"), result(False, "c")]
    changes: list[Change | None] = [SAME_PASS, SAME_MISS, SAME_MISS]
    assert tier_decision(results, changes, "flips", 1.0).action == "xfail"
    assert tier_decision(results, changes, "thresholds", 1.0).action == "fail"
    assert tier_decision(results, changes, "thresholds", 0.3).action == "pass"
    changes[2] = WORSE
    assert tier_decision(results, changes, "flips", 1.0).action == "fail"
    assert tier_decision(results, changes, "flips", 0.6).action == "xfail"
    assert tier_decision(results, changes, "regression", 1.0).action == "xfail"
    changes[2] = NEW
    assert tier_decision(results, changes, "regression", 1.0).action == "fail"


def absence_decision(alarms: list[bool], changes: list[Change | None], gate: Gate, most: float = 0.0) -> Decision:
    results = [
        replace(each, case=replace(each.case, absent=True))
        for each in (result(not alarm, f"sea{number}") for number, alarm in enumerate(alarms))
    ]
    suite = Suite("s", Path(), "", tuple(r.case for r in results), {1: Tier(1)}, {}, max_false_alarms=most)
    absence = summarise_absence(suite, "model", [r.row() for r in results])
    return decide_absence(absence, results, changes, gate, updating=False)


def test_false_alarms_that_the_baseline_has_too_are_known() -> None:
    alarms = [True, True, False]
    known: list[Change | None] = [SAME_MISS, SAME_MISS, SAME_PASS]
    for gate in ("flips", "regression"):
        assert absence_decision(alarms, known, gate).action == "xfail"
    assert absence_decision(alarms, known, "thresholds") == Decision(
        "fail", "s: 2 false alarms in 3 absence cases (0.67), at most 0.00 allowed: sea0, sea1"
    )
    assert absence_decision(alarms, known, "thresholds", most=0.67).action == "pass"
    # One is new. It is excused only by a baseline that breaks the demand, too.
    one_new: list[Change | None] = [SAME_MISS, WORSE, SAME_PASS]
    assert absence_decision(alarms, one_new, "flips").action == "fail"
    assert absence_decision(alarms, one_new, "regression").action == "xfail"
    assert absence_decision(alarms, one_new, "regression", most=0.4).action == "xfail"
    assert absence_decision(alarms, [WORSE, WORSE, SAME_PASS], "regression", most=0.4).action == "fail"
    assert absence_decision(alarms, [NEW, SAME_PASS, SAME_PASS], "regression").action == "fail"


def test_a_false_alarm_is_not_said_to_be_judged_by_the_paired_verdict() -> None:
    alarm = result(False)
    alarm = replace(alarm, case=replace(alarm.case, absent=True))
    assert decide_case(alarm, WORSE, "regression").message.startswith(UNGATED)


def ladder_decision(passed: list[bool], changes: list[Change | None], gate: Gate, issue: str = "") -> Decision:
    steps = [result(good, f"step{number}", "" if good else issue) for number, good in enumerate(passed)]
    values = (3.0, 2.0, 1.0)
    ladder = LadderResult(
        suite="s",
        model="model",
        ladder="fog",
        parameter="metres",
        unit="m",
        direction="falling",
        values=values,
        scores=tuple(0.9 if good else 0.1 for good in passed),
        passed=tuple(passed),
        recognised=tuple((good,) * 8 for good in passed),
        gate=1.0,
    )
    ladder = with_shares(ladder, ladder.shares)
    shares = [change.baseline_share for change in changes if change]
    ladder = with_baseline(ladder, [share for share in shares if share is not None])
    return decide_ladder(ladder, steps, changes, gate, updating=False)


def test_a_ladder_that_regressed_is_excused_only_under_regression() -> None:
    changes: list[Change | None] = [SAME_PASS, SAME_PASS, WORSE]
    passed = [True, True, False]
    assert ladder_decision(passed, changes, "flips").action == "fail"
    assert "regressed: step2" in ladder_decision(passed, changes, "flips").message
    decision = ladder_decision(passed, changes, "regression")
    assert (decision.action, decision.message.partition(":")[0]) == ("xfail", UNGATED)
    assert ladder_decision(passed, changes, "thresholds").action == "fail"
    known = ladder_decision(passed, [SAME_PASS, SAME_PASS, SAME_MISS], "flips")
    assert known.message.startswith("known failure, in the baseline too: s/fog: seen down to 1.41 m")
    # A declared issue excuses what the baseline misses, not what it passed.
    assert ladder_decision(passed, changes, "flips", issue="TICKET-7").action == "fail"
    assert ladder_decision(passed, [SAME_PASS, SAME_PASS, NEW], "flips", issue="TICKET-7").action == "xfail"


def test_under_regression_the_flips_of_a_tier_are_judged_by_test_regression() -> None:
    results = [result(True, "a"), result(False, "b")]
    assert tier_decision(results, [SAME_PASS, WORSE], "regression", 1.0).message.startswith(JUDGED)
    assert tier_decision(results, [SAME_PASS, SAME_MISS], "regression", 1.0).message.startswith("known failures")


def test_the_paired_verdict_fails_only_for_a_gated_regression() -> None:
    def verdict(lost: int, slip: float = 0.0) -> PairedVerdict:
        cases = [
            PairedCase("s", 1, str(index), True, index >= lost, "cat", "dog", 1.0, 1.0 - slip) for index in range(60)
        ]
        return judge_regression(cases, slipping={"s": 0.1})[1]

    worse, said = verdict(9), verdict_sentence(verdict(9))
    assert worse.state == "regressed"
    assert decide_regression(worse, "regression", updating=False) == Decision("fail", said)
    assert decide_regression(worse, "flips", updating=False) == Decision("fail", said)
    assert decide_regression(worse, "thresholds", updating=False) == Decision("xfail", f"not gated: {said}")
    assert decide_regression(worse, "flips", updating=True).message.startswith("accepted into the baseline: ")
    unsure, cleared = verdict(3), verdict(0)
    assert (unsure.state, cleared.state) == ("not shown", "cleared")
    assert decide_regression(cleared, "regression", updating=False) == Decision("pass")
    assert decide_regression(unsure, "flips", updating=False) == Decision("pass")
    assert decide_regression(unsure, "regression", updating=False) == Decision("pass")
    slipped = verdict(0, slip=1.0)
    assert (slipped.state, decide_regression(slipped, "regression", updating=False).action) == ("cleared", "fail")


def slice_decision(
    changes: list[Change | None], gate: Gate, *, passed: int = 1, updating: bool = False, issue: str = ""
) -> Decision:
    """Decide about a slice in which `passed` cases pass and the others miss; its minimum pass rate is 0.6."""
    cases = [result(number < passed, f"c{number}+fog-3", issue) for number in range(len(changes))]
    total = len(changes)
    summary = SliceResult(
        suite="s",
        model="model",
        corruption="fog",
        severity=3,
        passed=passed,
        total=total,
        errors=total - passed,
        clean_passed=total,
        clean_errors=0,
        low=0.0,
        high=1.0,
        groups=total,
        min_pass_rate=0.6,
    )
    return decide_slice(summary, cases, changes, gate, updating=updating)


@pytest.mark.parametrize("gate", GATES)
def test_a_slice_that_meets_its_limit_passes_under_every_gate(gate: Gate) -> None:
    assert slice_decision([SAME_PASS, SAME_PASS, WORSE], gate, passed=2) == Decision("pass")


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("change", [None, NEW])
def test_a_slice_without_a_baseline_fails_by_its_limit_under_every_gate(gate: Gate, change: Change | None) -> None:
    decision = slice_decision([change] * 3, gate)
    assert decision.action == "fail"
    assert decision.message == "s/fog+3: 1 of 3 passed (0.33, clean 1.00), at least 0.60 required"
    # A declared issue is known, and nothing fails in a run that becomes the baseline.
    assert slice_decision([change] * 3, gate, issue="TICKET-7").message.startswith("known failures: s/fog+3: ")
    assert slice_decision([change] * 3, gate, updating=True).message.startswith("accepted into the baseline: s/fog+3: ")


@pytest.mark.parametrize(
    ("gate", "changes", "action", "begin"),
    [
        # A miss in the baseline is known; the gate `thresholds` ignores the baseline.
        ("flips", [SAME_PASS, SAME_MISS, SAME_MISS], "xfail", "known failures: "),
        ("regression", [SAME_PASS, SAME_MISS, SAME_MISS], "xfail", "known failures: "),
        ("thresholds", [SAME_PASS, SAME_MISS, SAME_MISS], "fail", ""),
        # One known miss is enough to reach 0.6.
        ("flips", [SAME_PASS, SAME_MISS, WORSE], "xfail", "known failures: "),
        # Flips fail the slice only under `flips`.
        ("flips", [SAME_PASS, WORSE, WORSE], "fail", ""),
        ("regression", [SAME_PASS, WORSE, WORSE], "xfail", f"{UNGATED}: "),
        # No gate excuses cases that are new to the baseline.
        ("flips", [SAME_PASS, NEW, NEW], "fail", ""),
        ("regression", [SAME_PASS, NEW, NEW], "fail", ""),
        ("regression", [SAME_PASS, NEW, WORSE], "xfail", f"{UNGATED}: "),
    ],
)
def test_a_slice_falls_short_by_more_than_its_known_misses(
    gate: Gate, changes: list[Change | None], action: str, begin: str
) -> None:
    decision = slice_decision(changes, gate)
    assert (decision.action, decision.message.partition("s/fog+3: ")[0]) == (action, begin)
