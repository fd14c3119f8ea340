"""Draw a sample of a data set, stratified by slice and class; and the order of a run that may stop early. Pure."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tierbench.suites.datasets.sample import Sample


def draw_sample(samples: Sequence[Sample], number: int, *, seed: int = 0) -> list[Sample]:
    """Return a sample of the pictures of a set, in their order.

    Each slice has its share of it, and in a slice each class has; see `allocate`. In a stratum, the pictures are drawn
    by a hash of seed and id: wherever the files are, the sample is the same, and pictures that are added to the set
    replace few of it.

    Args:
        samples: the pictures.
        number: how many to draw; with as many as there are, or more, all are.
        seed: another one draws other pictures.
    """
    sizes: dict[str, Counter[str]] = {}
    for sample in samples:
        sizes.setdefault(sample.slice, Counter())[sample.label] += 1
    by_slice = allocate({name: own.total() for name, own in sizes.items()}, number, seed=seed)
    wanted: dict[tuple[str, str], int] = {}
    for name, classes in sizes.items():
        by_class = allocate({f"{name}\0{label}": size for label, size in classes.items()}, by_slice[name], seed=seed)
        wanted |= {(name, label): by_class[f"{name}\0{label}"] for label in classes}
    return [samples[place] for place in sorted(_drawn(samples, wanted, seed))]


def _drawn(samples: Sequence[Sample], wanted: Mapping[tuple[str, str], int], seed: int) -> Iterator[int]:
    """Yield the numbers of the samples that are drawn, so many from each slice and class."""
    # The smallest hashes of each: heaps of their complements, whose first is the largest hash that was kept.
    kept: dict[tuple[str, str], list[tuple[int, int]]] = {stratum: [] for stratum in wanted}
    for place, sample in enumerate(samples):
        stratum = (sample.slice, sample.label)
        entry = (-int.from_bytes(_place(seed, sample.id)), -place)
        if len(kept[stratum]) < wanted[stratum]:
            heapq.heappush(kept[stratum], entry)
        elif wanted[stratum]:
            heapq.heappushpop(kept[stratum], entry)
    return (-place for heap in kept.values() for _, place in heap)


def allocate(sizes: Mapping[str, int], number: int, *, seed: int = 0) -> dict[str, int]:
    """Return how many pictures each stratum has in a sample.

    They are in proportion to its size, rounded up or down by chance such that each picture of the set has the same
    chance to be in the sample. So a share of the sample estimates that of the set without bias. Any rule that decides
    by size, such as the largest remainder, or one picture of each class at least, has classes of some sizes too often:
    with many small classes, the accuracy of a sample would be theirs. Source: systematic sampling with a random start
    from strata in random order; Madow (1949), On the theory of systematic sampling II, Ann. Math. Stat. 20, 333-354.

    Args:
        sizes: stratum → number of its pictures, above 0.
        number: of the sample; more than there are counts as all.
        seed: decides which strata are rounded up.
    """
    total = sum(sizes.values())
    number = min(number, total)
    order = sorted(sizes, key=lambda name: _place(seed, name))
    # From a hash of its own, so that it does not depend on the order.
    passed = int.from_bytes(_place(seed, "start\0" + min(sizes, default=""))) % max(total, 1)
    counts = {}
    for name in order:
        before = passed // total
        passed += number * sizes[name]
        counts[name] = passed // total - before
    return counts


def random_order(samples: Sequence[Sample], *, seed: int = 0) -> list[Sample]:
    """Return pictures in an order that has nothing to do with them: by a hash of seed and id."""
    return sorted(samples, key=lambda sample: _place(seed, sample.id))


def _place(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "backslashreplace")).digest()
