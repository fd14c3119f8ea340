from pathlib import Path

import pytest

from benchmark.gates import (
    GATES,
    JUDGED,
    UNGATED,
    Change,
    Decision,
    Gate,
    decide_case,
    decide_ladder,
    decide_regression,
    decide_tier,
)
from benchmark.ladders import LadderResult
from benchmark.results import CaseResult
from benchmark.scoring import Verdict
from benchmark.suites import Case, Suite, Thresholds, Tier
from benchmark.tiers import summarise_tier

SAME_MISS = Change("same", "", 0.1, "truck", baseline_passed=False)
SAME_PASS = Change("same", "", 0.9, "cat", baseline_passed=True)
WORSE = Change("regressed", "passed, now fails", 0.9, "cat", baseline_passed=True)
FELL = Change("regressed", "score fell by more than 0.2", 0.9, "cat", baseline_passed=True)
NEW = Change("new", "not in the baseline")


def result(passed: bool, case_id: str = "one", known_issue: str = "") -> CaseResult:
    case = Case("s", case_id, "x.png", Path("x.png"), ("cat",), 1, Thresholds(), known_issue=known_issue)
    score = 0.6 if passed else 0.1
    reason = "" if passed else "expected cat ≥ 0.50, got truck 0.800; cat 0.100 at rank 2"
    verdict = Verdict("cat" if passed else "truck", 0.8, score, 1 if passed else 2, 0.0, passed, reason, ())
    return CaseResult(case, "model", "00", verdict)


@pytest.mark.parametrize(
    ("gate", "passed", "change", "action"),
    [
        # Without a baseline, and of cases that are new to it, thresholds decide under every gate.
        *[(gate, True, change, "pass") for gate in GATES for change in (None, NEW)],
        *[(gate, False, change, "fail") for gate in GATES for change in (None, NEW)],
        # The gate `thresholds` does not look at the baseline.
        ("thresholds", False, SAME_MISS, "fail"),
        ("thresholds", True, FELL, "pass"),
        # `flips`: what the baseline misses too is known; what got worse fails, even above its thresholds.
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
def test_what_a_case_does_under_each_gate(gate: Gate, passed: bool, change: Change | None, action: str) -> None:
    assert decide_case(result(passed), change, gate).action == action


def test_a_declared_issue_is_known_under_every_gate() -> None:
    for gate in GATES:
        decision = decide_case(result(False, known_issue="TICKET-7"), WORSE, gate)
        assert decision.action == "xfail"
        assert decision.message.startswith("TICKET-7: s/one [tier 1]: expected cat")
        assert decide_case(result(True, known_issue="TICKET-7"), SAME_PASS, gate) == Decision("pass")


def test_a_regression_tells_what_was_and_what_is() -> None:
    assert decide_case(result(False), WORSE, "flips").message == (
        "s/one [tier 1]: regressed (passed, now fails), was cat 0.900; now expected cat ≥ 0.50, got truck 0.800; "
        "cat 0.100 at rank 2"
    )
    assert decide_case(result(True), FELL, "flips").message == (
        "s/one [tier 1]: regressed (score fell by more than 0.2), was cat 0.900, now 0.600"
    )


def test_a_run_that_becomes_the_baseline_fails_nothing() -> None:
    for gate in GATES:
        assert decide_case(result(False), WORSE, gate, updating=True).action == "xfail"
        assert decide_case(result(True), FELL, gate, updating=True) == Decision("pass")


def tier_decision(results: list[CaseResult], changes: list[Change | None], gate: Gate, demand: float) -> Decision:
    suite = Suite("s", Path(), "", tuple(r.case for r in results), {1: Tier(1, "", demand)}, {})
    tier = summarise_tier(suite, 1, "model", [r.row() for r in results])
    return decide_tier(tier, results, changes, gate, updating=False)


def test_a_tier_fails_where_it_falls_short_by_more_than_its_known_misses() -> None:
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


def ladder_decision(passed: list[bool], changes: list[Change | None], gate: Gate, issue: str = "") -> Decision:
    steps = [result(good, f"step{number}", "" if good else issue) for number, good in enumerate(passed)]
    values = [3.0, 2.0, 1.0]
    scores: list[float | None] = [0.9 if good else 0.1 for good in passed]
    seen = values[passed.index(False) - 1] if False in passed else values[-1]
    ladder = LadderResult("s", "model", "fog", "metres", "m", "falling", values, scores, passed, seen, gate=1.0)
    return decide_ladder(ladder, steps, changes, gate, updating=False)


def test_a_ladder_that_was_seen_farther_fails_under_flips_only() -> None:
    changes: list[Change | None] = [SAME_PASS, SAME_PASS, WORSE]
    passed = [True, True, False]
    assert ladder_decision(passed, changes, "flips").action == "fail"
    assert "regressed: step2" in ladder_decision(passed, changes, "flips").message
    decision = ladder_decision(passed, changes, "regression")
    assert (decision.action, decision.message.partition(":")[0]) == ("xfail", UNGATED)
    assert ladder_decision(passed, changes, "thresholds").action == "fail"
    known = ladder_decision(passed, [SAME_PASS, SAME_PASS, SAME_MISS], "flips")
    assert known.message.startswith("known failure: s/fog: seen down to 2 m")
    # What is declared is known, whatever it was before.
    assert ladder_decision(passed, changes, "flips", issue="TICKET-7").action == "xfail"


def test_a_tiers_flips_under_regression_are_said_to_be_judged_elsewhere() -> None:
    results = [result(True, "a"), result(False, "b")]
    assert tier_decision(results, [SAME_PASS, WORSE], "regression", 1.0).message.startswith(JUDGED)
    assert tier_decision(results, [SAME_PASS, SAME_MISS], "regression", 1.0).message.startswith("known failures")


def test_the_paired_verdict_fails_only_a_proven_regression_that_is_gated() -> None:
    assert decide_regression("regressed", "it fell", "regression", updating=False) == Decision("fail", "it fell")
    assert decide_regression("regressed", "it fell", "thresholds", updating=False).action == "xfail"
    assert decide_regression("regressed", "it fell", "flips", updating=True).action == "xfail"
    for state in ("inconclusive", "no regression"):
        assert decide_regression(state, "who knows", "regression", updating=False).action == "pass"
