"""--robust-gate: what is red, by whom it is judged, and that the right images are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE, GREEN, worse_model


def failed(text: str) -> list[str]:
    return sorted(re.findall(r"^FAILED \S+::(\S+\[[^\]]+\])", text, re.M))


CASES = [f"test_case[garage/{name}]" for name in GREEN]


@pytest.mark.parametrize("gate", ["auto", "flips"])
def test_flips_name_the_images_that_got_worse(accepted: Bench, worse: Path, gate: str) -> None:
    answer = accepted.run(f"--robust-model=model={worse}", "--robust-gate", gate)
    assert answer.code == 1
    assert failed(answer.text) == [*CASES, "test_tier[garage/tier1]"]
    line = "garage/green_1 [tier 1]: regressed (passed, now fails), was truck 0.800; now expected truck, got"
    assert line in answer.text
    record = accepted.record()
    changes = dict(zip(record.scores["case"], record.scores["change"], strict=True))
    assert sorted(case for case, change in changes.items() if change == "regressed") == GREEN
    (comparison,) = record.run.comparisons
    assert (comparison.regressed, comparison.same) == (3, 6)


def test_regression_leaves_flips_to_the_paired_verdict(accepted: Bench, worse: Path, unsure: Path) -> None:
    gate = ("--robust-gate", "regression", "--robust-max-drop", "0.9")
    answer = accepted.run(f"--robust-model=model={worse}", *gate)
    assert answer.code == 0
    assert "garage tier 1: not shown" in answer.text
    assert "8 groups could have shown a drop of" in answer.text
    answer = accepted.run(f"--robust-model=model={unsure}", *gate)
    assert answer.code == 1
    assert failed(answer.text) == ["test_regression[garage/tier1]"]
    assert "garage tier 1: regressed: mean score fell by" in answer.text


def test_too_small_a_disturbance_is_green_and_says_what_could_have_been_seen(accepted: Bench, tmp_path: Path) -> None:
    model = worse_model(accepted.model, tmp_path / "slightly", truck=-0.5)
    answer = accepted.run(f"--robust-model=model={model}", "--robust-gate", "regression")
    assert answer.code == 0
    assert re.search(r"tier 1: not shown: .*; 8 groups could have shown a drop of 0\.\d+", answer.text)


def test_the_drop_that_a_tier_may_have_is_declared_by_its_suite(accepted: Bench, tmp_path: Path) -> None:
    model = worse_model(accepted.model, tmp_path / "slightly", truck=-0.5)
    accepted.suite("garage", GARAGE, "[tiers.1]\nallowed_drop = 0.5\n")
    answer = accepted.run(f"--robust-model=model={model}", "--robust-gate", "regression")
    assert answer.code == 0
    assert re.search(r"tier 1: cleared: .*; a drop of 0.5 is allowed", answer.text)


def test_thresholds_fail_on_known_misses_too(accepted: Bench) -> None:
    answer = accepted.run("--robust-gate", "thresholds")
    assert answer.code == 1
    assert failed(answer.text) == ["test_case[garage/grey_1]", "test_tier[garage/tier2]"]


@pytest.mark.parametrize("gate", ["flips", "regression"])
def test_the_same_model_again_is_green(accepted: Bench, gate: str) -> None:
    answer = accepted.run("--robust-gate", gate, "--robust-no-cache")
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 9 same, 0 new" in answer.text
    (comparison,) = accepted.record().run.comparisons
    assert [verdict.state for verdict in comparison.verdicts] == ["cleared", "not shown"]


def test_an_unknown_gate_is_a_wrong_use(accepted: Bench) -> None:
    assert accepted.run("--robust-gate", "mood").code == 4
    accepted.configure(robust_gate="mood")
    answer = accepted.run()
    assert answer.code == 4
    assert "ini key robust_gate: 'mood' is unknown" in answer.errors[0]
