"""A sample has its share of each slice and class, and is the same wherever the files are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

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
    if number >= len(sizes):
        assert min(counts.values()) >= 1
    small = [name for name, size in sizes.items() if min(number, total) * size < total]
    if not small:
        assert all(abs(counts[name] - min(number, total) * size / total) < 1 for name, size in sizes.items())


def test_small_strata_take_their_picture_from_the_largest() -> None:
    assert allocate({"a": 900, "b": 90, "c": 9, "d": 1}, 10) == {"a": 7, "b": 1, "c": 1, "d": 1}


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
