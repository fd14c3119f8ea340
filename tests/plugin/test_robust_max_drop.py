"""--robust-max-drop: a margin that falls by more typical margins is a regression, whatever its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.colour_table import COLOUR_TABLE
from tests.conftest import Bench
from tests.garage import worse_model

NOTE = "falls of margins are judged only in suites whose margins are all known; run them whole once"


def test_the_limit_decides(accepted: Bench, tmp_path: Path) -> None:
    # The typical margin is that of green, log 0.8 − log 0.1 = 2.08. It falls to 0.58, and the typical one to 1.03, of
    # blue: green falls to 0.56.
    model = f"--robust-model=model={worse_model(accepted.model, tmp_path / 'worse', truck=-1.5)}"
    answer = accepted.run(model)
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 9 same, 0 new" in answer.text
    answer = accepted.run(model, "--robust-max-drop", "0.4")
    assert answer.code == 1
    assert "3 regressed, 0 fixed, 6 same, 0 new" in answer.text
    assert "regressed (margin fell by more than 0.4 typical margins), was truck 0.800" in answer.text


# As above, for workers that then need no torch.
WORSE_TABLE = (
    COLOUR_TABLE
    + """

class WorseTable(ColourTable):
    fingerprint = "worse-table-1"

    def predict(self, images):
        said = super().predict(images)
        said[:, self.labels.index("truck")] *= np.exp(-1.5)
        return said / said.sum(axis=1, keepdims=True)
"""
)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_part_of_a_suite_is_judged_as_the_whole(accepted: Bench, workers: tuple[str, ...]) -> None:
    accepted.file("worse_table.py", WORSE_TABLE)
    model = "--robust-model=model=python:worse_table:WorseTable"
    part = (model, "--robust-max-drop", "0.4", "-k", "green_1 or green_2", *workers)
    # Nothing is known of the rest of the suite.
    answer = accepted.run(*part)
    assert answer.code == 0
    assert answer.line("falls of margins") == f"  {NOTE}"
    accepted.run(model)
    answer = accepted.run(*part)
    assert answer.code == 1
    assert "2 regressed, 0 fixed, 0 same, 0 new" in answer.text
    assert "falls of margins are" not in answer.text
    # Nor is it where predictions are not kept.
    assert NOTE in accepted.run(*part, "--robust-no-cache").text


def test_the_baseline_of_the_same_model_knows_the_rest_of_the_suite(accepted: Bench) -> None:
    answer = accepted.run("-k", "green_1", "--robust-no-cache")
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 1 same, 0 new" in answer.text
    assert "falls of margins" not in answer.text


def test_another_temperature_is_no_fall(accepted: Bench, unsure: Path) -> None:
    answer = accepted.run(f"--robust-model=model={unsure}", "--robust-max-drop", "0.01")
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 9 same, 0 new" in answer.text
    assert "falls of margins" not in answer.text


@pytest.mark.parametrize("value", ["0", "4.5", "-1"])
def test_a_limit_outside_its_range_is_one_line(garage: Bench, value: str) -> None:
    answer = garage.run(f"--robust-max-drop={value}")
    assert answer.code == 4
    assert answer.errors == [f"--robust-max-drop {value} must be above 0 and at most 4"]
