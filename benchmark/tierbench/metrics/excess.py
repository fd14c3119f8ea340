"""Which of many slices hold more hits (misses, regressions) than chance: a permutation test of the maximum."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 999
# Rounding must not decide whether a draw is as extreme as what was seen.
_TOLERANCE = 1e-4
# Outcomes of cases that are drawn at once; they take about twenty bytes each.
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class SliceExcess:
    """The hits of a slice beside what chance would give it.

    Attributes:
        hits, size: number of cases of the slice that are hits, and of all.
        expected: hits of the slice if its strata spread theirs by chance.
        statistic: how far its hits are above that, in standard deviations; below 0: fewer than expected.
        p: adjusted for the search of all slices; 1 where chance cannot vary the hits.
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
    draws: int = DRAWS,
    seed: int = 0,
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
    no slice holds more than chance, any p is at most α with a probability of at most α, exactly so for groups
    of equal size.

    Args:
        hits: whether each case is a hit, shape [n_cases].
        strata: number of the stratum of each case, shape [n_cases].
        groups: number of the group of each case, shape [n_cases].
        members: whether each slice has each case, shape [n_cases, n_slices].
        draws: number of draws; the smallest p is 1 / (draws + 1).
        seed: of the draws.

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
    expected = layout.expected @ weighted
    held = np.empty((draws + 1, members.shape[1]))
    held[0] = hits.astype(np.float64) @ weighted
    # Cases whose block is all hits, or has none, are the same in each draw.
    moving = weighted[layout.moving].astype(np.float32)
    constant = held[0] - hits[layout.moving].astype(np.float32) @ moving
    done = 1
    for drawn in layout.drawn(draws, np.random.default_rng(seed)):
        held[done : done + len(drawn)] = drawn @ moving + constant
        done += len(drawn)
    varies = np.ptp(held, axis=0) > _TOLERANCE
    statistics = np.where(varies, (held - expected) / np.where(varies, held.std(axis=0), 1.0), 0.0)
    counts = zip((hits.astype(np.int64) @ members).tolist(), members.sum(axis=0).tolist(), strict=True)
    figures = zip((layout.expected @ members).tolist(), statistics[0].tolist(), _step_down(statistics), strict=True)
    return [
        SliceExcess(*count, chance, statistic, float(p), bool(can))
        for count, (chance, statistic, p), can in zip(counts, figures, varies, strict=True)
    ]


def _weights(hits: NDArray[np.bool_], strata: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return one by the standard deviation of the hits of each case's stratum; 1 where they are all alike."""
    _, stratum = np.unique(strata, return_inverse=True)
    rates = np.bincount(stratum, hits) / np.bincount(stratum)
    variances = rates * (1 - rates)
    weights: NDArray[np.float64] = 1 / np.sqrt(np.where(variances > 0, variances, 1.0))
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
    """

    def __init__(self, hits: NDArray[np.bool_], strata: NDArray[np.int64], groups: NDArray[np.int64]) -> None:
        codes, stratum = np.unique(strata, return_inverse=True)
        _, group = np.unique(groups, return_inverse=True)
        cells, cell, self._sizes = np.unique(group * len(codes) + stratum, return_inverse=True, return_counts=True)
        owners = cells // len(codes)
        count = int(owners[-1]) + 1
        self._first_cell = np.searchsorted(owners, np.arange(count))
        self._blocks = _blocks(cells % len(codes), [*self._first_cell.tolist(), len(cells)])
        order = np.argsort(cell, kind="stable")
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._hits = hits[order].astype(np.float32)
        rank = np.empty(len(hits), dtype=np.int64)
        rank[order] = np.arange(len(hits)) - np.repeat(self._starts, self._sizes)
        rates = np.add.reduceat(self._hits, self._starts) / self._sizes
        slot = cell - self._first_cell[group]
        # By case, hits per case of its stratum in the groups of its block, on average.
        mean_rates, moves = np.empty(len(cells)), np.zeros(count, dtype=bool)
        for block in self._blocks:
            own = self._first_cell[block][:, None] + np.arange(_width(block, self._first_cell, len(cells)))
            mean_rates[own] = rates[own].mean(axis=0)
            moves[block] = bool(np.ptp(rates[own], axis=0).any() or ((rates[own] > 0) & (rates[own] < 1)).any())
        self._blocks = [block for block in self._blocks if moves[block[0]]]
        self.expected: NDArray[np.float64] = mean_rates[cell]
        self.moving: NDArray[np.int64] = np.flatnonzero(moves[group])
        self._group, self._slot, self._rank = group[self.moving], slot[self.moving], rank[self.moving]

    def drawn(self, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
        """Yield outcomes of the moving cases, some draws at a time, shape [n_draws, n_moving]."""
        at_once = max(1, _AT_ONCE // max(1, len(self.moving)))
        single = bool((self._sizes == 1).all())
        for begin in range(0, draws, at_once):
            count = min(at_once, draws - begin)
            donors = np.empty((count, len(self._first_cell)), dtype=np.int64)
            for block in self._blocks:
                donors[:, block] = rng.permuted(np.tile(self._first_cell[block], (count, 1)), axis=1)
            cells = donors[:, self._group] + self._slot
            places = self._starts[cells]
            if not single:
                # From any case on, so that it is chance, too, which case of a group gets which outcome.
                turns = rng.integers(0, 2**31, size=donors.shape)[:, self._group]
                places += (self._rank + turns) % self._sizes[cells]
            yield self._hits[places]


def _blocks(strata: NDArray[np.int64], bounds: list[int]) -> list[NDArray[np.int64]]:
    """Return the groups that have cells in the same strata, from the strata of the cells and where groups begin."""
    blocks: dict[bytes, list[int]] = {}
    for group, (begin, end) in enumerate(itertools.pairwise(bounds)):
        blocks.setdefault(strata[begin:end].tobytes(), []).append(group)
    return [np.array(block) for block in blocks.values()]


def _width(block: NDArray[np.int64], first_cell: NDArray[np.int64], cells: int) -> int:
    """Return the number of cells of each group of a block."""
    group = int(block[0])
    return int((first_cell[group + 1] if group + 1 < len(first_cell) else cells) - first_cell[group])
