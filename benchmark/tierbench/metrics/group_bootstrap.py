"""The bootstrap interval by group; it is reported beside the regression verdict and never decides it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BOOTSTRAP_SAMPLES = 2_000
# Drawn groups in memory at once: 32 MB as int64.
_BLOCK_CELLS = 2**22


def group_bootstrap(sums: npt.ArrayLike, sizes: npt.ArrayLike, *, seed: int = 0) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of the mean drop, from resampling whole groups.

    It is too narrow with few groups, so no decision depends on it. Source: Davison & Hinkley (1997), Bootstrap
    Methods and their Application, sections 3.8 and 5.3.

    Args:
        sums: sum of the drops of each group's cases, shape [groups], in units of the score.
        sizes: number of cases of each group, shape [groups].
        seed: of the resampling.

    Returns:
        Lower and upper end in units of the score; None with fewer than two groups.
    """
    drops, cases = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    groups = len(drops)
    if groups < 2:
        return None
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK_CELLS // groups)
    means = np.empty(BOOTSTRAP_SAMPLES)
    for start in range(0, BOOTSTRAP_SAMPLES, rows):
        size = (min(rows, BOOTSTRAP_SAMPLES - start), groups)
        drawn = generator.integers(0, groups, size=size)
        means[start : start + rows] = drops[drawn].sum(axis=1) / cases[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
