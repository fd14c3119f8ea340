"""The bootstrap of the net loss agrees with SciPy's, which draws group by group."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tierbench.metrics.group_bootstrap import group_bootstrap


@pytest.mark.parametrize(("lost", "won", "groups"), [(9, 4, 60), (30, 10, 100), (0, 20, 50)])
def test_bootstrap_agrees_with_scipy(lost: int, won: int, groups: int) -> None:
    moves = np.repeat([1.0, -1.0, 0.0], [lost, won, groups - lost - won])
    expected = stats.bootstrap(
        (moves,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    # Other draws, and shares are multiples of 1 / groups.
    assert group_bootstrap(lost, won, groups) == pytest.approx(tuple(expected), abs=1.01 / groups)


def test_bootstrap_is_seeded_and_has_limits() -> None:
    assert group_bootstrap(3, 1, 20) == group_bootstrap(3, 1, 20)
    assert group_bootstrap(0, 0, 5) == (0, 0)
    assert group_bootstrap(5, 0, 5) == (1, 1)
