"""Error consistency follows Geirhos et al.: symmetric, bounded, and undefined if agreement by chance is certain."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from scipy import stats

from tierbench.metrics import error_consistency, error_consistency_interval

flags = stn.arrays(np.bool_, st.integers(1, 60))


def test_error_consistency_by_hand() -> None:
    a = [True, True, True, False, False, False, True, True]
    b = [True, True, False, False, False, True, True, False]
    # Agreement 5/8; hits 5/8 and 4/8, so chance agrees on 1/2.
    assert error_consistency(a, b) == pytest.approx((5 / 8 - 1 / 2) / (1 - 1 / 2))
    assert error_consistency([True, False], [False, True]) == -1


@given(flags, st.data())
def test_error_consistency_is_symmetric_and_bounded(a: npt.NDArray[np.bool_], data: st.DataObject) -> None:
    b = data.draw(stn.arrays(np.bool_, a.size))
    kappa = error_consistency(a, b)
    certain = (a.all() and b.all()) or not (a.any() or b.any())
    assert math.isnan(kappa) == certain
    if not certain:
        assert kappa == error_consistency(b, a)
        assert kappa == pytest.approx(error_consistency(~a, ~b))
        assert -1 <= kappa <= 1
        assert (kappa == 1) == np.array_equal(a, b)


def test_error_consistency_refuses_different_lengths() -> None:
    with pytest.raises(ValueError, match="correct_a and correct_b must have the same length, got 2 and 3"):
        error_consistency([True, False], [True, False, True])


def test_the_interval_is_that_of_the_jackknife() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(40) < 0.7, rng.random(40) < 0.6
    groups = np.repeat(np.arange(10), 4)
    without = [error_consistency(a[groups != group], b[groups != group]) for group in range(10)]
    error = math.sqrt(9 / 10 * float(((np.array(without) - np.mean(without)) ** 2).sum()))
    half = float(stats.t.ppf(0.975, 9)) * error
    interval = error_consistency_interval(a.tolist(), b.tolist(), groups.tolist())
    assert interval == pytest.approx((error_consistency(a, b) - half, error_consistency(a, b) + half))


def test_few_groups_and_an_undefined_kappa_have_no_interval() -> None:
    a, b = [True, False] * 5, [True, True] * 5
    assert error_consistency_interval(a, b, [index // 2 for index in range(10)]) is None
    assert error_consistency_interval([True] * 8, [True] * 8, range(8)) is None
    # Without its only miss, κ is not defined.
    assert error_consistency_interval([False] + [True] * 7, [False] + [True] * 7, range(8)) is None
