"""The interval of a whole set from a sample covers it, and closes when the sample is the set."""

from __future__ import annotations

import numpy as np
import pytest

from tierbench.metrics import sampled_share_interval, wilson_interval


def test_a_sample_of_everything_has_no_spread() -> None:
    assert sampled_share_interval(7, 10, 10) == (0.7, 0.7)


def test_a_small_sample_of_a_large_set_has_the_interval_of_wilson() -> None:
    assert sampled_share_interval(75, 100, 10**9) == pytest.approx(wilson_interval(75, 100), abs=1e-6)
    assert sampled_share_interval(0, 0, 10) == (0, 1)


def test_it_covers_the_set_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    # Of many sets: how often the share of a single one is covered depends on where its counts fall.
    for correct in rng.integers(100, 901, 4000):
        low, high = sampled_share_interval(int(rng.hypergeometric(correct, 1000 - correct, 400)), 400, 1000)
        covered += low <= correct / 1000 <= high
    assert 0.94 <= covered / 4000 <= 0.96


@pytest.mark.parametrize("counts", [(-1, 2, 3), (3, 2, 3), (1, 4, 3)])
def test_counts_that_contradict_each_other_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="correct ≤ drawn ≤ size"):
        sampled_share_interval(*counts)
