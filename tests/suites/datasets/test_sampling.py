"""A sample has its share of each slice and class, and is the same wherever the files are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.metrics import sampled_share_interval
from tierbench.suites.datasets import FileSource, Sample, draw_sample, random_order
from tierbench.suites.datasets.sampling import allocate

NAMES = st.text("abcdefgh", min_size=1, max_size=2)
SIZES = st.dictionaries(NAMES, st.integers(1, 300), min_size=1, max_size=12)


def pictures(sizes: dict[tuple[str, str], int]) -> list[Sample]:
    """Return samples, so many of each slice and class."""
    return [
        Sample(f"{place}/{label}/{number}", place, label, FileSource(Path(), ""))
        for (place, label), count in sizes.items()
        for number in range(count)
    ]


STRATA = st.dictionaries(st.tuples(NAMES, NAMES), st.integers(1, 40), min_size=1, max_size=12).map(pictures)


@given(SIZES, st.integers(0, 4000), st.integers(0, 3))
def test_allocations_are_proportional_up_to_rounding(sizes: dict[str, int], number: int, seed: int) -> None:
    counts = allocate(sizes, number, seed=seed)
    total = sum(sizes.values())
    assert sum(counts.values()) == min(number, total)
    assert all(0 <= counts[name] <= size for name, size in sizes.items())
    assert all(abs(counts[name] - min(number, total) * size / total) < 1 for name, size in sizes.items())


@pytest.mark.parametrize(
    ("classes", "number"),
    [
        pytest.param([900, *[2] * 100], 60, id="one large class and many small ones"),
        pytest.param([4, 6] * 100, 100, id="classes of which there is less than one picture each"),
        pytest.param([int(400 / rank**1.2) for rank in range(1, 61)], 60, id="a long tail"),
    ],
)
def test_a_sample_is_right_about_the_set_at_the_stated_rate(classes: list[int], number: int) -> None:
    # Large classes are recognised more often than small ones: a sample that prefers either is wrong about the set.
    samples = pictures({("", f"c{place}"): size for place, size in enumerate(classes)})
    middle = sorted(classes)[len(classes) // 2]
    right = {
        sample.id
        for place, sample in enumerate(samples)
        if place % 10 < (9 if classes[int(sample.label[1:])] > middle else 4)
    }
    truth, covered = len(right) / len(samples), 0
    for seed in range(100):
        drawn = draw_sample(samples, number, seed=seed)
        low, high = sampled_share_interval(sum(each.id in right for each in drawn), len(drawn), len(samples))
        covered += low <= truth <= high
    # Of 100 intervals of 95 % fewer than 87 hold in one of 1,000 cases.
    assert covered >= 87


@given(STRATA, st.integers(0, 200), st.integers(0, 3))
def test_a_sample_has_its_size_and_the_order_of_the_set(samples: list[Sample], number: int, seed: int) -> None:
    drawn = draw_sample(samples, number, seed=seed)
    assert len(drawn) == min(number, len(samples))
    assert drawn == [sample for sample in samples if sample in drawn]
    slices = Counter(sample.slice for sample in samples)
    assert Counter(sample.slice for sample in drawn) == +Counter(allocate(slices, number, seed=seed))


@given(STRATA, st.integers(1, 100), st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(samples: list[Sample], number: int, shuffler: Random) -> None:
    shuffled = shuffler.sample(samples, len(samples))
    assert {each.id for each in draw_sample(shuffled, number)} == {each.id for each in draw_sample(samples, number)}
    assert random_order(shuffled) == random_order(samples)


def test_added_pictures_replace_few_of_a_sample() -> None:
    before = pictures({("", "cat"): 1000, ("", "dog"): 1000})
    after = pictures({("", "cat"): 1010, ("", "dog"): 1010})
    one, other = ({each.id for each in draw_sample(samples, 200)} for samples in (before, after))
    assert len(one & other) >= 190
    assert len(one & {each.id for each in draw_sample(before, 200, seed=1)}) < 60
