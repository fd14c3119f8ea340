"""--robust-max-drop: a margin that falls by more typical margins is a regression, whatever its verdict."""

from __future__ import annotations

import pytest

from tests.conftest import Bench


@pytest.mark.parametrize("value", ["0", "4.5", "-1"])
def test_a_limit_outside_its_range_is_one_line(garage: Bench, value: str) -> None:
    answer = garage.run(f"--robust-max-drop={value}")
    assert answer.code == 4
    assert answer.errors == [f"--robust-max-drop {value} must be above 0 and at most 4"]
