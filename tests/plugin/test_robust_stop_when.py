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
