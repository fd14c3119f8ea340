"""Absence cases in a run: tests of their own, a gate of their own, and no part of tiers and level."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Bench

# Nothing of a ship is to be seen: the model claims one where it is blue.
ROWS = """\
file_name,label,tier,tags
red_1.png,automobile,1,
green_1.png,!ship,1,calm
green_2.png,!ship,2,calm
blue_1.png,!ship,2,
"""
SENTENCE = "harbour: 1 false alarm in 3 absence cases (0.33), at most"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_false_alarms_have_a_rate_and_a_gate_of_their_own(bench: Bench, workers: tuple[str, ...]) -> None:
    bench.suite("harbour", ROWS, "max_false_alarms = 0.2\n")
    if workers:
        # Predictions are kept, so that no worker needs torch.
        bench.run()
        bench.record()
    answer = bench.run(*workers)
    assert answer.code == 1
    assert f"{SENTENCE} 0.20 allowed: blue_1" in answer.text.splitlines()
    assert f"{SENTENCE} 0.20 allowed: blue_1 ✗" in answer.text.splitlines()
    assert "harbour/blue_1 [tier 2]: expected no ship, got ship" in answer.text
    run = bench.record().run
    (absence,) = run.absences
    assert (absence.cases, absence.false_alarms, absence.met) == (3, 1, False)
    # Only the automobile counts for a tier.
    assert [(tier.tier, tier.passed, tier.total) for tier in run.tiers] == [(1, 1, 1)]
    assert run.models[0].level == 1


def test_each_is_a_test_and_the_suite_is_one(bench: Bench) -> None:
    bench.suite("harbour", ROWS, "max_false_alarms = 0.4\n")
    outcomes = bench.outcomes("-m", "absence")
    assert outcomes == {"harbour/green_1": "passed", "harbour/green_2": "passed", "harbour/blue_1": "failed"}
    assert set(bench.outcomes("-m", "tier2")) == {"harbour/green_2", "harbour/blue_1"}
    assert set(bench.outcomes("-m", "calm")) == {"harbour/green_1", "harbour/green_2"}
    assert "test_absence[harbour] PASSED" in bench.run("-m", "absence", "-v").text


def test_without_absence_cases_there_is_no_such_test(bench: Bench) -> None:
    bench.suite("harbour", "file_name,label,tier\nred_1.png,automobile,1\n", "max_false_alarms = 0.4\n")
    assert "test_absence[" not in bench.run("-v").text


def test_a_false_alarm_that_the_baseline_has_is_known(bench: Bench) -> None:
    bench.suite("harbour", ROWS)
    bench.run("--robust-update-baseline")
    bench.record()
    answer = bench.run("-m", "absence")
    assert answer.code == 0
    assert {"2 passed", "2 xfailed"} <= set(re.split(r"[ =]*, |=+ | in ", answer.text.splitlines()[-1]))
