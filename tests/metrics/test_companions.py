"""McNemar, Holm and the bootstrap agree with statsmodels, scipy and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from tierbench.metrics import companions
from tierbench.metrics.companions import group_bootstrap, mcnemar_exact
from tierbench.runs.regression import holm

counts = st.integers(0, 400)


@given(counts, counts)
@settings(max_examples=50, deadline=None)
def test_mcnemar_agrees_with_statsmodels(worse: int, better: int) -> None:
    expected = mcnemar([[10, worse], [better, 10]], exact=True).pvalue
    assert mcnemar_exact(worse, better) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("worse", "better", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 2**5),
        # Sign test of 9 pairs of one sign and 1 of the other (tables of the binomial distribution): 0.0215.
        (1, 9, 22 / 2**10),
        (9, 1, 22 / 2**10),
    ],
)
def test_mcnemar_by_hand(worse: int, better: int, p: float) -> None:
    assert mcnemar_exact(worse, better) == pytest.approx(p, abs=1e-12)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected, abs=1e-9)


def test_holm_by_hand() -> None:
    # The example that Wikipedia's "Holm-Bonferroni method" works through.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


def test_bootstrap_agrees_with_scipy() -> None:
    drops = np.random.default_rng(3).normal(0.1, 0.2, 12)
    expected = stats.bootstrap(
        (drops,),
        np.mean,
        n_resamples=companions.BOOTSTRAP_SAMPLES,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    # The same draws: numpy's generator gives both the same numbers.
    assert group_bootstrap(drops, np.ones(12), seed=5) == pytest.approx(tuple(expected), abs=1e-9)


def test_bootstrap_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sums, sizes = [0.3, -0.1, 0.2, 0.0], [3, 1, 2, 1]
    whole = group_bootstrap(sums, sizes, seed=1)
    monkeypatch.setattr(companions, "_BLOCK_CELLS", 4 * 300)
    assert group_bootstrap(sums, sizes, seed=1) == whole


def test_bootstrap_at_its_limits() -> None:
    assert group_bootstrap([], []) is None
    assert group_bootstrap([0.5], [3]) is None
    assert group_bootstrap([0.0, 0.0], [1, 2]) == (0.0, 0.0)
