"""The 50 % point of a curve of shares that falls from step to step, and its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def monotone(shares: npt.ArrayLike) -> Floats:
    """Return the curve that never rises and is nearest to the shares by least squares.

    The minimum over all starts of the maximum over all ends of the mean in between (Robertson, Wright & Dykstra 1988,
    Order Restricted Statistical Inference, theorem 1.4.4).

    Args:
        shares: shape [..., n_steps].

    Returns:
        The curve, of the same shape.
    """
    values = np.asarray(shares, dtype=np.float64)
    steps = values.shape[-1]
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(axis=-1)], axis=-1)
    fitted = np.empty_like(values)
    for step in range(steps):
        # Shape [..., starts, ends]: means of all runs of steps that hold this one.
        starts, ends = np.arange(step + 1), np.arange(step + 1, steps + 1)
        means = (sums[..., None, ends] - sums[..., starts, None]) / (ends - starts[:, None])
        fitted[..., step] = means.max(axis=-1).min(axis=-1)
    return fitted


def half_position(shares: npt.ArrayLike) -> Floats:
    """Return where the monotone curve passes one half, counted in steps from 0; between steps it is a line.

    Where it stays at one half for a while, it is the middle of that. A curve that starts below one half has −1/2, and
    one that ends above it n_steps − 1/2: half a step outside of what was seen.

    Args:
        shares: shape [..., n_steps].

    Returns:
        Shape [...].
    """
    curve = monotone(shares)
    return (_passes(curve, np.greater_equal) + _passes(curve, np.greater)) / 2


def _passes(curve: Floats, above: np.ufunc) -> Floats:
    """Return where the curve is above one half for the last time."""
    steps = curve.shape[-1]
    last = above(curve, 0.5).sum(axis=-1) - 1
    here = np.take_along_axis(curve, np.clip(last, 0, steps - 1)[..., None], axis=-1)[..., 0]
    there = np.take_along_axis(curve, np.clip(last + 1, 0, steps - 1)[..., None], axis=-1)[..., 0]
    inside = (last >= 0) & (last < steps - 1)
    # Outside of the steps it is half a step away, unless the first or the last step is at one half.
    outside = np.where(last < 0, np.where(there == 0.5, 1, 0.5), np.where(here == 0.5, 0, 0.5))
    part = np.where(inside, (here - 0.5) / np.where(here > there, here - there, 1), outside)
    return np.asarray(last + part, dtype=np.float64)


def at_position(values: Sequence[float], position: float) -> float | None:
    """Return the parameter at a position between steps; None outside of the steps.

    Between two positive values it is geometric, because ladders go in ratios, else linear.

    Args:
        values: the parameter at each step.
        position: counted in steps from 0.
    """
    if not 0 <= position <= len(values) - 1:
        return None
    before = min(int(position), len(values) - 2) if len(values) > 1 else 0
    part = position - before
    if not part:
        return float(values[before])
    first, second = values[before], values[before + 1]
    if first > 0 and second > 0:
        return float(first ** (1 - part) * second**part)
    return float(first + part * (second - first))


def position_interval(
    recognised: npt.ArrayLike, *, coverage: float = 0.95, samples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return an interval for the position of one half, if as many other views were drawn.

    The share of all views in which a step is recognised has, after the views that were seen and a uniform prior, a
    beta distribution; as many new views are drawn from it, each step on its own. That is the posterior predictive
    distribution of the figure. (A bootstrap of the views is too narrow: where all eight agree, it leaves no doubt. The
    uniform prior is wider than Jeffreys's, because the eight views disturb less than those that may be drawn.)

    Args:
        recognised: shape [n_steps, n_views]; whether each step was recognised in each view.
        coverage: of the interval.
        samples: number of draws.
        seed: of the draws.

    Returns:
        The lower and the upper position, in steps from 0; the position of the views that were seen lies between them.
    """
    table = np.asarray(recognised, dtype=np.float64)
    seen, views = table.sum(axis=1), table.shape[1]
    rng = np.random.default_rng(seed)
    shares = rng.binomial(views, rng.beta(seen + 1, views - seen + 1, (samples, len(seen)))) / views
    low, high = np.quantile(half_position(shares), [(1 - coverage) / 2, (1 + coverage) / 2])
    here = float(half_position(seen / views))
    return min(float(low), here), max(float(high), here)
