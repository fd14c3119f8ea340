"""--robust-gate: what is red, by whom it is judged, and that the right images are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Answer, Bench
from tests.garage import GARAGE, GREEN, worse_model


def failed(text: str) -> list[str]:
    return sorted(re.findall(r"^FAILED \S+::(\S+\[[^\]]+\])", text, re.M))


CASES = [f"test_case[garage/{name}]" for name in GREEN]
LEVELS = ["test_level[garage/tier1]", "test_level[level]"]
# A demand that none of these models misses: what is left is the verdict.
LENIENT = "[tiers.1]\nmin_pass_rate = 0.0\n"


@pytest.mark.parametrize("gate", ["auto", "flips"])
def test_flips_name_the_images_that_got_worse(accepted: Bench, worse: Path, gate: str) -> None:
    answer = accepted.run(f"--robust-model=model={worse}", "--robust-gate", gate)
    assert answer.code == 1
    assert failed(answer.text) == [*CASES, *LEVELS, "test_tier[garage/tier1]"]
    line = "garage/green_1 [tier 1]: regressed (passed, now fails), was truck 0.800; now expected truck, got"
    assert line in answer.text
    record = accepted.record()
    changes = dict(zip(record.scores["case"], record.scores["change"], strict=True))
    assert sorted(case for case, change in changes.items() if change == "regressed") == GREEN
    (comparison,) = record.run.comparisons
    assert (comparison.regressed, comparison.same) == (3, 6)


def regression(bench: Bench, model: Path, *options: str) -> Answer:
    return bench.run(f"--robust-model=model={model}", "--robust-gate", "regression", *options)


def test_regression_leaves_flips_to_the_paired_verdict(accepted: Bench, worse: Path, unsure: Path) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    answer = regression(accepted, worse)
    assert answer.code == 0
    assert "garage tier 1: not shown: lost 3 of 8 groups (green_1, green_2, green_3), won none" in answer.text
    assert "8 groups could have shown a net loss of 0." in answer.text
    # Another temperature is no change.
    answer = regression(accepted, unsure)
    assert answer.code == 0
    assert "all suites: unchanged: every prediction is as before (9 cases, 9 groups)" in answer.text


def test_a_model_that_lost_most_of_a_tier_is_red_there_and_as_a_whole(accepted: Bench, tmp_path: Path) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    model = worse_model(accepted.model, tmp_path / "lost", truck=-4, automobile=-6, ship=-3)
    answer = regression(accepted, model)
    assert answer.code == 1
    assert failed(answer.text) == ["test_regression[all]", "test_regression[garage/tier1]"]
    assert "garage tier 1: regressed: lost 8 of 8 groups (blue_1, blue_2, green_1, green_2 and 4 more)" in answer.text
    (comparison,) = accepted.record().run.comparisons
    assert [(each.suite, each.tier, each.state) for each in comparison.verdicts] == [
        ("", None, "regressed"),
        ("garage", 1, "regressed"),
        ("garage", 2, "not shown"),
    ]


def test_a_loss_that_no_tier_shows_alone_is_red_as_a_whole(accepted: Bench, tmp_path: Path) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    # Five of five that changed have p = 0.031, which Holm's correction over two tiers doubles.
    model = worse_model(accepted.model, tmp_path / "lost", truck=-4, ship=-3)
    answer = regression(accepted, model)
    assert answer.code == 1
    assert failed(answer.text) == ["test_regression[all]"]
    # The tier alone is one hypothesis.
    answer = regression(accepted, model, "-m", "tier1")
    assert answer.code == 1
    assert failed(answer.text) == ["test_regression[garage/tier1]"]


def test_the_net_loss_that_a_tier_may_have_is_declared_by_its_suite(accepted: Bench, worse: Path) -> None:
    accepted.suite("garage", GARAGE, f"{LENIENT}allowed_drop = 0.9\n")
    answer = regression(accepted, worse, "-rA")
    assert answer.code == 0
    (comparison,) = accepted.record().run.comparisons
    assert comparison.verdicts[1].state == "cleared"
    assert "garage tier 1: cleared: lost 3 of 8 groups" in answer.text
    assert "a net loss of 0.9 is allowed" in answer.text


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
    assert [verdict.state for verdict in comparison.verdicts] == ["unchanged"] * 3


def test_a_verdict_that_is_not_shown_is_no_python_warning(accepted: Bench, worse: Path) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    answer = regression(accepted, worse, "-W", "error")
    assert answer.code == 0
    assert "garage tier 1: not shown: lost 3 of 8 groups" in answer.text


def test_an_unknown_gate_is_a_wrong_use(accepted: Bench) -> None:
    assert accepted.run("--robust-gate", "mood").code == 4
    accepted.configure(robust_gate="mood")
    answer = accepted.run()
    assert answer.code == 4
    assert "ini key robust_gate: 'mood' is unknown" in answer.errors[0]
