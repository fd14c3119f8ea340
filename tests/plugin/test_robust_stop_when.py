"""--robust-stop-when decided: a data set stops when its demands on accuracy are decided."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_robust_dataset import gates, weather

__all__ = ["weather"]


@pytest.mark.parametrize(("least", "code", "said"), [(0.01, 0, "is certain at"), (1.0, 1, "is certainly missed at")])
def test_demands_are_decided(weather: Bench, least: float, code: int, said: str) -> None:
    gates(weather, f"[weather]\nmin_accuracy = {least}\n")
    answer = weather.run("--robust-stop-when=decided")
    assert answer.code == code, answer.text
    (result,) = weather.record().run.sets
    assert f"an accuracy of at least {least:g} on all {result.size} pictures {said}" in result.notes[-1]


def test_slices_without_a_demand_are_neither_predicted_nor_red(weather: Bench) -> None:
    gates(weather, '[weather.slices."fog+3"]\nmin_accuracy = 0.3\n')
    answer = weather.run("--robust-stop-when=decided", "-v", "-rA")
    assert answer.code == 0, answer.text
    (result,) = weather.record().run.sets
    assert [each.slice for each in result.slices] == ["fog+3"]
    assert "weather/fog+5: nothing is demanded of it, and no picture of it was predicted" in answer.text


def test_demands_on_other_figures_have_every_picture_that_they_need(weather: Bench) -> None:
    gates(weather, '[weather.slices."fog+3"]\nmin_accuracy = 0.01\nmax_drop = 0.3\n')
    answer = weather.run("--robust-stop-when=decided")
    assert answer.code == 0, answer.text
    (result,) = weather.record().run.sets
    assert {each.slice: each.total for each in result.slices} == {"clean": 20, "fog+3": 20}
    gates(weather, "[weather]\nmin_accuracy = 0.01\nmax_ece = 0.9\n")
    assert weather.run("--robust-stop-when=decided").code == 0
    assert weather.record().run.sets[0].complete


def test_what_cannot_be_decided_early_is_one_line(weather: Bench) -> None:
    answer = weather.run("--robust-stop-when=decided")
    assert answer.code == 4
    (line,) = answer.errors
    assert line == (
        "--robust-stop-when decided: nothing is demanded of the accuracy on data set 'weather'; write a min_accuracy "
        "into datasets.toml"
    )
    gates(weather, "[weather]\nmin_accuracy = 0.5\n")
    both = weather.run("--robust-stop-when=decided", "--robust-sample=5", "--robust-shard=1/2")
    assert [line.partition(":")[0].partition(" draws")[0] for line in both.errors] == ["--robust-stop-when"] * 2
