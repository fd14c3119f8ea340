"""Twins in a run: they are predicted with their cases, have no test and no row, and change the verdict."""

from __future__ import annotations

import pytest

from tests.conftest import Bench

ROWS = """\
file_name,label,tier,id,twin
red_1.png,automobile,1,seen,road
orange_1.png,automobile,2,unsure,garage
green_1.png,-,,road,
red_2.png,-,,garage,
"""


@pytest.fixture
def cars(bench: Bench) -> Bench:
    bench.suite("cars", ROWS)
    return bench


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_case_is_held_against_its_twin(cars: Bench, workers: tuple[str, ...]) -> None:
    if workers:
        # Predictions are kept, so that no worker needs torch.
        cars.run()
        cars.record()
    answer = cars.run(*workers)
    assert answer.code == 1
    message = "cars/unsure [tier 2]: seen no better than without it: log margin 0.12, its twin garage 2.89"
    assert message in answer.text.splitlines()
    record = cars.record()
    assert list(record.scores["case"]) == ["seen", "unsure"]
    assert record.scores["passed"].tolist() == [True, False]
    assert record.scores["twin_log_margin"].round(2).tolist() == [-2.59, 2.89]
    assert [(tier.tier, tier.passed, tier.total) for tier in record.run.tiers] == [(1, 1, 1), (2, 0, 1)]


def test_the_twin_is_predicted_whatever_selects_the_case(cars: Bench) -> None:
    assert cars.outcomes("-k", "unsure") == {"cars/unsure": "failed"}


def test_an_accepted_baseline_keeps_the_log_margins(cars: Bench) -> None:
    cars.run("--robust-update-baseline")
    text = (cars.path / "reports" / "baselines" / "model.csv").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("cars,unsure")]
    cells = line.split(",")
    assert cells[8] == "False"
    assert float(cells[-2]) == pytest.approx(2.8904, abs=1e-3)
    # The same again: the miss is known.
    answer = cars.run()
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 2 same" in answer.text


def test_a_sweep_has_no_twins(cars: Bench) -> None:
    cars.run("-m", "corruption", "--robust-corruptions", "contrast", "--robust-severities", "1")
    scores = cars.record().scores
    assert list(scores["case"]) == ["seen+contrast-1"]
    assert scores["twin_log_margin"].isna().all()
