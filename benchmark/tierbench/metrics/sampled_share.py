"""The interval for the share of a whole set, from a sample of it."""

from __future__ import annotations

from tierbench.metrics.wilson import wilson_interval


def sampled_share_interval(correct: int, drawn: int, size: int) -> tuple[float, float]:
    """Return the 95 % interval of the share of a finite set, from a stratified sample with proportional allocation.

    It is the score interval of a simple random sample with the finite population correction: the sample counts as one
    of drawn · (size − 1) / (size − drawn) pictures, so that a sample of everything has no spread. Strata that are drawn
    in proportion to their size make the spread smaller, not larger; that is not used, so the interval is too wide
    rather than too narrow. It also needs no stratum with two pictures. Source: Cochran (1977), Sampling Techniques,
    3rd ed., theorem 2.2 and section 5.6; for the interval see `wilson_interval`.

    Args:
        correct: number of drawn pictures that are correct.
        drawn: number of pictures in the sample.
        size: number of pictures in the set.

    Raises:
        ValueError: if the counts contradict each other.
    """
    if not 0 <= correct <= drawn <= size:
        raise ValueError(f"need 0 ≤ correct ≤ drawn ≤ size, got {correct}, {drawn}, {size}")
    if drawn == size and size:
        return correct / size, correct / size
    weight = (size - 1) / (size - drawn) if drawn else 1.0
    return wilson_interval(correct * weight, drawn * weight)
