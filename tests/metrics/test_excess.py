"""The search for slices that hold more hits than chance: exact where that is known, and groups and strata respected."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tierbench.metrics.excess import slice_excesses


def numbers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_a_single_slice_has_the_p_value_of_fishers_exact_test() -> None:
    # 6 hits among 30 cases, 5 of them in a slice of 10.
    hits, members = np.zeros(30, dtype=bool), np.zeros((30, 1), dtype=bool)
    members[:10] = True
    hits[[0, 1, 2, 3, 4, 20]] = True
    exact = sum(math.comb(10, k) * math.comb(20, 6 - k) for k in (5, 6)) / math.comb(30, 6)
    (found,) = slice_excesses(hits, np.zeros(30, dtype=np.int64), np.arange(30), members, draws=20_000)
    assert (found.hits, found.size) == (5, 10)
    assert found.expected == pytest.approx(2.0)
    assert found.p == pytest.approx(exact, rel=0.2)
    assert found.statistic > 2


def test_the_difficulty_of_a_stratum_is_no_news() -> None:
    rng = np.random.default_rng(1)
    strata = np.repeat([0, 1], 100)
    hits = rng.random(200) < np.where(strata, 0.7, 0.1)
    members = (rng.random((200, 1)) < np.where(strata, 0.9, 0.1)[:, np.newaxis]).astype(bool)
    (within,) = slice_excesses(hits, strata, np.arange(200), members)
    (pooled,) = slice_excesses(hits, np.zeros(200, dtype=np.int64), np.arange(200), members)
    assert pooled.p == pytest.approx(0.001)
    assert within.p > 0.1


def test_cases_of_one_group_move_together_also_over_strata() -> None:
    # Of ten scenes with four pictures in each of two tiers, two are missed as a whole; the slice has both and a third.
    groups, strata = np.repeat(np.arange(10), 8), np.tile([0, 0, 0, 0, 1, 1, 1, 1], 10)
    hits, members = groups < 2, (groups < 3)[:, np.newaxis]
    (found,) = slice_excesses(hits, strata, groups, members)
    assert found.p == pytest.approx(3 / math.comb(10, 2), abs=0.03)
    (apart,) = slice_excesses(hits, strata, np.arange(80), members)
    assert apart.p == pytest.approx(0.001)


def test_within_a_group_it_is_chance_which_case_has_which_outcome() -> None:
    # In every scene of four, the case in the slice is the one that is missed.
    groups, first = np.repeat(np.arange(12), 4), np.tile([True, False, False, False], 12)
    (found,) = slice_excesses(first, np.zeros(48, dtype=np.int64), groups, first[:, np.newaxis])
    assert found.p == pytest.approx(0.001)
    assert found.expected == pytest.approx(3.0)


def test_groups_of_other_sizes_and_strata_keep_their_totals() -> None:
    rng = np.random.default_rng(2)
    groups, strata = rng.integers(0, 20, 200), rng.integers(0, 3, 200)
    hits, members = rng.random(200) < 0.3, rng.random((200, 5)) < 0.4
    members[:, 0] = True
    found = slice_excesses(hits, strata, groups, members)
    assert [each.hits for each in found] == (hits.astype(int) @ members).tolist()
    assert abs(found[0].expected - hits.sum()) < 10
    assert found == slice_excesses(hits, strata, groups, members)


def test_many_slices_of_noise_do_not_stand_out() -> None:
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hits, members = rng.random(120) < 0.25, rng.random((120, 30)) < 0.3
        p_values.append(
            min(each.p for each in slice_excesses(hits, numbers(*[0] * 120), np.arange(120), members, draws=199))
        )
    # The level is 5 %: of 60 searches, nine or more find something with a probability of 0.3 %.
    assert sum(p <= 0.05 for p in p_values) <= 8


def test_each_family_is_corrected_for_its_own_slices_only() -> None:
    rng = np.random.default_rng(4)
    hits, members = rng.random(200) < 0.2, rng.random((200, 41)) < 0.2
    members[:, 0] = np.arange(200) < 40
    hits[:40] |= np.arange(40) % 6 == 0
    strata, groups = numbers(*[0] * 200), np.arange(200)
    alone, *_ = slice_excesses(hits, strata, groups, members[:, :1])
    apart = slice_excesses(hits, strata, groups, members, families=numbers(0, *[1] * 40))
    together = slice_excesses(hits, strata, groups, members)
    assert apart[0].p == alone.p
    assert [each.p for each in apart[1:]] == [each.p for each in slice_excesses(hits, strata, groups, members[:, 1:])]
    assert together[0].p > 4 * alone.p


def test_draws_end_early_only_where_no_p_value_can_come_below_the_level() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        hits, members = rng.random(100) < 0.3, rng.random((100, 5)) < 0.3
        # From nothing to a slice that stands out.
        hits[members[:, 0]] |= rng.random(members[:, 0].sum()) < seed / 40
        whole = slice_excesses(hits, numbers(*[0] * 100), np.arange(100), members)
        early = slice_excesses(hits, numbers(*[0] * 100), np.arange(100), members, levels={0: 0.05})
        least = min(each.p for each in whole)
        assert (least <= 0.05) == (min(each.p for each in early) <= 0.05)
        if least <= 0.05:
            assert early == whole


def test_what_chance_cannot_vary_has_no_p_value() -> None:
    hits = np.array([True, False] * 10)
    members = np.stack([np.ones(20, dtype=bool), np.zeros(20, dtype=bool)], axis=1)
    found = slice_excesses(hits, numbers(*range(20)), np.arange(20), members)
    assert [(each.varies, each.p) for each in found] == [(False, 1.0), (False, 1.0)]
    assert slice_excesses(hits, numbers(*range(20)), np.arange(20), members[:, :0]) == []


def test_arrays_must_be_of_the_same_cases() -> None:
    with pytest.raises(ValueError, match="must be of the same cases"):
        slice_excesses(np.zeros(3, dtype=bool), numbers(1, 2), numbers(1, 2, 3), np.zeros((3, 1), dtype=bool))
