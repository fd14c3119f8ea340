"""The net loss: published limits, exact coverage, and that what a sample could show never contradicts what it shows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.metrics.net_loss import (
    detectable_loss,
    groups_needed,
    least_lost,
    net_loss_interval,
    net_loss_p,
    net_loss_upper,
)


@st.composite
def samples(draw: st.DrawFn, most: int = 60) -> tuple[int, int, int]:
    """Draw numbers of lost, won, and all groups."""
    groups = draw(st.integers(1, most))
    lost = draw(st.integers(0, groups))
    return lost, draw(st.integers(0, groups - lost)), groups


def test_the_test_is_the_sign_test() -> None:
    # Tables of the binomial distribution: of 10 signs, 9 or more of one kind, 11 of 1024 patterns.
    assert net_loss_p(9, 1) == pytest.approx(11 / 1024)
    assert net_loss_p(5, 0) == pytest.approx(1 / 32)
    assert net_loss_p(0, 0) == net_loss_p(0, 7) == 1
    assert net_loss_p(400, 300) == pytest.approx(sum(math.comb(700, k) for k in range(400, 701)) / 2**700)


@pytest.mark.parametrize(
    ("lost", "groups", "upper"),
    # One-sided 95 % limits of Clopper & Pearson (1934), as in tables of binomial limits.
    [(0, 10, 0.2589), (1, 10, 0.3942), (3, 10, 0.6066), (0, 30, 0.0950), (2, 20, 0.2826), (10, 10, 1.0)],
)
def test_with_none_won_the_bound_is_that_of_clopper_and_pearson(lost: int, groups: int, upper: float) -> None:
    assert net_loss_upper(lost, 0, groups) == pytest.approx(upper, abs=6e-5)
    assert net_loss_upper(0, 0, groups) == pytest.approx(1 - 0.05 ** (1 / groups))


@pytest.mark.parametrize(("groups", "level"), [(6, 0.05), (12, 0.05), (25, 0.05), (12, 0.01)])
def test_the_bound_is_too_low_in_at_most_its_level(groups: int, level: float) -> None:
    upper = {
        (lost, won): net_loss_upper(lost, won, groups, level)
        for lost in range(groups + 1)
        for won in range(groups + 1 - lost)
    }
    for net, gain in [(net / 10, gain / 20) for net in range(-9, 10) for gain in range(20)]:
        loss, same = net + gain, 1 - net - 2 * gain
        if loss < 0 or same < 0:
            continue
        wrong = sum(
            math.comb(groups, lost)
            * math.comb(groups - lost, won)
            * loss**lost
            * gain**won
            * same ** (groups - lost - won)
            for (lost, won), bound in upper.items()
            if bound < net - 1e-9
        )
        assert wrong <= level


@given(samples())
@settings(deadline=None)
def test_bound_and_interval_contain_the_estimate(sample: tuple[int, int, int]) -> None:
    lost, won, groups = sample
    low, high = net_loss_interval(lost, won, groups)
    assert -1 - 1e-9 <= low <= (lost - won) / groups <= net_loss_upper(lost, won, groups) + 1e-9
    assert net_loss_upper(lost, won, groups) <= high + 1e-9 <= 1 + 2e-9
    assert net_loss_interval(won, lost, groups) == pytest.approx((-high, -low))
    if lost:
        assert net_loss_upper(lost - 1, won, groups) <= net_loss_upper(lost, won, groups) + 1e-9


@given(samples(200))
@settings(deadline=None)
def test_a_loss_that_is_not_shown_is_smaller_than_what_could_have_been(sample: tuple[int, int, int]) -> None:
    lost, won, groups = sample
    needed, detectable = least_lost(won, groups, 0.05, 0.01), detectable_loss(won, groups, 0.05, 0.01)
    shown = net_loss_p(lost, won) <= 0.05 and lost - won >= 0.01 * groups
    assert shown == (needed is not None and lost >= needed)
    if detectable is not None and not shown:
        assert (lost - won) / groups < detectable


def test_what_a_sample_shows_in_80_percent_of_runs() -> None:
    # Five lost of five, with none won, are needed: at 0.8^(1/5) that happens in 80 %.
    assert detectable_loss(0, 5, 0.05, 0.01) == pytest.approx(0.8 ** (1 / 5))
    assert detectable_loss(0, 4, 0.05, 0.01) is None
    # Of 1,000 groups 10 must be lost, for a net loss of 0.01.
    assert least_lost(0, 1000, 0.05, 0.01) == 10


@given(samples(80))
@settings(max_examples=40, deadline=None)
def test_the_groups_needed_settle_it(sample: tuple[int, int, int]) -> None:
    lost, won, groups = sample
    found = groups_needed(lost, won, groups, level=0.05, least_loss=0.01, allowed=0.1)
    # With 0.01 under 0.1, every share is settled at last.
    assert found is not None
    count, state = found
    assert count > groups
    if state == "regressed":
        assert net_loss_p(lost * count // groups, -(-won * count // groups)) <= 0.05
    else:
        assert net_loss_upper(-(-lost * count // groups), won * count // groups, count) < 0.1


def test_no_number_of_groups_settles_a_loss_that_is_neither_allowed_nor_called_one() -> None:
    assert groups_needed(1, 0, 200, level=0.05, least_loss=0.01, allowed=0.004) is None
