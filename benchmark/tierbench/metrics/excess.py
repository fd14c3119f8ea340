"""Which of many slices hold more hits (misses, regressions) than chance: a permutation test of the maximum."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 999
# After so many draws, twice as many, and so on it is looked whether more of them could matter.
_FIRST_LOOK = 99
# Rounding must not decide whether a draw is as extreme as what was seen, or whether draws differ.
_TOLERANCE = 1e-4
# Outcomes of cases that are drawn at once, about twenty bytes each: more are slower, because they fit no cache.
_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class SliceExcess:
    """The hits of a slice beside what chance would give it.

    Attributes:
        hits, size: number of cases of the slice that are hits, and of all.
        expected: hits of the slice if its strata spread theirs by chance.
        statistic: how far its hits are above that, in standard deviations; below 0: fewer than expected.
        p: adjusted for the search of all slices of its family; 1 where chance cannot vary the hits.
        varies: whether chance can.
    """

    hits: int
    size: int
    expected: float
    statistic: float
    p: float
    varies: bool


def slice_excesses(
    hits: NDArray[np.bool_],
    strata: NDArray[np.int64],
    groups: NDArray[np.int64],
    members: NDArray[np.bool_],
    *,
    families: NDArray[np.int64] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    levels: Mapping[int, float] | None = None,
) -> list[SliceExcess]:
    """Return how the hits of each slice compare with chance, corrected for the number of slices.

    Null hypothesis: within the strata, it does not matter which group has which outcomes. A draw gives each group the
    outcomes of another one that has cases in the same strata, stratum by stratum; where the numbers of cases differ,
    they are repeated or cut. So cases of one group move together, also over several strata, and the rate of a stratum
    is no news.

    The statistic is the excess of hits in standard deviations over the draws, with each case divided by the standard
    deviation of the hits of its stratum: one hit more in an easy stratum says more than in a hard one. The p-values are
    those of the step-down procedure of Westfall & Young (1993), Resampling-Based Multiple Testing, algorithm 2.8, with
    maxima, and count what was seen as one of the draws (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9, 39). If
    no slice of a family holds more than chance, any p of it is at most α with a probability of at most α, exactly so
    for groups of equal size.

    Args:
        hits: whether each case is a hit, shape [n_cases].
        strata: number of the stratum of each case, shape [n_cases].
        groups: number of the group of each case, shape [n_cases].
        members: whether each slice has each case, shape [n_cases, n_slices].
        families: number of the family of each slice, shape [n_slices]: each is corrected for its own slices only; None:
            all are one family.
        draws: the most draws; the smallest p is 1 / (draws + 1).
        seed: of the draws.
        levels: family → level above which its p-values need not be exact: there are no more draws for it when too many
            were as extreme as what was seen for any p to come below that (Besag & Clifford 1991, Biometrika 78,
            301-304); None: all are exact.

    Raises:
        ValueError: if the shapes do not match.
    """
    if not len(hits) == len(strata) == len(groups) == len(members):
        shapes = ", ".join(str(each.shape) for each in (hits, strata, groups, members))
        raise ValueError(f"hits, strata, groups and members must be of the same cases, got shapes {shapes}")
    if not members.size:
        return [SliceExcess(0, 0, 0.0, 0.0, 1.0, varies=False)] * members.shape[1]
    layout = _Layout(hits, strata, groups)
    weighted = members * _weights(hits, strata)[:, np.newaxis]
    expected = (layout.expected.astype(np.float32) @ weighted).astype(np.float64)
    held = np.empty((draws + 1, members.shape[1]))
    held[0] = hits.astype(np.float32) @ weighted
    # Cases whose block is all hits, or has none, are the same in each draw.
    moving = weighted[layout.moving]
    constant = held[0] - hits[layout.moving].astype(np.float32) @ moving
    looks, done = _looks(draws), 1
    own = np.zeros(members.shape[1], dtype=np.int64) if families is None else families
    statistic, p, varies = np.zeros(len(own)), np.ones(len(own)), np.zeros(len(own), dtype=bool)
    # The slices that more draws are made for.
    live = np.arange(len(own))
    for drawn in layout.drawn(looks, random.Random(seed)):  # noqa: S311  # nothing secret: draws of a test
        held[done : done + len(drawn), live] = drawn @ moving + constant[live]
        done += len(drawn)
        if done - 1 not in looks:
            continue
        for family in set(own[live].tolist()):
            of = np.flatnonzero(own == family)
            statistic[of], p[of], varies[of] = _compared(held[:done, of], expected[of])
            if levels is not None and p[of].min() * done > levels[family] * (draws + 1) + _TOLERANCE:
                moving, live = moving[:, own[live] != family], live[own[live] != family]
        if not live.size:
            break
    counts = zip((hits.astype(np.int64) @ members).tolist(), members.sum(axis=0).tolist(), strict=True)
    figures = zip((layout.expected @ members).tolist(), statistic.tolist(), p.tolist(), strict=True)
    return [
        SliceExcess(*count, *each, varies=can)
        for count, each, can in zip(counts, figures, varies.tolist(), strict=True)
    ]


def _compared(
    held: NDArray[np.float64], expected: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the statistic of each slice of a family, its p-value, and whether chance varies it.

    Args:
        held: weighted hits of each slice, what was seen in the first row, and draws in the others.
        expected: theirs on average.
    """
    varies = np.ptp(held, axis=0) > _TOLERANCE * np.maximum(1, held[0])
    statistics = np.where(varies, (held - expected) / np.where(varies, held.std(axis=0), 1.0), 0.0)
    return statistics[0], _step_down(statistics), varies


