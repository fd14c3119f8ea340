"""--robust-require-baseline: a model without a baseline is a problem."""

from __future__ import annotations

from tests.conftest import Bench


def test_without_a_baseline_nothing_runs(garage: Bench) -> None:
    answer = garage.run("--robust-require-baseline")
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith(
        "baseline 'model' of model 'model' does not exist (reports/baselines/model.csv); accept a run"
    )
    assert not (garage.path / "reports").exists()


def test_with_one_it_runs_and_the_first_can_be_made(garage: Bench) -> None:
    garage.configure(robust_require_baseline=True)
    assert garage.run("--robust-update-baseline").code == 0
    assert garage.run().code == 0
