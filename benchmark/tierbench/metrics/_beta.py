"""The beta distribution in plain Python: binomial tails, their confidence limits, and Student's quantiles.

SciPy has all of them, but importing it takes longer than a whole warm run. The tests compare the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

_TINY = 1e-300
_EPSILON = 1e-15


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0.

    Source: the continued fraction DLMF 8.17.22, evaluated by Lentz's method.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    return min(1.0, front * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    upper, lower = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = lower
    # It converges in about the square root of max(a, b) steps.
    for step in range(1, 100_000):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            lower = 1 / _away_from_zero(1 + term * lower)
            upper = _away_from_zero(1 + term / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < _EPSILON:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return the x with I_x(a, b) = share."""
    return root(lambda x: beta_cdf(x, a, b) >= share, 0.0, 1.0)


@cache
def t_quantile(share: float, freedom: float) -> float:
    """Return the quantile of Student's distribution, for a share above ½."""
    x = beta_quantile(2 * (1 - share), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


def at_least(successes: float, trials: float, chance: float) -> float:
    """Return the probability that a binomial count is at least `successes`; counts may be fractions."""
    if successes <= 0:
        return 1.0
    return beta_cdf(chance, successes, trials - successes + 1) if successes <= trials else 0.0


def root(reached: Callable[[float], bool], low: float, high: float) -> float:
    """Return by bisection where a condition starts to hold."""
    while high - low > _EPSILON + 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
