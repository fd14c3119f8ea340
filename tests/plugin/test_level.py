"""`test_level`: what the baseline reached is not lost, under every gate, and nothing excuses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE
from tests.plugin.test_robust_gate import failed

LOST = "garage tier 1: 8 of 8 passed in the baseline, 5 now, at least 1.00 required"
FELL = "model: level 1 in the baseline, 0 now, on the 9 cases that both have"


@pytest.mark.parametrize("gate", ["thresholds", "flips", "regression"])
def test_a_lost_demand_and_a_lost_level_are_red_under_every_gate(accepted: Bench, worse: Path, gate: str) -> None:
    answer = accepted.run(f"--robust-model=model={worse}", "--robust-gate", gate)
    assert answer.code == 1
    assert {"test_level[garage/tier1]", "test_level[level]"} <= set(failed(answer.text))
    assert LOST in answer.text.splitlines()
    assert FELL in answer.text.splitlines()
    levels = {(level.suite, level.tier): level for level in accepted.record().run.levels}
    assert [levels[about].fell for about in (("garage", 1), ("garage", 2), ("", None))] == [True, False, True]


def test_a_known_issue_does_not_excuse_it(accepted: Bench, worse: Path) -> None:
    head, *rows = GARAGE.splitlines()
    excused = "\n".join([f"{head},known_issue", *(f"{row},{'TICKET-1' if 'green' in row else ''}" for row in rows)])
    accepted.suite("garage", f"{excused}\n")
    answer = accepted.run(f"--robust-model=model={worse}", "-m", "level or tier1")
    assert "test_level[garage/tier1]" in failed(answer.text)


def test_a_demand_that_is_low_enough_is_not_lost(accepted: Bench, worse: Path) -> None:
    accepted.suite("garage", GARAGE, "[tiers.1]\nmin_pass_rate = 0.6\n")
    answer = accepted.run(f"--robust-model=model={worse}", "--robust-gate", "regression")
    assert not [test for test in failed(answer.text) if test.startswith("test_level")]


def test_a_part_of_the_tiers_selects_its_own_demand_only(accepted: Bench, worse: Path) -> None:
    answer = accepted.run(f"--robust-model=model={worse}", "-m", "tier1", "--robust-gate", "regression")
    assert [test for test in failed(answer.text) if test.startswith("test_level")] == ["test_level[garage/tier1]"]
    assert accepted.run(f"--robust-model=model={worse}", "-m", "tier2").code == 0


def test_without_a_baseline_and_while_one_is_written_there_is_none(garage: Bench) -> None:
    assert not [test for test in garage.outcomes() if "level" in test]
    assert "test_level" not in garage.run("--robust-update-baseline", "-v").text


def test_the_same_model_again_loses_nothing(accepted: Bench) -> None:
    answer = accepted.run("-m", "level", "-v")
    assert answer.code == 0
    assert "test_level[level] PASSED" in answer.text


def test_workers_judge_the_level_alike(accepted: Bench, worse: Path) -> None:
    accepted.run(f"--robust-model=model={worse}")
    answer = accepted.run(f"--robust-model=model={worse}", "-n", "1", "-m", "level")
    assert failed(answer.text) == ["test_level[garage/tier1]", "test_level[level]"]
