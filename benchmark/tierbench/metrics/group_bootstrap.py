"""The bootstrap interval of the net loss; it is reported beside the regression verdict and never decides it."""

from __future__ import annotations

import numpy as np

BOOTSTRAP_SAMPLES = 2_000


def group_bootstrap(lost: int, won: int, groups: int, *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile interval of the net loss, from resampling whole groups.

    It is too narrow with few groups, so no decision depends on it. Source: Davison & Hinkley (1997), Bootstrap
    Methods and their Application, sections 3.8 and 5.3.

    Args:
        lost, won: numbers of groups.
        groups: number of all groups, at least 1.
        seed: of the resampling.

    Returns:
        Lower and upper end, shares of the groups in [-1, 1].
    """
    shares = np.array([lost, won, groups - lost - won]) / groups
    drawn = np.random.default_rng(seed).multinomial(groups, shares, BOOTSTRAP_SAMPLES)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / groups, [0.025, 0.975])
    return float(low), float(high)
