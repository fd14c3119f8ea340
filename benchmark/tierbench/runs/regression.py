"""Judge whether a model recognises less than its baseline: all suites together, then each suite and tier. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from tierbench.common.schema import PairedVerdict, Slipping, State
from tierbench.metrics.mcnemar import mcnemar_exact
from tierbench.metrics.net_loss import detectable_loss, groups_needed, net_loss_p, net_loss_upper

ALPHA = 0.05
DEFAULT_ALLOWED_DROP = 0.10
# A smaller net loss is not called regressed, however certain it is.
LEAST_LOSS = 0.01
# Scaled log margins are cut to this many typical margins on both sides: further out, nothing is at stake.
MARGIN_BOUND = 2.0
LARGEST_DROP = 2 * MARGIN_BOUND
# The fall of one case that makes it a regression under the gate `flips`.
DEFAULT_MAX_DROP = 1.0
# Number of lost, and of won groups that a verdict names.
_NAMED = 20

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PairedCase:
    """A case that both a run and its baseline have, as the same image with the same expectation.

    Attributes:
        group: cases of one source image or scene share it.
        passed_before, passed_now: whether it passes by the current thresholds.
        predicted_before, predicted_now: the winning concept or label.
        margin_before, margin_now: the log margin of each, divided by the model's typical one; None if it is not known.
    """

    suite: str
    tier: int
    group: str
    passed_before: bool
    passed_now: bool
    predicted_before: str = ""
    predicted_now: str = ""
    margin_before: float | None = None
    margin_now: float | None = None

    @property
    def alike(self) -> bool:
        """Whether the prediction is the same as before."""
        return self.passed_before == self.passed_now and self.predicted_before == self.predicted_now

    @property
    def slip(self) -> float | None:
        """The fall of the bounded margin; None if one of the two is not known."""
        if self.margin_before is None or self.margin_now is None:
            return None
        return bounded_margin(self.margin_before) - bounded_margin(self.margin_now)


@dataclass(slots=True)
class _Sample:
    """Cases that are judged together, by group."""

    allowed_drop: float
    groups: dict[str, list[PairedCase]] = field(default_factory=dict)

    @property
    def cases(self) -> list[PairedCase]:
        return [case for own in self.groups.values() for case in own]

    def moved(self, way: int) -> list[str]:
        """Return the names of the groups of which fewer (-1) or more (1) cases pass, sorted."""
        gains = {name: sum(case.passed_now - case.passed_before for case in own) for name, own in self.groups.items()}
        return sorted(name for name, gain in gains.items() if gain * way > 0)


def judge_regression(
    cases: Iterable[PairedCase],
    *,
    allowed_drop: float | Mapping[Key, float] = DEFAULT_ALLOWED_DROP,
    slipping: Mapping[str, float] | None = None,
) -> tuple[PairedVerdict, ...]:
    """Judge whether a model recognises less than its baseline: first all suites together, then each suite and tier.

    A group is lost or won if the share of its cases that pass falls or rises; groups count equally. The test is the
    exact one of `net_loss_p`. All groups of all suites are one hypothesis at the level `ALPHA`; the tiers are tested
    only if it is rejected, with Holm's correction, to say where. So the probability of any false alarm is at most
    `ALPHA`. A significant net loss of at least `LEAST_LOSS` is `regressed`; otherwise the state is `unchanged` if all
    predictions are alike, `cleared` if the upper bound of the net loss is below `allowed_drop`, else `not shown`.

    Args:
        cases: the paired cases of one model. A group whose cases are in several tiers is one group of the whole.
        allowed_drop: the net loss that is tolerated, in (0, 1]; or a mapping by suite and tier, each of which then gets
            a verdict even without cases, with the default for those that it does not contain. Over all suites together
            the smallest applies.
        slipping: the fall of the margins that a suite allows, by suite.

    Returns:
        The verdict over all suites together, then one for each suite and tier, sorted; empty if there is none.

    Raises:
        ValueError: if `allowed_drop` is out of range.
    """
    declared = dict(allowed_drop) if isinstance(allowed_drop, Mapping) else {}
    default = DEFAULT_ALLOWED_DROP if isinstance(allowed_drop, Mapping) else allowed_drop
    for limit in (*declared.values(), default):
        if not 0 < limit <= 1:
            raise ValueError(f"allowed_drop must be above 0 and at most 1, got {limit}")
    tiers = {key: _Sample(limit) for key, limit in declared.items()}
    whole = _Sample(1.0)
    for case in cases:
        key = case.suite, case.tier
        tiers.setdefault(key, _Sample(default)).groups.setdefault(case.group, []).append(case)
        whole.groups.setdefault(f"{case.suite}/{case.group}", []).append(case)
    if not tiers:
        return ()
    whole.allowed_drop = min(sample.allowed_drop for sample in tiers.values())
    first = _verdict(whole, tests=1)
    verdicts = [
        _verdict(tiers[key], suite=key[0], tier=key[1], tests=sum(bool(sample.groups) for sample in tiers.values()))
        for key in sorted(tiers)
    ]
    tested = [verdict for verdict in verdicts if verdict.p_value is not None]
    adjusted = holm([verdict.p_value or 0.0 for verdict in tested])
    # A tier is tested only after the whole: its p-value is never the smaller one.
    corrected = {_key(each): max(p, first.p_value or 0.0) for each, p in zip(tested, adjusted, strict=True)}
    limits = slipping or {}
    return (
        _decided(first, first.p_value, whole),
        *(
            _with_limit(_decided(each, corrected.get(_key(each)), tiers[_key(each)]), limits.get(each.suite))
            for each in verdicts
        ),
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


def held_back(verdict: PairedVerdict) -> bool:
    """Return whether a tier alone would have shown a loss that all suites together do not show."""
    alone = verdict.p_value is not None and verdict.p_value * max(1, verdict.tests) <= ALPHA
    return alone and verdict.p_holm is not None and verdict.p_holm > ALPHA


def bounded_margin(margin: float) -> float:
    """Return a scaled log margin cut to `MARGIN_BOUND` on both sides."""
    return min(MARGIN_BOUND, max(-MARGIN_BOUND, margin))


def _key(verdict: PairedVerdict) -> Key:
    return verdict.suite, verdict.tier or 0


def _verdict(sample: _Sample, *, tests: int, suite: str = "", tier: int | None = None) -> PairedVerdict:
    """Return the figures of a sample, without the state."""
    cases, groups = sample.cases, len(sample.groups)
    lost, won = sample.moved(-1), sample.moved(1)
    worse = sum(case.passed_before and not case.passed_now for case in cases)
    better = sum(case.passed_now and not case.passed_before for case in cases)
    return PairedVerdict(
        suite=suite,
        tier=tier,
        state="not shown",
        cases=len(cases),
        groups=groups,
        lost=len(lost),
        won=len(won),
        lost_groups=tuple(lost[:_NAMED]),
        won_groups=tuple(won[:_NAMED]),
        drop=(len(lost) - len(won)) / groups if groups else 0.0,
        upper=net_loss_upper(len(lost), len(won), groups, ALPHA) if groups else None,
        p_value=net_loss_p(len(lost), len(won)) if groups else None,
        tests=tests,
        allowed_drop=sample.allowed_drop,
        worse=worse,
        better=better,
        mcnemar_p=mcnemar_exact(worse, better),
        bootstrap=_bootstrap(len(lost), len(won), groups),
        slipping=_slipping(sample.groups.values()),
    )


def _decided(verdict: PairedVerdict, p_holm: float | None, sample: _Sample) -> PairedVerdict:
    """Return the verdict with its state and, where it is open, with what would settle it."""
    lost, won, upper = verdict.lost or 0, verdict.won or 0, verdict.upper
    if upper is None or p_holm is None:
        return verdict
    state: State = "not shown"
    if p_holm <= ALPHA and verdict.drop >= LEAST_LOSS - 1e-12:
        state = "regressed"
    elif all(case.alike for case in sample.cases):
        state = "unchanged"
    elif upper < verdict.allowed_drop:
        state = "cleared"
    verdict = replace(verdict, state=state, p_holm=p_holm)
    if state != "not shown" or held_back(verdict):
        return verdict
    level, allowed = ALPHA / max(1, verdict.tests), verdict.allowed_drop
    needed = groups_needed(lost, won, verdict.groups, level=level, least_loss=LEAST_LOSS, allowed=allowed)
    return replace(
        verdict,
        detectable=detectable_loss(won, verdict.groups, level, LEAST_LOSS),
        needed=needed[0] if needed else None,
        needed_for=needed[1] if needed else "",
    )


def _with_limit(verdict: PairedVerdict, most: float | None) -> PairedVerdict:
    if verdict.slipping is None or most is None:
        return verdict
    return replace(verdict, slipping=replace(verdict.slipping, most=most))


def _bootstrap(lost: int, won: int, groups: int) -> tuple[float, float] | None:
    if groups < 2:
        return None
    # Without a change every sample is the same, and NumPy need not be imported.
    if not lost and not won:
        return 0.0, 0.0
    from tierbench.metrics.group_bootstrap import group_bootstrap

    return group_bootstrap(lost, won, groups)


def _slipping(groups: Collection[Sequence[PairedCase]]) -> Slipping | None:
    falls = [fmean(slips) for own in groups if (slips := [slip for case in own if (slip := case.slip) is not None])]
    if not falls:
        return None
    # Imported here, because a baseline of version 0.1 has no margins, and NumPy is not needed then.
    from tierbench.metrics.bounded_mean import bounded_mean_interval

    interval = bounded_mean_interval(falls, -LARGEST_DROP, LARGEST_DROP)
    if interval is None:
        return None
    return Slipping(fall=fmean(falls), low=interval[0], high=interval[1], groups=len(falls))
