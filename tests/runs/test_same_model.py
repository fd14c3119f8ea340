"""Real predictions: the same model is unchanged at any temperature, a worse one is found, a small loss is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.conftest import write_suite
from tests.garage import GARAGE, GREEN, worse_model
from tests.runs.tables import rows_of
from tierbench.common.schema import PairedVerdict
from tierbench.models import load_classifier
from tierbench.runs.diff import RowDiff, diff_cases, paired_cases
from tierbench.runs.regression import judge_regression
from tierbench.runs.regression_text import verdict_sentence
from tierbench.scoring.evaluate import evaluate


def verdict_of(diff: list[RowDiff]) -> PairedVerdict:
    """Return the verdict of tier 1."""
    return judge_regression(paired_cases(diff))[1]


@dataclass
class Judge:
    """Compares models with the accepted scores of one model, on the suite `garage`."""

    suite: Path
    accepted: pd.DataFrame

    def __call__(self, model: Path, batch_size: int = 16) -> tuple[list[RowDiff], PairedVerdict]:
        """Return the diff of all cases, and the verdict of tier 1."""
        diff = self.diff(evaluate(str(model), self.suite, batch_size=batch_size))
        return diff, verdict_of(diff)

    def diff(self, scores: pd.DataFrame) -> list[RowDiff]:
        """Return the diff of scores against the accepted ones."""
        return diff_cases(rows_of(self.accepted), rows_of(scores))


@pytest.fixture(scope="module")
def judge(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    suite = write_suite(tmp_path_factory.mktemp("cases") / "garage", GARAGE)
    # A baseline file has six decimals.
    return Judge(suite, evaluate(str(colour_model), suite).round({"score": 6, "margin": 6}))


def regressed(diff: list[RowDiff]) -> list[str]:
    return [each.row.case for each in diff if each.change == "regressed"]


@pytest.mark.slow
def test_the_same_model_again_is_unchanged_200_times_of_200(judge: Judge, colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model))
    threads = torch.get_num_threads()
    tables: dict[str, pd.DataFrame] = {}
    try:
        for number in range(200):
            # Two things that change from run to run: the batches of images, and the number of threads.
            torch.set_num_threads(2 if number % 20 == 0 else 1)
            table = evaluate(classifier, judge.suite, batch_size=1 + number % 9)
            # Nights that agree to the last digit are judged once.
            tables[table.to_csv()] = table
    finally:
        torch.set_num_threads(threads)
    diffs = [judge.diff(table) for table in tables.values()]
    changes = {each.change for diff in diffs for each in diff}
    states = {verdict_of(diff).state for diff in diffs}
    assert changes == {"same"}
    assert states == {"unchanged"}


def test_a_drop_of_one_label_is_found_by_the_flips_of_its_images(
    judge: Judge, colour_model: Path, tmp_path: Path
) -> None:
    # 0.8 becomes 0.8·e⁻³ / (0.2 + 0.8·e⁻³) = 0.166, less than that of the ship, 0.1 / (0.2 + 0.8·e⁻³) = 0.417.
    diff, verdict = judge(worse_model(colour_model, tmp_path / "worse", truck=-3))
    assert regressed(diff) == GREEN
    assert {round(each.row.score or 0.0, 3) for each in diff if each.row.case in GREEN} == {0.166}
    assert (verdict.worse, verdict.lost, verdict.won) == (3, 3, 0)
    assert verdict.state == "not shown"
    assert verdict_sentence(verdict).startswith(
        "garage tier 1: not shown: lost 3 of 8 groups (green_1, green_2, green_3), won none; net loss 0.375"
    )


@pytest.mark.parametrize("scale", [0.5, 0.7, 1 / 1.01, 2.0])
def test_a_model_at_another_temperature_is_unchanged(
    judge: Judge, colour_model: Path, tmp_path: Path, scale: float
) -> None:
    # Logits of half their size: 0.7 of blue becomes √0.7 / (√0.25 + √0.02 + √0.7 + √0.03) = 0.507.
    diff, verdict = judge(worse_model(colour_model, tmp_path / "other", scale=scale))
    assert regressed(diff) == []
    assert verdict.state == "unchanged"


def test_a_model_that_lost_two_labels_of_three_is_found(judge: Judge, colour_model: Path, tmp_path: Path) -> None:
    _, verdict = judge(worse_model(colour_model, tmp_path / "worse", truck=-4, automobile=-6))
    assert (verdict.lost, verdict.state) == (6, "regressed")
    assert verdict.p_value == pytest.approx(2**-6)
