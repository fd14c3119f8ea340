"""The Wilson interval agrees with published values, also at its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.metrics import wilson_interval


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_agrees_with_published_values(passed: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(passed, total) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(total - passed, total) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_wilson_interval_contains_the_rate(a: int, b: int) -> None:
    passed, total = min(a, b), max(a, b)
    low, high = wilson_interval(passed, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low <= passed / total <= high
        assert (low == 0) == (passed == 0)
        assert (high == 1) == (passed == total)


def test_wilson_interval_without_images_is_0_to_1() -> None:
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("passed", "total"), [(-1, 5), (6, 5), (0, -1)])
def test_wilson_interval_refuses_contradictory_counts(passed: int, total: int) -> None:
    with pytest.raises(ValueError, match="passed must lie between 0 and total"):
        wilson_interval(passed, total)
