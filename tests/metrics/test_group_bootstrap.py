"""The bootstrap by group agrees with scipy, draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import tierbench.metrics.group_bootstrap as module
from tierbench.metrics.group_bootstrap import BOOTSTRAP_SAMPLES, group_bootstrap


def test_bootstrap_agrees_with_scipy() -> None:
    drops = np.random.default_rng(3).normal(0.1, 0.2, 12)
    expected = stats.bootstrap(
        (drops,),
        np.mean,
        n_resamples=BOOTSTRAP_SAMPLES,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    # The same draws: numpy's generator gives both the same numbers.
    assert group_bootstrap(drops, np.ones(12), seed=5) == pytest.approx(tuple(expected), abs=1e-9)


def test_bootstrap_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sums, sizes = [0.3, -0.1, 0.2, 0.0], [3, 1, 2, 1]
    whole = group_bootstrap(sums, sizes, seed=1)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 4 * 300)
    assert group_bootstrap(sums, sizes, seed=1) == whole


def test_bootstrap_at_its_limits() -> None:
    assert group_bootstrap([], []) is None
    assert group_bootstrap([0.5], [3]) is None
    assert group_bootstrap([0.0, 0.0], [1, 2]) == (0.0, 0.0)
