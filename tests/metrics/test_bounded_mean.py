"""The interval of a bounded mean: by hand, for any distribution, whatever the order of the values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.metrics.bounded_mean import bounded_mean_interval

values = st.lists(st.floats(-4, 4), min_size=1, max_size=40)


def test_an_interval_by_hand() -> None:
    # Five values at the upper bound: with stake c the capital against a mean m is (1 + c (1/m − 1))^5. The interval
    # ends where the average over the twenty stakes reaches 2 / 0.05.
    interval = bounded_mean_interval([1.0] * 5, 0, 1)
    assert interval is not None
    low, high = interval
    stakes = [0.98 * 2 ** (-step / 2) for step in range(20)]
    assert sum((1 + stake * (1 / low - 1)) ** 5 for stake in stakes) / 20 == pytest.approx(40, rel=1e-6)
    assert high == pytest.approx(1)


@given(values)
@settings(deadline=None)
def test_it_contains_the_mean_whatever_the_order(falls: list[float]) -> None:
    interval = bounded_mean_interval(falls, -4, 4)
    assert interval is not None
    assert -4 <= interval[0] <= math.fsum(falls) / len(falls) + 1e-9
    assert interval[1] >= math.fsum(falls) / len(falls) - 1e-9
    assert bounded_mean_interval(falls[::-1], -4, 4) == pytest.approx(interval)
    mirror = bounded_mean_interval([-fall for fall in falls], -4, 4)
    assert mirror == pytest.approx((-interval[1], -interval[0]), abs=1e-6)
    # The same values again are more evidence.
    twice = bounded_mean_interval(falls * 2, -4, 4)
    assert twice is not None
    assert twice[1] - twice[0] <= interval[1] - interval[0] + 1e-6


@pytest.mark.parametrize(("rare", "chance"), [(1.0, 0.1), (0.6, 0.3), (1.0, 0.5)])
def test_it_is_wrong_in_at_most_its_level(rare: float, chance: float) -> None:
    # All samples of twelve values, each `rare` or 0, with their probabilities.
    wrong = 0.0
    for count in range(13):
        interval = bounded_mean_interval([rare] * count + [0.0] * (12 - count), 0, 1)
        assert interval is not None
        if not interval[0] <= rare * chance <= interval[1]:
            wrong += math.comb(12, count) * chance**count * (1 - chance) ** (12 - count)
    assert wrong <= 0.05


def test_no_values_and_values_out_of_bounds() -> None:
    assert bounded_mean_interval([], -1, 1) is None
    for bad in (1.1, -1.1, math.nan):
        with pytest.raises(ValueError, match="every value must lie between -1 and 1"):
            bounded_mean_interval([0.0, bad], -1, 1)
