"""McNemar's exact test; it is reported beside the regression verdict and never decides it."""

from __future__ import annotations

from tierbench.metrics._beta import at_least


def mcnemar_exact(worse: int, better: int) -> float:
    """Return the exact two-sided p-value of McNemar's test, which assumes independent images.

    p = min(1, 2·Binom.cdf(min(n10, n01); n10 + n01, ½)). Source: McNemar (1947), Psychometrika 12, 153-157.

    Args:
        worse: n10, the number of cases that passed before and fail now.
        better: n01, the number of cases that failed before and pass now.

    Raises:
        ValueError: if a count is negative.
    """
    if min(worse, better) < 0:
        raise ValueError(f"counts must not be negative, got {worse} and {better}")
    # With a chance of ½, as many hits at least as misses at most.
    return min(1.0, 2.0 * at_least(max(worse, better), worse + better, 0.5))
