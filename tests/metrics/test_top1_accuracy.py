"""Accuracy is a share with an interval, and accepts only true and false."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tierbench.metrics import accuracy


def test_accuracy_has_its_interval() -> None:
    result = accuracy([True] * 81 + [False] * 182)
    assert result == pytest.approx((81 / 263, 0.2553, 0.3662, 81, 263), abs=5e-5)
    assert accuracy(np.array([1, 0, 1, 1])).rate == 0.75
    assert accuracy(pd.Series([True, False])).passed == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one value"),
        ([0.5], "only true and false"),
        (["True"], "only true and false"),
        ([[1]], "1, 1"),
    ],
)
def test_accuracy_refuses_wrong_values(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy(values)  # type: ignore[arg-type]  # wrong on purpose
