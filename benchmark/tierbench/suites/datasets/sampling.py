"""Draw a sample of a data set, stratified by slice and class; and the order of a run that may stop early. Pure."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping, Sequence

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
    strata: dict[str, dict[str, list[Sample]]] = {}
    for sample in samples:
        strata.setdefault(sample.slice, {}).setdefault(sample.label, []).append(sample)
    by_slice = allocate({name: sum(map(len, own.values())) for name, own in strata.items()}, number, seed=seed)
    chosen: set[str] = set()
    for name, classes in strata.items():
        sizes = {f"{name}\0{label}": len(own) for label, own in classes.items()}
        by_class = allocate(sizes, by_slice[name], seed=seed)
        for label, own in classes.items():
            drawn = heapq.nsmallest(by_class[f"{name}\0{label}"], own, key=lambda sample: _place(seed, sample.id))
            chosen.update(sample.id for sample in drawn)
    return [sample for sample in samples if sample.id in chosen]


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
