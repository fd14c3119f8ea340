"""The expected calibration error agrees with a plain loop, and its bins are closed on the right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from tierbench.metrics import expected_calibration_error


def test_calibration_error_by_hand() -> None:
    # Bins of a fifth: 0.3 alone (wrong), 0.7 and 0.8 together (one right), 0.95 and 1.0 (both right).
    confidence, correct = [0.3, 0.7, 0.8, 0.95, 1.0], [False, True, False, True, True]
    expected = (1 * 0.3 + 2 * abs(0.75 - 0.5) + 2 * abs(0.975 - 1)) / 5
    assert expected_calibration_error(confidence, correct, bins=5) == pytest.approx(expected)


@pytest.mark.parametrize("edge", range(1, 16))
def test_calibration_bins_are_closed_on_the_right(edge: int) -> None:
    confidence = np.array([edge / 15, np.nextafter(edge / 15, 0)])
    # In one bin the two errors cancel; in two bins they would add up.
    found = expected_calibration_error(confidence, [True, False])
    assert found == pytest.approx(abs(edge / 15 - 0.5))
    assert found < 0.51


def test_zero_confidence_falls_into_the_first_bin() -> None:
    assert expected_calibration_error([0.0, 0.05], [False, False]) == pytest.approx(0.025)


def test_a_calibrated_model_has_no_calibration_error() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == 0
    assert expected_calibration_error([1.0] * 3, [False] * 3) == 1


@given(st.data(), st.integers(1, 50), st.integers(1, 40))
def test_calibration_error_agrees_with_a_loop(data: st.DataObject, total: int, bins: int) -> None:
    confidence = data.draw(stn.arrays(np.float64, total, elements=st.floats(0, 1)))
    correct = data.draw(stn.arrays(np.bool_, total))
    expected = 0.0
    for number in range(bins):
        low, high = (-1 if number == 0 else number / bins), (number + 1) / bins
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    found = expected_calibration_error(confidence, correct, bins=bins)
    assert found == pytest.approx(expected, abs=1e-9)
    assert expected_calibration_error(confidence, correct, bins=1) <= found + 1e-9


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "message"),
    [
        ([], [], 15, "confidence must be a list of at least one value"),
        ([0.5], [True, False], 15, "confidence and correct must have the same length, got 1 and 2"),
        ([1.2], [True], 15, r"confidence must lie in \[0, 1\]"),
        ([math.nan], [True], 15, r"confidence must lie in \[0, 1\]"),
        ([0.5], [0.5], 15, "correct must contain only true and false"),
        ([0.5], [True], 0, "bins must be at least 1, got 0"),
    ],
)
def test_calibration_error_refuses_wrong_arguments(
    confidence: list[float], correct: list[bool], bins: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(confidence, correct, bins=bins)
