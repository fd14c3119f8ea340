"""An interval for the share of a finite set that may be looked at after every picture: it holds at all times."""

from __future__ import annotations

import math


def share_sequence(correct: int, drawn: int, size: int, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the confidence sequence for the share of a set that is correct, after some of it was drawn.

    With a probability of at least 1 − alpha, the share lies in the intervals after 1, 2, 3 … drawn pictures, all at
    once. So a run may look after every picture, and stop when the interval settles a question: the error rate of what
    it then says is at most alpha. The interval of a plain test does not allow that.

    It is the prior-posterior-ratio confidence sequence for sampling without replacement, with a uniform prior on the
    number of correct pictures: the numbers whose prior is less than 1/alpha times their posterior. When all of the set
    is drawn, only the true number is left. Source: Waudby-Smith & Ramdas (2020), Confidence sequences for sampling
    without replacement, NeurIPS 33, section 2 (beta-binomial prior, hypergeometric likelihood).

    Args:
        correct: number of drawn pictures that are correct.
        drawn: number of pictures drawn, in random order and none twice.
        size: number of pictures in the set.
        alpha: the error rate.

    Returns:
        Lower and upper bound, fractions in [0, 1].

    Raises:
        ValueError: if the counts contradict each other, or alpha does not lie between 0 and 1.
    """
    low, high = _counts(correct, drawn, size, alpha)
    return (low / size, high / size) if size else (0.0, 1.0)


def share_reaches(
    correct: int, drawn: int, size: int, least: float, *, alpha: float = 0.05, errors: int = 0
) -> bool | None:
    """Return whether a share is reached, as soon as that is certain at the error rate; None before.

    Args:
        correct, drawn, size, alpha: see `share_sequence`.
        least: the share that is asked for.
        errors: number of drawn pictures without a prediction. Both answers must hold whatever they would have been: for
            True they count as wrong, for False as correct.
    """
    wanted = math.ceil(least * size - 1e-9)
    if _counts(correct, drawn, size, alpha)[0] >= wanted:
        return True
    return False if _counts(correct + errors, drawn, size, alpha)[1] < wanted else None


def _counts(correct: int, drawn: int, size: int, alpha: float) -> tuple[int, int]:
    """Return the least and the largest number of correct pictures in the set that are not ruled out."""
    if not 0 <= correct <= drawn <= size:
        raise ValueError(f"need 0 ≤ correct ≤ drawn ≤ size, got {correct}, {drawn}, {size}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    left = size - drawn
    if not drawn:
        return 0, size
    # Below 1/alpha: the prior, 1 / (size + 1), by the posterior.
    needed = math.log(alpha) - math.log(size + 1)

    def kept(more: int) -> bool:
        return _log_beta_binomial(more, left, 1 + correct, 1 + drawn - correct) > needed

    # The posterior has a single peak, which is always kept.
    peak = min(left, max(0, (left * correct - (drawn - correct)) // drawn + 1))
    first, last = 0, peak
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if kept(middle) else (middle + 1, last)
    low = first
    first, last = peak, left
    while first < last:
        middle = (first + last + 1) // 2
        first, last = (middle, last) if kept(middle) else (first, middle - 1)
    return correct + low, correct + first


def _log_beta_binomial(hits: int, trials: int, a: int, b: int) -> float:
    """Return the logarithm of the probability of a beta-binomial count."""
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    chance = math.lgamma(hits + a) + math.lgamma(trials - hits + b) - math.lgamma(trials + a + b)
    return ways + chance + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
