"""The sign-flip permutation test of paired drops by group, and the confidence bounds from inverting it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Up to this many groups, all 2^groups sign patterns are counted; with more, random ones are drawn.
EXACT_GROUPS = 14
RANDOM_PATTERNS = 10_000

# Scores lie in [0, 1]; the mean of a subset that is this close to zero differs from zero only by rounding.
_TIE = 1e-12
# Cells of the pattern matrix in memory at once: 32 MB as float64.
_BLOCK_CELLS = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class SignFlip:
    """The result of the test on one tier: the mean drops over all flipped sets of groups, sorted.

    Flipping the signs of a set F of groups lowers the sum of all drops by twice the sum over F. So a pattern has at
    least the observed mean drop exactly if the mean drop *over F* is at most zero; in the test against a drop of δ
    instead of zero, if it is at most δ. The means over all F therefore determine the p-value and both confidence
    bounds ("typical values": Hartigan 1969, JASA 64, 1303-1317).

    Attributes:
        means: mean drop over each flipped set of groups, ascending; shape [patterns - unflipped].
        unflipped: number of patterns that flip no group: the observed one, and random ones that are equal to it.
    """

    means: npt.NDArray[np.float64]
    unflipped: int = 1

    @property
    def patterns(self) -> int:
        """Number of sign patterns, including the observed one."""
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
        """Return the number of means that may lie outside of a bound; negative with too few patterns for a bound."""
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level}")
        # Without 1e-9, a product just below a whole number because of rounding would lose 1.
        return math.floor(level * self.patterns + 1e-9) - self.unflipped


def sign_flip(sums: npt.ArrayLike, sizes: npt.ArrayLike, *, seed: int = 0) -> SignFlip:
    """Count or draw the sign patterns of a tier's groups.

    The test is exact if, without a drop, each group's drops are as likely as the same drops with the opposite sign,
    independently between groups (Fisher 1935, The Design of Experiments, section 21). Cases in one group may depend
    on each other in any way, because they flip together.

    Args:
        sums: sum of the drops of each group's cases, shape [groups], in units of the score.
        sizes: number of cases of each group, shape [groups], each at least 1.
        seed: of the random patterns; unused up to `EXACT_GROUPS` groups.

    Raises:
        ValueError: if the shapes differ, a sum is not finite, or a size is less than 1.
    """
    drops, counts = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if drops.ndim != 1 or drops.shape != counts.shape:
        raise ValueError(f"sums and sizes must have the same shape [groups], got {drops.shape} and {counts.shape}")
    if not np.isfinite(drops).all():
        raise ValueError("a sum of drops is not a finite number")
    if not (counts >= 1).all():
        raise ValueError("a group has no case")
    totals = np.stack([drops, counts], axis=1)
    # The observed pattern is always counted.
    found, unflipped = [np.empty(0)], 1
    for flipped in _patterns(len(drops), seed):
        flipped_drops, flipped_cases = (flipped.astype(np.float64) @ totals).T
        some = flipped_cases > 0
        unflipped += int(np.count_nonzero(~some))
        found.append(flipped_drops[some] / flipped_cases[some])
    return SignFlip(means=np.sort(np.concatenate(found)), unflipped=unflipped)


def _patterns(groups: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield the patterns other than the observed one in blocks of shape [patterns, groups]; True flips a group."""
    if groups <= EXACT_GROUPS:
        numbers = np.arange(1, 2**groups)[:, np.newaxis]
        yield (numbers >> np.arange(groups)) & 1 == 1
        return
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK_CELLS // groups)
    for start in range(0, RANDOM_PATTERNS, rows):
        size = (min(rows, RANDOM_PATTERNS - start), groups)
        yield generator.integers(0, 2, size=size, dtype=np.bool_)
