"""--robust-max-drop: a score that falls by more is a regression, whatever its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench


def test_the_limit_decides(accepted: Bench, unsure: Path) -> None:
    model = f"--robust-model=model={unsure}"
    # Red falls from 0.9 to 0.68, green and blue by less than 0.3.
    answer = accepted.run(model, "--robust-max-drop", "0.3", "-k", "test_case")
    assert answer.code == 0
    answer = accepted.run(model, "--robust-max-drop", "0.15", "-k", "test_case")
    assert answer.code == 1
    assert "regressed (score fell by more than 0.15)" in answer.text


@pytest.mark.parametrize("value", ["0", "1.5", "-1"])
def test_a_limit_outside_its_range_is_one_line(garage: Bench, value: str) -> None:
    answer = garage.run(f"--robust-max-drop={value}")
    assert answer.code == 4
    assert answer.errors == [f"--robust-max-drop {value} must be above 0 and at most 1"]