def _looks(draws: int) -> list[int]:
    """Return after how many draws the slices are compared; the last is after all."""
    doubled = itertools.takewhile(lambda look: look < draws, (_FIRST_LOOK << step for step in itertools.count()))
    return [*doubled, draws]


def _weights(hits: NDArray[np.bool_], strata: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return one by the standard deviation of the hits of each case's stratum; 1 where they are all alike."""
    _, stratum = np.unique(strata, return_inverse=True)
    rates = np.bincount(stratum, hits) / np.bincount(stratum)
    variances = rates * (1 - rates)
    weights: NDArray[np.float32] = (1 / np.sqrt(np.where(variances > 0, variances, 1.0))).astype(np.float32)
    return weights[stratum]


def _step_down(statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the adjusted p-values; the first row has what was seen, and the others the draws."""
    order = np.argsort(-statistics[0], kind="stable")
    # Of each slice and all that come after it.
    largest = np.maximum.accumulate(statistics[:, order[::-1]], axis=1)[:, ::-1]
    shares = (largest >= largest[0] - _TOLERANCE).mean(axis=0)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(shares)
    return np.where(statistics[0] > 0, adjusted, 1.0)


class _Layout:
    """Cases by group and stratum, and the blocks of groups that may exchange their outcomes.

    A cell has the cases that a group has in a stratum; the cells of a group follow each other. A block has the groups
    with cells in the same strata.

    Attributes:
        expected: by case, hits per case of its stratum in the groups of its block, on average, shape [n_cases].
        moving: indices of the cases whose outcome a draw can change, group after group, block after block.
    """

    def __init__(self, hits: NDArray[np.bool_], strata: NDArray[np.int64], groups: NDArray[np.int64]) -> None:
        codes, stratum = np.unique(strata, return_inverse=True)
        _, group = np.unique(groups, return_inverse=True)
        cells, cell, self._sizes = np.unique(group * len(codes) + stratum, return_inverse=True, return_counts=True)
        owners = cells // len(codes)
        self._first_cell = np.searchsorted(owners, np.arange(int(owners[-1]) + 1))
        bounds = [*self._first_cell.tolist(), len(cells)]
        order = np.argsort(cell, kind="stable")
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._hits = hits[order].astype(np.float32)
        rates = np.add.reduceat(self._hits, self._starts) / self._sizes
        mean_rates = np.empty(len(cells))
        moving: dict[int, list[NDArray[np.int64]]] = {}
        for block in _blocks(cells % len(codes), bounds):
            own = self._first_cell[block][:, None] + np.arange(bounds[block[0] + 1] - bounds[block[0]])
            mean_rates[own] = rates[own].mean(axis=0)
            if np.ptp(rates[own], axis=0).any() or ((rates[own] > 0) & (rates[own] < 1)).any():
                moving.setdefault(len(block), []).append(block)
        self.expected: NDArray[np.float64] = mean_rates[cell]
        # Blocks with as many groups are drawn together.
        self._blocks = [np.stack(blocks) for blocks in moving.values()]
        place = np.full(len(self._first_cell), -1)
        movers = [each.ravel() for each in self._blocks]
        place[np.concatenate(movers or [place[:0]])] = np.arange(sum(map(len, movers)))
        rank = np.empty(len(hits), dtype=np.int64)
        rank[order] = np.arange(len(hits)) - np.repeat(self._starts, self._sizes)
        moves = np.flatnonzero(place[group] >= 0)
        self.moving: NDArray[np.int64] = moves[np.argsort(place[group[moves]], kind="stable")]
        own_group = group[self.moving]
        self._place, self._rank = place[own_group], rank[self.moving]
        self._slot = cell[self.moving] - self._first_cell[own_group]

    def drawn(self, looks: Sequence[int], rng: random.Random) -> Iterator[NDArray[np.float32]]:
        """Yield outcomes of the moving cases, some draws at a time up to each look, shape [n_draws, n_moving]."""
        if not self._blocks:
            return
        at_once = max(1, _AT_ONCE // max(1, len(self.moving)))
        single = len(self._sizes) == len(self._hits)
        alone = single and len(self._first_cell) == len(self._sizes)
        for start, end in itertools.pairwise([0, *looks]):
            for begin in range(start, end, at_once):
                count = min(at_once, end - begin)
                # The first cell of the group whose outcomes each group gets.
                donors = np.hstack([self._first_cell[_shuffled(each, count, rng)] for each in self._blocks])
                places = donors if alone else self._starts[donors[:, self._place] + self._slot]
                if not single:
                    # From any case on, so that it is chance, too, which case of a group gets which outcome.
                    turns = _random(count * donors.shape[1], rng).reshape(donors.shape)[:, self._place]
                    places += (self._rank + turns) % self._sizes[donors[:, self._place] + self._slot]
                yield self._hits[places]


def _blocks(strata: NDArray[np.int64], bounds: list[int]) -> list[NDArray[np.int64]]:
    """Return the groups that have cells in the same strata, from the strata of the cells and where groups begin."""
    blocks: dict[bytes, list[int]] = {}
    for group, (begin, end) in enumerate(itertools.pairwise(bounds)):
        blocks.setdefault(strata[begin:end].tobytes(), []).append(group)
    return [np.array(block) for block in blocks.values()]


def _random(count: int, rng: random.Random) -> NDArray[np.uint32]:
    # Not by numpy.random, whose import takes longer than the draws of a small suite.
    return np.frombuffer(rng.randbytes(4 * count), dtype="<u4")


def _shuffled(blocks: NDArray[np.int64], count: int, rng: random.Random) -> NDArray[np.int64]:
    """Return the groups of blocks in random orders within each block, shape [count, n_blocks * n_groups].

    Args:
        blocks: the groups of each block, shape [n_blocks, n_groups].
        count: number of draws.
        rng: the source of chance.
    """
    number, size = blocks.shape
    keys = _random(count * blocks.size, rng).astype(np.uint64).reshape(count, number, size)
    # Sorting numbers that end in their places is many times faster than sorting places.
    keys = np.sort(keys << np.uint64(32) | np.arange(size, dtype=np.uint64), axis=2)
    places = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64) + size * np.arange(number)[:, np.newaxis]
    shuffled: NDArray[np.int64] = blocks.ravel()[places.reshape(count, -1)]
    return shuffled
