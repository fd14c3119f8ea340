"""The confidence sequence holds at all times at once, and settles everything when all is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from tierbench.metrics import share_reaches, share_sequence


@st.composite
def draws(draw: st.DrawFn) -> tuple[int, int, int]:
    """Return correct, drawn and size."""
    size = draw(st.integers(1, 300))
    drawn = draw(st.integers(0, size))
    return draw(st.integers(0, drawn)), drawn, size


@given(draws(), st.sampled_from([0.01, 0.05, 0.2]))
def test_it_is_what_the_posterior_does_not_rule_out(counts: tuple[int, int, int], alpha: float) -> None:
    correct, drawn, size = counts
    posterior = betabinom(size - drawn, 1 + correct, 1 + drawn - correct)
    kept = [
        number
        for number in range(correct, correct + size - drawn + 1)
        if (1 / (size + 1)) / posterior.pmf(number - correct) < 1 / alpha
    ]
    assert share_sequence(correct, drawn, size, alpha=alpha) == pytest.approx((kept[0] / size, kept[-1] / size))


@given(draws())
def test_it_holds_the_share_of_what_was_drawn_and_closes_at_the_end(counts: tuple[int, int, int]) -> None:
    correct, drawn, size = counts
    low, high = share_sequence(correct, drawn, size)
    assert 0 <= low <= high <= 1
    if drawn == size:
        assert low == high == correct / size
        assert share_reaches(correct, drawn, size, correct / size) is True
        assert share_reaches(correct, drawn, size, correct / size + 0.5 / size) is False


def test_it_is_fast_and_sane_on_large_sets() -> None:
    low, high = share_sequence(75_000, 100_000, 10**8)
    assert 0.74 < low < 0.75 < high < 0.76


def test_a_run_that_may_stop_at_any_picture_is_wrong_no_oftener_than_stated() -> None:
    size, least, alpha = 400, 0.7, 0.1
    # The worst place for a wrong yes: one picture below what is asked for.
    correct = math.ceil(least * size) - 1
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        seen = np.cumsum(rng.permutation(np.arange(size) < correct))
        wrong += any(
            share_reaches(int(seen[drawn - 1]), drawn, size, least, alpha=alpha) for drawn in range(10, size, 10)
        )
    assert wrong / 400 <= alpha


def test_pictures_without_a_prediction_speak_for_neither_side() -> None:
    assert share_reaches(90, 100, 100, 0.9) is True
    assert share_reaches(89, 100, 100, 0.9) is False
    assert share_reaches(89, 100, 100, 0.9, errors=1) is None


@pytest.mark.parametrize(("counts", "alpha"), [((3, 2, 5), 0.05), ((1, 6, 5), 0.05), ((1, 2, 5), 0.0)])
def test_what_makes_no_sense_is_refused(counts: tuple[int, int, int], alpha: float) -> None:
    with pytest.raises(ValueError, match=r"correct ≤ drawn ≤ size|alpha must lie between"):
        share_sequence(*counts, alpha=alpha)
