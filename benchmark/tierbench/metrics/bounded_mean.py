"""The interval of the mean of a bounded figure, valid for any distribution within the bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tierbench.metrics._beta import root

# Stakes as shares of the largest one that cannot go bankrupt, from bold to careful.
_STAKES = 0.98 * 2.0 ** (-np.arange(20)[:, np.newaxis] / 2)


def bounded_mean_interval(
    values: Sequence[float], low: float, high: float, level: float = 0.05
) -> tuple[float, float] | None:
    """Return an interval of the mean that is wrong in at most `level` of samples, whatever the distribution is.

    For each candidate mean m, a gambler stakes against it: a capital that multiplies by 1 + λ(x − m) at each value x
    grows only with luck if m is right, so that it reaches 1 / level with a probability of at most `level` (Ville).
    The interval contains the means against which the average capital of several fixed stakes stays below 2 / level on
    both sides (Waudby-Smith & Ramdas 2024, JRSS B 86, 1-27, sections 4.2 and B.6). The order of the values does not
    matter, because the stakes are fixed.

    Args:
        values: independent values, such as means of groups.
        low, high: the bounds that they cannot leave.
        level: two-sided error, in (0, 1).

    Returns:
        Lower and upper end; None without values.

    Raises:
        ValueError: if a value is out of the bounds.
    """
    if not values:
        return None
    if not all(low <= value <= high for value in values):
        raise ValueError(f"every value must lie between {low:g} and {high:g}")
    unit = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    below, above = _lower(unit, level / 2), 1 - _lower(1 - unit, level / 2)
    return low + below * (high - low), low + above * (high - low)


def _lower(unit: npt.NDArray[np.float64], level: float) -> float:
    """Return the smallest mean, in [0, 1], that the gambler does not refute from above."""
    wanted = math.log(len(_STAKES) / level)

    def kept(mean: float) -> bool:
        capitals = np.log1p(_STAKES * (unit / mean - 1)).sum(axis=1)
        return float(np.logaddexp.reduce(capitals)) < wanted

    return root(kept, 0.0, 1.0)
