"""The interval of a pass rate by groups: by hand, against SciPy, and where it is the score interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierbench.metrics import pass_rate_interval, wilson_interval


def test_where_every_image_is_a_group_it_is_the_score_interval() -> None:
    passed = [True] * 7 + [False] * 3
    assert pass_rate_interval(passed, range(10)) == wilson_interval(7, 10)
    assert pass_rate_interval([], []) == (0, 1)


def test_korn_and_graubard_by_hand() -> None:
    # Ten groups of three: two of three pass in seven groups, none in one, all in two: 20 of 30.
    passed = [True, True, False] * 7 + [False] * 3 + [True] * 6
    groups = [index // 3 for index in range(30)]
    rate = 20 / 30
    # Sums less 3 · 2/3: zero seven times, −2, 1, 1.
    variance = (4 + 1 + 1) * 10 / 9 / 30**2
    effective = rate * (1 - rate) / variance * (stats.t.ppf(0.975, 29) / stats.t.ppf(0.975, 9)) ** 2
    effective = min(effective, 30)
    hits = rate * effective
    expected = stats.beta.ppf(0.025, hits, effective - hits + 1), stats.beta.ppf(0.975, hits + 1, effective - hits)
    assert pass_rate_interval(passed, groups) == pytest.approx(expected, rel=1e-6)


def test_groups_that_pass_whole_or_not_at_all_count_once_each() -> None:
    groups = [index // 4 for index in range(48)]
    passed = [group % 3 > 0 for group in groups]
    effective = 12 * 11 / 12 * (stats.t.ppf(0.975, 47) / stats.t.ppf(0.975, 11)) ** 2
    hits = effective * 8 / 12
    low, high = stats.beta.ppf(0.025, hits, effective - hits + 1), stats.beta.ppf(0.975, hits + 1, effective - hits)
    assert pass_rate_interval(passed, groups) == pytest.approx((low, high), rel=1e-6)


def test_if_all_passed_the_groups_count() -> None:
    groups = [index // 5 for index in range(50)]
    assert pass_rate_interval([True] * 50, groups) == pytest.approx((0.025 ** (1 / 10), 1))
    assert pass_rate_interval([False] * 50, groups) == pytest.approx((0, 1 - 0.025 ** (1 / 10)))


def test_groups_of_unequal_size_count_as_fewer() -> None:
    sizes, passes = [6, 2, 2, 1, 1, 1, 1], [5, 1, 2, 1, 0, 1, 1]
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    passed = [index < hits for size, hits in zip(sizes, passes, strict=True) for index in range(size)]
    rate, most = 11 / 14, 48 / 14
    equal = 14 / most
    variance = sum((hits - rate * size) ** 2 for size, hits in zip(sizes, passes, strict=True)) * 7 / 6 / 14**2
    pull = 10 * (7 / equal - 1)
    effect = (equal * variance * 14 / (rate * (1 - rate)) + pull * most) / (equal + pull)
    effective = 14 / effect * (stats.t.ppf(0.975, 13) / stats.t.ppf(0.975, equal - 1)) ** 2
    hits = rate * effective
    low, high = stats.beta.ppf(0.025, hits, effective - hits + 1), stats.beta.ppf(0.975, hits + 1, effective - hits)
    assert pass_rate_interval(passed, groups) == pytest.approx((low, high), rel=1e-6)


def test_one_large_group_decides_little() -> None:
    # 60 of the 66 images are one scene: as good as one image more than a second scene.
    passed, groups = [True] * 60 + [True, True, True, False, True, True], [0] * 60 + [1, 2, 3, 4, 5, 6]
    interval = pass_rate_interval(passed, groups)
    assert interval is not None
    assert interval[0] < 0.2


def test_too_few_groups_have_no_interval() -> None:
    assert pass_rate_interval([True, False] * 5, [index // 2 for index in range(10)]) is None
    assert pass_rate_interval([True, False] * 6, [index // 2 for index in range(12)]) is not None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=60))
def test_it_contains_the_rate_whatever_the_order(images: list[tuple[bool, int]]) -> None:
    passed, groups = [good for good, _ in images], [group for _, group in images]
    interval = pass_rate_interval(passed, groups)
    if interval is None:
        assert 0 < len(set(groups)) < 6
        return
    assert 0 <= interval[0] <= interval[1] <= 1
    if images:
        assert interval[0] - 1e-9 <= sum(passed) / len(images) <= interval[1] + 1e-9
    backwards = pass_rate_interval(passed[::-1], groups[::-1])
    assert backwards == pytest.approx(interval)
    # What failed passes.
    mirror = pass_rate_interval([not good for good in passed], groups)
    assert mirror == pytest.approx((1 - interval[1], 1 - interval[0]), abs=1e-9)


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="passed and groups must have the same length, got 1 and 2"):
        pass_rate_interval([True], [1, 2])
