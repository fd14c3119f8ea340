"""The interval of a pass rate whose images come in groups."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tierbench.metrics._beta import beta_quantile, t_quantile
from tierbench.metrics.wilson import wilson_interval

# With fewer groups the spread between groups is not known well enough for an interval.
LEAST_GROUPS = 6
_TAIL = 0.025
# Chosen such that no world of tools/simulate_regression.py is covered in less than 93 %; 0 for groups of one size.
_PULL = 10


def pass_rate_interval(passed: Sequence[bool], groups: Sequence[Hashable]) -> tuple[float, float] | None:
    """Return the 95 % interval of a pass rate; images of one group may depend on each other in any way.

    Where every image is a group of its own, it is the score interval; see `wilson_interval`. Else it is Clopper &
    Pearson's interval for the effective number of images (Korn & Graubard 1998, Survey Methodology 24, 193-201): their
    number, divided by the design effect, times (t of images − 1 degrees of freedom / t of groups − 1)², at most their
    number. If all or none passed, no spread can be seen, and the effective number is that of the groups.

    Groups of unequal size count as fewer: as the number of equal ones that would average as well. Then also few of them
    decide what spread is seen, so the design effect is drawn towards that of groups that pass whole or not at all.

    Args:
        passed: whether each image passed.
        groups: the group of each image.

    Returns:
        Lower and upper bound, fractions in [0, 1]; None with fewer than `LEAST_GROUPS` groups of several images.

    Raises:
        ValueError: if the lengths differ.
    """
    total = len(passed)
    if total != len(groups):
        raise ValueError(f"passed and groups must have the same length, got {total} and {len(groups)}")
    by_group: dict[Hashable, list[int]] = {}
    for good, group in zip(passed, groups, strict=True):
        counts = by_group.setdefault(group, [0, 0])
        counts[0] += bool(good)
        counts[1] += 1
    return grouped_rate_interval([(hits, size) for hits, size in by_group.values()])


def grouped_rate_interval(groups: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """Return the interval of `pass_rate_interval` from counts.

    Args:
        groups: how many images of each group passed, and how many it has.
    """
    hits, total = sum(passed for passed, _ in groups), sum(size for _, size in groups)
    if len(groups) == total:
        return wilson_interval(hits, total)
    if len(groups) < LEAST_GROUPS:
        return None
    rate = hits / total
    effective = _effective(groups, hits, total) if 0 < hits < total else total / _repeated(groups, total)
    return _clopper_pearson(rate * effective, effective)


def _repeated(groups: Sequence[tuple[int, int]], total: int) -> float:
    """Return the design effect if every group passes whole or not at all: for groups of one size, that size."""
    return sum(size**2 for _, size in groups) / total


def _effective(groups: Sequence[tuple[int, int]], hits: int, total: int) -> float:
    """Return the effective number of images."""
    rate = hits / total
    count, most = len(groups), _repeated(groups, total)
    equal = total / most
    spread = sum((passed - rate * size) ** 2 for passed, size in groups)
    variance = spread * count / (count - 1) / total**2
    pull = _PULL * (count / equal - 1)
    effect = (equal * variance * total / (rate * (1 - rate)) + pull * most) / (equal + pull)
    ratio = t_quantile(1 - _TAIL, total - 1) / t_quantile(1 - _TAIL, max(1.0, equal - 1))
    return min(float(total), total / effect * ratio**2) if effect else float(total)


def _clopper_pearson(passed: float, total: float) -> tuple[float, float]:
    low = 0.0 if passed <= 0 else beta_quantile(_TAIL, passed, total - passed + 1)
    high = 1.0 if passed >= total else beta_quantile(1 - _TAIL, passed + 1, total - passed)
    return low, high
