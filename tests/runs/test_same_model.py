"""With real predictions: the same model is never worse than itself, a worse one is caught, a small drop left open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.conftest import write_suite
from tests.garage import GARAGE, GREEN, worse_model
from tierbench.common.schema import PairedVerdict
from tierbench.models import load_classifier
from tierbench.runs.diff import diff_cases
from tierbench.runs.regression import judge_regression, verdict_sentence
from tierbench.scoring.evaluate import evaluate


@dataclass
class Judge:
    """Holds models against the scores of one, on the suite `garage`."""

    suite: Path
    accepted: pd.DataFrame

    def __call__(self, model: Path, batch_size: int = 16) -> tuple[pd.DataFrame, PairedVerdict]:
        """Return the diff of all cases, and the verdict of tier 1."""
        diff = diff_cases(self.accepted, evaluate(str(model), self.suite, batch_size=batch_size))
        return diff, judge_regression(diff)[0]


@pytest.fixture(scope="module")
def judge(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    suite = write_suite(tmp_path_factory.mktemp("cases") / "garage", GARAGE)
    # A baseline file holds six decimals.
    return Judge(suite, evaluate(str(colour_model), suite).round({"score": 6, "margin": 6}))


def regressed(diff: pd.DataFrame) -> list[str]:
    return sorted(diff.loc[diff["change"] == "regressed", "case"])


def test_the_same_model_again_is_cleared_200_times_of_200(judge: Judge, colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model))
    threads = torch.get_num_threads()
    changes: set[str] = set()
    states: set[str] = set()
    try:
        for number in range(200):
            # What changes from night to night: how images fall into batches, and how many threads there are.
            torch.set_num_threads(2 if number % 20 == 0 else 1)
            diff = diff_cases(judge.accepted, evaluate(classifier, judge.suite, batch_size=1 + number % 9))
            changes |= set(diff["change"])
            states.add(judge_regression(diff)[0].state)
    finally:
        torch.set_num_threads(threads)
    assert changes == {"same"}
    assert states == {"cleared"}


def test_one_label_pushed_down_is_caught_by_flips_which_name_its_images(
    judge: Judge, colour_model: Path, tmp_path: Path
) -> None:
    # 0.8 becomes 0.8·e⁻² / (0.2 + 0.8·e⁻²) = 0.351.
    diff, verdict = judge(worse_model(colour_model, tmp_path / "worse", truck=-2))
    assert regressed(diff) == GREEN
    assert set(diff.loc[diff["case"].isin(GREEN), "score"].round(3)) == {0.351}
    assert verdict.worse == 3
    assert verdict.state == "not shown"


def test_a_model_that_is_less_sure_of_everything_is_caught_by_the_paired_verdict(
    judge: Judge, colour_model: Path, tmp_path: Path
) -> None:
    # Logits of half their size: 0.7 of blue becomes √0.7 / (√0.25 + √0.02 + √0.7 + √0.03) = 0.507: no image flips.
    diff, verdict = judge(worse_model(colour_model, tmp_path / "worse", scale=0.5))
    assert not (diff["passed"] != diff["baseline_passed"]).any()
    assert verdict.state == "regressed"
    assert verdict.p_value == 1 / 2**8


def test_a_disturbance_too_small_for_the_sample_is_not_shown_and_says_what_could_have_been_seen(
    judge: Judge, colour_model: Path, tmp_path: Path
) -> None:
    diff, verdict = judge(worse_model(colour_model, tmp_path / "worse", truck=-0.5))
    assert regressed(diff) == []
    assert verdict.state == "not shown"
    assert verdict.detectable is not None
    assert verdict.drop < verdict.detectable < 0.1
    assert verdict_sentence(verdict).endswith(
        f"8 groups could have shown a drop of {verdict.detectable:.3f}".rstrip("0")
    )
