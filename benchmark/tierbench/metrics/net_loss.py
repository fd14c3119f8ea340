"""The net loss of groups, P(lost) − P(won): an exact test, bounds, and what a sample can show."""

from __future__ import annotations

import math
from collections.abc import Callable

from tierbench.metrics._beta import at_least, beta_quantile

# No suite has more groups than this.
MOST_GROUPS = 1_000_000


def net_loss_p(lost: float, won: float) -> float:
    """Return the exact one-sided p-value of "a group is lost no more often than it is won".

    Among the groups that changed, each is then lost with a probability of at most ½, whatever the share of changes is:
    p = P(Binomial(lost + won, ½) ≥ lost), the sign test of Dixon & Mood (1946), JASA 41, 557-566.

    Args:
        lost, won: numbers of groups; fractions are interpolated.
    """
    return at_least(lost, lost + won, 0.5)


def net_loss_upper(lost: float, won: float, groups: float, level: float = 0.05) -> float:
    """Return an upper bound of P(lost) − P(won) that is too low in at most `level` of samples.

    The Clopper-Pearson limits of the two shares are combined by the method of variance estimates recovery for
    dependent shares (Zou & Donner 2008, Statist. Med. 27, 1693-1702), with the correlation of the two at its largest
    within the limits. With none won it is Clopper & Pearson's bound (1934, Biometrika 26, 404-413): zero lost of g
    groups prove 1 − level^(1/g). Its exact coverage is tabled in docs/statistics.md.

    Args:
        lost, won: numbers of groups; fractions are interpolated.
        groups: number of all groups, at least 1.
        level: one-sided error, in (0, 1).
    """
    share_lost, share_won = lost / groups, won / groups
    most_lost = 1.0 if lost >= groups else beta_quantile(1 - level, lost + 1, groups - lost)
    least_won = 0.0 if won <= 0 else beta_quantile(level, won, groups - won + 1)
    above, below = most_lost - share_lost, share_won - least_won
    correlation = 0.0
    if share_won:
        odds = most_lost * share_won
        correlation = 1.0 if most_lost + share_won >= 1 else math.sqrt(odds / ((1 - most_lost) * (1 - share_won)))
    return share_lost - share_won + math.sqrt(above**2 + below**2 + 2 * min(1.0, correlation) * above * below)


def net_loss_interval(lost: float, won: float, groups: float, level: float = 0.05) -> tuple[float, float]:
    """Return the two-sided interval of P(lost) − P(won): the upper bounds of the loss and of the gain."""
    return -net_loss_upper(won, lost, groups, level / 2), net_loss_upper(lost, won, groups, level / 2)


def least_lost(won: int, groups: int, level: float, least_loss: float) -> int | None:
    """Return how many groups must be lost, with so many won, for a significant loss; None if there are too few groups.

    Args:
        won: number of groups won.
        groups: number of all groups.
        level: the level of the test.
        least_loss: the smallest net loss that counts.
    """
    first = max(won + 1, math.ceil(won + least_loss * groups - 1e-9))
    return _first(lambda lost: net_loss_p(lost, won) <= level, first, groups - won)


def detectable_loss(won: int, groups: int, level: float, least_loss: float, power: float = 0.8) -> float | None:
    """Return the net loss that a sample shows with this power if as many groups are won as here; None: no net loss.

    An observed loss that is not significant is always smaller, so that the two never contradict each other.
    """
    needed = least_lost(won, groups, level, least_loss)
    if needed is None:
        return None
    others = groups - won
    # The probability of a loss of those that are not won at which `needed` of them are lost with this power.
    return (beta_quantile(power, needed, others - needed + 1) * others - won) / groups


def groups_needed(
    lost: int, won: int, groups: int, *, level: float, least_loss: float, allowed: float
) -> tuple[int, str] | None:
    """Return how many groups would settle it if the shares of lost and won stay, and as what; None: no number would.

    Args:
        lost, won, groups: the sample.
        level: the level of the test.
        least_loss: the smallest net loss that is called regressed.
        allowed: the net loss that must be excluded for cleared.
    """

    def shown(size: int) -> bool:
        return net_loss_p(lost * size // groups, -(-won * size // groups)) <= level

    def excluded(size: int) -> bool:
        return net_loss_upper(-(-lost * size // groups), won * size // groups, size) < allowed

    found = []
    if lost - won >= least_loss * groups and (count := _first(shown, groups + 1, MOST_GROUPS)):
        found.append((count, "regressed"))
    if lost - won < allowed * groups and (count := _first(excluded, groups + 1, MOST_GROUPS)):
        found.append((count, "cleared"))
    return min(found, default=None)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """Return the smallest number from `low` to `high` from which on a condition holds; None if there is none."""
    step, top = 1, low
    # The answer is mostly near: double the step until the condition holds.
    while top < high and not holds(top):
        low, top, step = top + 1, min(high, top + step), 2 * step
    if top > high or not holds(top):
        return None
    while low < top:
        middle = (low + top) // 2
        low, top = (low, middle) if holds(middle) else (middle + 1, top)
    return top
