"""The sign-flip test agrees with SciPy and published figures, and its bounds agree with the test."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tierbench.metrics import sign_flip as signflip
from tierbench.metrics.sign_flip import EXACT_GROUPS, RANDOM_PATTERNS, sign_flip

# Darwin's Zea mays: height of the crossed less that of the self-fertilised plant, in eighths of an inch.
# Fisher (1935), The Design of Experiments, section 21: 863 of the 2^15 sums are as great as the observed 314.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

drops = st.lists(st.floats(-1, 1, allow_subnormal=False).map(lambda x: round(x, 6)), max_size=9)


@pytest.mark.parametrize("groups", [2, 5, 8, 10, 12])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_value_agrees_with_scipy(groups: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.1, 0.3, groups)
    expected = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        alternative="greater",
        n_resamples=2**groups,
        vectorized=True,
    )
    assert sign_flip(values, np.ones(groups)).p_value == pytest.approx(expected.pvalue, abs=1e-9)


@given(drops)
@settings(max_examples=100, deadline=None)
def test_p_value_is_the_share_of_patterns(values: list[float]) -> None:
    observed = sum(values)
    signs = list(itertools.product([1, -1], repeat=len(values)))
    as_great = sum(np.dot(pattern, values) >= observed - 1e-9 for pattern in signs)
    assert sign_flip(values, np.ones(len(values))).p_value == pytest.approx(as_great / len(signs), abs=1e-9)


@pytest.mark.parametrize("sums", list(itertools.permutations([0.1, 0.2, -0.3])))
def test_a_pattern_that_differs_from_the_observed_one_only_by_rounding_counts(sums: tuple[float, ...]) -> None:
    # 0.1 + 0.2 - 0.3 is 0, and 5.6e-17 or 2.8e-17 in floats. At or below it: nothing flipped, all, and three more.
    flips = sign_flip(sums, [1, 1, 1])
    assert flips.p_value == 5 / 8


def test_p_value_agrees_with_fishers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signflip, "EXACT_GROUPS", 15)
    assert sign_flip(DARWIN, np.ones(15)).p_value == 863 / 32768


def test_random_patterns_approximate_fishers_p_value() -> None:
    random = sign_flip(DARWIN, np.ones(15))
    assert random.patterns == RANDOM_PATTERNS + 1
    # Four standard errors of a share of 10,000 patterns.
    assert random.p_value == pytest.approx(863 / 32768, abs=4 * (0.026 * 0.974 / RANDOM_PATTERNS) ** 0.5)


def test_random_patterns_are_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = np.ones(15)
    first, again, other = (sign_flip(DARWIN, sizes, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first.means, again.means)
    assert not np.array_equal(first.means, other.means)
    monkeypatch.setattr(signflip, "_BLOCK_CELLS", 15 * 1234)
    in_blocks = sign_flip(DARWIN, sizes, seed=7)
    assert in_blocks.patterns == first.patterns
    assert in_blocks.p_value == pytest.approx(first.p_value, abs=0.01)


def test_a_random_pattern_that_flips_nothing_counts_as_the_observed_one() -> None:
    every_flip_of_one_sign = sign_flip(np.full(EXACT_GROUPS + 1, 0.1), np.ones(EXACT_GROUPS + 1))
    assert every_flip_of_one_sign.patterns == RANDOM_PATTERNS + 1
    assert every_flip_of_one_sign.p_value == every_flip_of_one_sign.unflipped / (RANDOM_PATTERNS + 1)


def _p_against(shift: float, sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return the one-sided p-values of "the drop is `shift`" against less and against more, by brute force."""
    centred = sums - shift * sizes
    signs = np.array(list(itertools.product([1, -1], repeat=len(sums))))
    flipped, observed = signs @ centred, centred.sum()
    return float(np.mean(flipped <= observed + 1e-12)), float(np.mean(flipped >= observed - 1e-12))


@pytest.mark.parametrize("level", [0.05, 0.05 / 3, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_bounds_invert_the_test_also_with_groups_of_unequal_size(level: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, 8)
    sums = rng.normal(0.05, 0.2, 8) * sizes
    flips = sign_flip(sums, sizes)
    upper, lower = flips.upper(level), flips.lower(level)
    assert upper is not None
    assert lower is not None
    assert _p_against(upper - 1e-7, sums, sizes)[0] > level >= _p_against(upper + 1e-7, sums, sizes)[0]
    assert _p_against(lower + 1e-7, sums, sizes)[1] > level >= _p_against(lower - 1e-7, sums, sizes)[1]


@given(drops, st.sampled_from([0.05, 0.025, 0.05 / 9]))
@settings(max_examples=100, deadline=None)
def test_the_lower_bound_is_above_zero_where_the_test_is_significant(values: list[float], level: float) -> None:
    flips = sign_flip(values, np.ones(len(values)))
    lower = flips.lower(level)
    assert (flips.p_value <= level) == (lower is not None and lower > 1e-12)


def test_too_few_groups_have_no_bound() -> None:
    assert sign_flip([0.1] * 4, [1] * 4).upper(0.05) is None
    assert sign_flip([0.1] * 5, [1] * 5).upper(0.05) == pytest.approx(0.1)
    assert sign_flip([], []).p_value == 1
    assert sign_flip([], []).upper(0.05) is None


@pytest.mark.parametrize(
    ("sums", "sizes", "problem"),
    [
        ([0.1, float("nan")], [1, 1], "finite"),
        ([0.1, float("inf")], [1, 1], "finite"),
        ([0.1, 0.2], [1, 0], "no case"),
        ([0.1, 0.2], [1], "shape"),
        ([[0.1]], [[1]], "shape"),
    ],
)
def test_invalid_samples_are_refused(sums: list[float], sizes: list[float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        sign_flip(sums, sizes)


@pytest.mark.parametrize("level", [0, 1, -0.1, float("nan")])
def test_a_level_must_lie_between_0_and_1(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        sign_flip([0.1] * 6, [1] * 6).upper(level)
