"""The sign-flip permutation test of paired drops by group, and the bounds that its inversion gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Up to this many groups all 2^groups sign patterns are counted, beyond it random ones are drawn.
EXACT_GROUPS = 14
RANDOM_PATTERNS = 10_000

# Scores lie in [0, 1]; a subset's mean this near to zero is zero but for rounding in the sum.
_TIE = 1e-12
# Cells of the pattern matrix held at once: 32 MB as float64.
_BLOCK_CELLS = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class SignFlip:
    """What the sign patterns say of a tier, boiled down to one sorted list.

    Flipping the sign of a set F of groups lowers the sum of all drops by twice the sum over F. So a pattern
    reaches at least the observed mean drop exactly where the mean drop *over F* is at most zero; tested
    against a drop of δ instead of none, where it is at most δ. So the means over all F hold the p-value and
    both confidence bounds ("typical values": Hartigan 1969, JASA 64, 1303-1317).

    Attributes:
        means: mean drop over each flipped set of groups, ascending; shape [patterns - unflipped].
        unflipped: patterns that flip no group: the observed one, and random ones that equal it.
    """

    means: npt.NDArray[np.float64]
    unflipped: int = 1

    @property
    def patterns(self) -> int:
        """How many sign patterns there are, with the observed one."""
        return self.unflipped + len(self.means)

    @property
    def p_value(self) -> float:
        """One-sided p-value of "no drop": the share of patterns with at least the observed mean drop.

        For random patterns this is (b + 1) / (m + 1) of Phipson & Smyth (2010), which is never too small.
        """
        return (self.unflipped + int(np.count_nonzero(self.means <= _TIE))) / self.patterns

    def upper(self, level: float) -> float | None:
        """Return the smallest δ such that a drop of more than δ is rejected at `level`; None: no such δ."""
        place = self._place(level)
        return None if place < 0 else float(self.means[-1 - place])

    def lower(self, level: float) -> float | None:
        """Return the largest δ such that a drop of less than δ is rejected at `level`; None: no such δ.

        It is above zero exactly where `p_value <= level`.
        """
        place = self._place(level)
        return None if place < 0 else float(self.means[place])

    def _place(self, level: float) -> int:
        """How many of the means a bound may leave outside; negative: the patterns are too few for one."""
        if not 0 < level < 1:
            raise ValueError(f"a level lies between 0 and 1, got {level}")
        # The summand keeps a product that is whole, but for rounding, whole.
        return math.floor(level * self.patterns + 1e-9) - self.unflipped


def sign_flip(sums: npt.ArrayLike, sizes: npt.ArrayLike, *, seed: int = 0) -> SignFlip:
    """Count or draw the sign patterns of a tier's groups.

    The test is exact where, without a drop, each group's drops are as likely as the same drops with the
    opposite sign, independently between groups (Fisher 1935, The Design of Experiments, section 21). Cases in
    one group may depend on each other in any way: they flip together.

    Args:
        sums: sum of the drops of each group's cases, shape [groups], in units of the score.
        sizes: number of cases of each group, shape [groups], each at least 1.
        seed: of the random patterns; unused up to `EXACT_GROUPS` groups.

    Raises:
        ValueError: if the shapes differ, a sum is not finite or a size is under 1.
    """
    drops, counts = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if drops.ndim != 1 or drops.shape != counts.shape:
        raise ValueError(f"sums and sizes need one shape [groups], got {drops.shape} and {counts.shape}")
    if not np.isfinite(drops).all():
        raise ValueError("a sum of drops is not a finite number")
    if not (counts >= 1).all():
        raise ValueError("a group has no case")
    totals = np.stack([drops, counts], axis=1)
    # The observed pattern always belongs to the patterns that are counted.
    found, unflipped = [np.empty(0)], 1
    for flipped in _patterns(len(drops), seed):
        flipped_drops, flipped_cases = (flipped.astype(np.float64) @ totals).T
        some = flipped_cases > 0
        unflipped += int(np.count_nonzero(~some))
        found.append(flipped_drops[some] / flipped_cases[some])
    return SignFlip(means=np.sort(np.concatenate(found)), unflipped=unflipped)


def _patterns(groups: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield the patterns beside the observed one in blocks of shape [patterns, groups]; True flips."""
    if groups <= EXACT_GROUPS:
        numbers = np.arange(1, 2**groups)[:, np.newaxis]
        yield (numbers >> np.arange(groups)) & 1 == 1
        return
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK_CELLS // groups)
    for start in range(0, RANDOM_PATTERNS, rows):
        size = (min(rows, RANDOM_PATTERNS - start), groups)
        yield generator.integers(0, 2, size=size, dtype=np.bool_)
