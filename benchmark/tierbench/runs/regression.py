"""Compute the paired regression verdict of each suite and tier. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tierbench.common.schema import PairedVerdict, State
from tierbench.common.text import plural
from tierbench.metrics.group_bootstrap import group_bootstrap
from tierbench.metrics.mcnemar import mcnemar_exact
from tierbench.metrics.sign_flip import SignFlip, sign_flip
from tierbench.runs.diff import PAIRED

ALPHA = 0.05
DEFAULT_ALLOWED_DROP = 0.05
LEAST_GROUPS = 6
# Scores of the same weights on another device or library version agree to this: a smaller difference counts as none.
# Without this limit, the rounding in baseline files would be a "drop" of every score just under 1.
NOISE = 1e-4


@dataclass(frozen=True, slots=True)
class _Sample:
    """The paired cases of one suite and tier, and their sign patterns."""

    suite: str
    tier: int
    cases: pd.DataFrame
    sums: pd.Series[float]
    sizes: pd.Series[int]
    flips: SignFlip

    @property
    def key(self) -> tuple[str, int]:
        return self.suite, self.tier

    @property
    def tested(self) -> bool:
        return len(self.sums) >= LEAST_GROUPS


def judge_regression(
    diff: pd.DataFrame,
    *,
    allowed_drop: float | Mapping[tuple[str, int], float] = DEFAULT_ALLOWED_DROP,
    seed: int = 0,
) -> tuple[PairedVerdict, ...]:
    """Judge for each suite and tier of a diff whether the mean score has dropped.

    The test is a sign-flip permutation test by group, with Holm's correction over the suites and tiers that have at
    least `LEAST_GROUPS` groups (their number does not depend on the scores). If it is significant, the state is
    `regressed`. Otherwise the state is `cleared` if the upper bound of the drop is below `allowed_drop`, and
    `not shown` if not. With fewer than `LEAST_GROUPS` groups it is always `not shown`. The bounds need no correction,
    because a run is cleared only if every tier is (Berger 1982, Technometrics 24, 295-300).

    Args:
        diff: the result of `diff_cases` for one model.
        allowed_drop: the drop of the mean score that is tolerated, in (0, 1]; or a mapping by suite and tier, with
            the default for those that it does not contain.
        seed: seed of the random sign patterns and of the bootstrap.

    Returns:
        One verdict for each suite and tier with a case in the run, sorted by suite and tier; rows without a tier
        (the steps of ladders) are ignored.

    Raises:
        ValueError: if a drop is not a number or `allowed_drop` is out of range.
    """
    declared = allowed_drop if isinstance(allowed_drop, Mapping) else {}
    default = DEFAULT_ALLOWED_DROP if isinstance(allowed_drop, Mapping) else allowed_drop
    for margin in (*declared.values(), default):
        if not 0 < margin <= 1:
            raise ValueError(f"allowed_drop must be above 0 and at most 1, got {margin}")
    ran = diff[diff["change"] != "missing"]
    samples = [_sample(cases, seed) for _, cases in ran.groupby(["suite", "tier"])]
    tested = [sample for sample in samples if sample.tested]
    adjusted = holm([sample.flips.p_value for sample in tested])
    p_holm = {sample.key: p for sample, p in zip(tested, adjusted, strict=True)}
    return tuple(
        _verdict(sample, p_holm.get(sample.key), len(tested), declared.get(sample.key, default), seed)
        for sample in samples
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that the probability of any false alarm among them stays below the level.

    Valid under any dependence between the tests. Source: Holm (1979), Scand. J. Statist. 6, 65-70.

    Args:
        p_values: one p-value per test, in any order.

    Returns:
        The adjusted p-values in the same order, each at most 1.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (len(p_values) - place) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return tuple(adjusted)


def _sample(cases: pd.DataFrame, seed: int) -> _Sample:
    suite, tier = str(cases["suite"].iloc[0]), int(cases["tier"].iloc[0])
    paired = cases[cases["change"].isin(PAIRED)]
    if paired["drop"].isna().any():
        raise ValueError(f"{suite} tier {tier} has a drop that is not a number")
    drops = paired["drop"].astype(float).where(paired["drop"].abs() > NOISE, 0.0)
    # `groupby` sorts by group, so that the order of the rows does not matter.
    groups = drops.groupby(paired["group"])
    sums, sizes = groups.sum(), groups.size()
    return _Sample(suite, tier, paired, sums, sizes, sign_flip(sums, sizes, seed=seed))


def _verdict(sample: _Sample, p_holm: float | None, tests: int, allowed_drop: float, seed: int) -> PairedVerdict:
    cases, flips = len(sample.cases), sample.flips
    drop = float(sample.sums.sum()) / max(1, cases)
    upper = flips.upper(ALPHA)
    state: State = "not shown"
    if p_holm is not None and p_holm <= ALPHA:
        state = "regressed"
    elif p_holm is not None and upper is not None and upper < allowed_drop:
        state = "cleared"
    # Holm's method compares the smallest p-value with this level.
    lower = flips.lower(ALPHA / tests) if sample.tested else None
    passed, passed_before = sample.cases["passed"].astype(bool), sample.cases["baseline_passed"].astype(bool)
    worse, better = int((passed_before & ~passed).sum()), int((passed & ~passed_before).sum())
    return PairedVerdict(
        suite=sample.suite,
        tier=sample.tier,
        state=state,
        cases=cases,
        groups=len(sample.sums),
        drop=drop,
        upper=upper,
        p_value=flips.p_value if sample.tested else None,
        p_holm=p_holm,
        tests=tests,
        detectable=None if lower is None else drop - lower,
        allowed_drop=allowed_drop,
        worse=worse,
        better=better,
        mcnemar_p=mcnemar_exact(worse, better),
        bootstrap=group_bootstrap(sample.sums, sample.sizes, seed=seed),
    )


def _needed_groups(tests: int) -> int:
    """Return the number of groups at which a single sign pattern can be significant in one of this many tests."""
    return max(LEAST_GROUPS, math.ceil(math.log2(tests / ALPHA)))


def _figure(value: float) -> str:
    """Format a value with three decimals and no trailing zeros; values that round to zero as `less than 0.001`."""
    if 0 < value < 0.0005:
        return "less than 0.001"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def verdict_sentence(verdict: PairedVerdict) -> str:
    """Return the verdict as one line of plain language."""
    head = f"{verdict.suite} tier {verdict.tier}: {verdict.state}: "
    if not verdict.cases:
        return head + "no case to compare with the baseline"
    bound = "no upper bound" if verdict.upper is None else f"95 % upper bound {_figure(max(0, verdict.upper))}"
    return head + f"{_moved(verdict)} ({bound}); {_because(verdict)}"


def _moved(verdict: PairedVerdict) -> str:
    if not verdict.drop:
        return "mean score did not change"
    return f"mean score {'fell' if verdict.drop > 0 else 'rose'} by {_figure(abs(verdict.drop))}"


def _because(verdict: PairedVerdict) -> str:
    groups, tests = plural(verdict.groups, "group"), plural(verdict.tests, "test")
    if verdict.state == "regressed" and verdict.p_holm is not None:
        p = "p < 0.001" if verdict.p_holm < 0.001 else f"p = {_figure(verdict.p_holm)}"
        flips = f"{verdict.worse} of {verdict.cases} cases fail that passed, {verdict.better} the other way"
        return f"{p} ({groups}, Holm over {tests}); {flips}"
    if verdict.state == "cleared":
        return f"a drop of {_figure(verdict.allowed_drop)} is allowed"
    if verdict.groups < LEAST_GROUPS:
        return f"{groups} cannot decide: {LEAST_GROUPS} are needed"
    if verdict.detectable is None:
        return f"{groups} in {tests} could not have shown any drop: {_needed_groups(verdict.tests)} are needed"
    return f"{groups} could have shown a drop of {_figure(verdict.detectable)}"
