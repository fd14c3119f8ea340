"""Holm's correction agrees with statsmodels and with a published example."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tierbench.runs.regression import holm


@pytest.fixture
def few_objects() -> None:
    """Keep what tests before this one left from the garbage collector, which `multipletests` calls each time."""
    gc.freeze()


@pytest.mark.usefixtures("few_objects")
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected, abs=1e-9)


def test_holm_by_hand() -> None:
    # The example that Wikipedia's "Holm-Bonferroni method" works through.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
