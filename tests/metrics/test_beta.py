"""The beta distribution in plain Python agrees with SciPy over many orders of magnitude."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from tierbench.metrics._beta import at_least, beta_cdf, beta_quantile, t_quantile

shapes = st.floats(-1, 4).map(lambda power: 10**power)


@given(st.floats(0, 1), shapes, shapes)
def test_the_distribution_agrees_with_scipy(x: float, a: float, b: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(float(special.betainc(a, b, x)), abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.5, 2000), st.floats(0.5, 2000))
def test_the_quantile_agrees_with_scipy(share: float, a: float, b: float) -> None:
    assert beta_quantile(share, a, b) == pytest.approx(float(stats.beta.ppf(share, a, b)), rel=1e-6, abs=1e-9)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.01, 0.99))
def test_binomial_tails_agree_with_scipy(successes: int, trials: int, chance: float) -> None:
    assert at_least(successes, trials, chance) == pytest.approx(float(stats.binom.sf(successes - 1, trials, chance)))


@pytest.mark.parametrize("freedom", [1, 2, 4.5, 30, 5000])
def test_students_quantile_agrees_with_scipy(freedom: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(float(stats.t.ppf(0.975, freedom)), rel=1e-8)
