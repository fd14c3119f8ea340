"""The paired regression verdict of each suite and tier; pure."""

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
# The same weights on another device or version agree to this (DESIGN 5): a smaller difference counts as none.
# Without it the rounding of a baseline's scores would be a "drop" of every score just under 1.
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
    """Judge each suite and tier of a diff: has the mean score dropped?

    The deciding test is a sign-flip permutation test by group, with Holm's correction over the suites and
    tiers that have at least `LEAST_GROUPS` groups (their number does not depend on the scores). Where it is
    significant the state is `regressed`; else, where the upper bound of the drop is under `allowed_drop`, `cleared`;
    else, and always under `LEAST_GROUPS` groups, `not shown`. The bounds need no correction:
    a run is clear only if every tier is (Berger 1982, Technometrics 24, 295-300).

    Args:
        diff: what `diff_cases` gave; of one model.
        allowed_drop: the declared margin, in units of the score, in (0, 1]; or by suite and tier, the default for
            those that it does not name.
        seed: of random sign patterns and of the bootstrap.

    Returns:
        One verdict for each suite and tier with a case in the run, sorted by suite and tier; rows without a
        tier (a ladder's steps) are in none.

    Raises:
        ValueError: if a drop is not a number or `allowed_drop` is outside its range.
    """
    declared = allowed_drop if isinstance(allowed_drop, Mapping) else {}
    default = DEFAULT_ALLOWED_DROP if isinstance(allowed_drop, Mapping) else allowed_drop
    for margin in (*declared.values(), default):
        if not 0 < margin <= 1:
            raise ValueError(f"allowed_drop lies above 0 and is at most 1, got {margin}")
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
    """Adjust p-values so that the chance of any false alarm among them stays under the level.

    Holds under any dependence between the tests. Source: Holm (1979), Scand. J. Statist. 6, 65-70.

    Args:
        p_values: one p-value a test, in any order.

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
        raise ValueError(f"{suite} tier {tier} holds a drop that is not a number")
    drops = paired["drop"].astype(float).where(paired["drop"].abs() > NOISE, 0.0)
    # Sorted by group, so that the order of the rows changes nothing.
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
    # Holm holds the smallest of the p-values against this level.
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
    """How many groups it takes until one sign pattern is rarer than the level of one of so many tests."""
    return max(LEAST_GROUPS, math.ceil(math.log2(tests / ALPHA)))


def _figure(value: float) -> str:
    """Return three decimals without trailing zeros; what rounds to zero says that it is small."""
    if 0 < value < 0.0005:
        return "less than 0.001"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def verdict_sentence(verdict: PairedVerdict) -> str:
    """Return the verdict in one line of plain language."""
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
        return f"{groups} in {tests} could have shown no drop: {_needed_groups(verdict.tests)} are needed"
    return f"{groups} could have shown a drop of {_figure(verdict.detectable)}"
