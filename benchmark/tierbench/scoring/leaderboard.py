"""Compare several models of one run: their ranking, the images they differ on, how certain a lead is. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tierbench.common.schema import CaseRow, ErrorConsistency, ModelEntry, ModelPair, Rows, TierResult
from tierbench.common.text import plural
from tierbench.metrics.net_loss import net_loss_interval
from tierbench.metrics.pass_rate import LEAST_GROUPS

_LEVEL = 0.05
# A suite, tier, corruption and severity.
_Condition = tuple[str, int, str, int | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """The place of a model among the models of a run.

    Attributes:
        tiers: tier → number of images that passed and number judged, over all suites.
    """

    name: str
    level: int | None
    level_text: str
    tiers: Mapping[int, tuple[int, int]]

    @property
    def share(self) -> float:
        """Share of the judged images of all tiers that passed; 0 if none was judged."""
        total = sum(total for _, total in self.tiers.values())
        return sum(passed for passed, _ in self.tiers.values()) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Shared:
    """An image that several models judged, with its rows by model."""

    key: str
    rows: Mapping[str, CaseRow]

    @property
    def gap(self) -> float:
        """Difference between the highest and the lowest score."""
        scores = [row.score for row in self.rows.values() if row.score is not None]
        return max(scores) - min(scores)


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Several models on the images that all of them judged.

    Attributes:
        models: names, best first.
        common: number of images that all of them judged.
        differences: images that some models pass and others miss, the largest difference in score first.
    """

    models: tuple[str, ...]
    common: int
    differences: tuple[Shared, ...]


def rank_models(models: Iterable[ModelEntry], tiers: Sequence[TierResult]) -> list[Standing]:
    """Rank models by level, then by the share of images that pass, then by name."""
    found = [Standing(model.name, model.level, model.level_text, _counts(model.name, tiers)) for model in models]
    return sorted(found, key=lambda model: (-(-1 if model.level is None else model.level), -model.share, model.name))


def _counts(name: str, tiers: Iterable[TierResult]) -> dict[int, tuple[int, int]]:
    counts: dict[int, tuple[int, int]] = {}
    for tier in sorted((tier for tier in tiers if tier.model == name), key=lambda tier: tier.tier):
        passed, total = counts.get(tier.tier, (0, 0))
        counts[tier.tier] = (passed + tier.passed, total + tier.total)
    return counts


def compare_models(models: Sequence[str], rows: Rows) -> ModelComparison | None:
    """Compare several models image by image; return None if no image was judged by all of them.

    Args:
        models: names, best first.
        rows: the rows of all models. Images that some model did not judge are ignored, and so are rows without
            a tier, such as the steps of ladders and derived cases.
    """
    common = _common(models, rows)
    if not common:
        return None
    differ = [case for case in common if len({row.passed for row in case.rows.values()}) > 1]
    return ModelComparison(tuple(models), len(common), tuple(sorted(differ, key=lambda case: (-case.gap, case.key))))


def pair_models(models: Sequence[str], rows: Rows) -> list[ModelPair]:
    """Compare the best model with each of the others, on the images that all of them judged.

    See `compare_models` for which images count. Which model is the best is known only from the same images, so the
    intervals hold for all pairs of models at once: each at 5 % divided by the number of pairs (Bonferroni).
    """
    common = _common(models, rows)
    conditions = _conditions(models, rows)
    pairs = len(models) * (len(models) - 1) // 2
    return [_pair(models[0], other, common, conditions, pairs) for other in models[1:] if common]


def _common(models: Sequence[str], rows: Rows) -> list[Shared]:
    cases: dict[str, dict[str, CaseRow]] = {}
    for row in rows if len(models) > 1 else ():
        if row.score is not None and row.tier is not None:
            cases.setdefault(row.key, {})[row.model] = row
    return [Shared(key, by_model) for key, by_model in cases.items() if len(by_model) == len(models)]


def _conditions(models: Sequence[str], rows: Rows) -> dict[_Condition, list[dict[str, CaseRow]]]:
    """Return the images that all models judged, by condition, corrupted ones included."""
    cases: dict[_Condition, dict[str, dict[str, CaseRow]]] = {}
    for row in rows if len(models) > 1 else ():
        if row.score is not None and (row.tier is not None or row.corruption):
            # Sweeps corrupt the images of tier 1.
            condition = (row.suite, row.tier or 1, row.corruption, row.severity)
            cases.setdefault(condition, {}).setdefault(row.case, {})[row.model] = row
    shared = {
        condition: [by_model for by_model in own.values() if len(by_model) == len(models)]
        for condition, own in cases.items()
    }
    return {condition: shared[condition] for condition in sorted(shared, key=str) if shared[condition]}


def _pair(
    first: str,
    second: str,
    cases: Sequence[Shared],
    conditions: Mapping[_Condition, Sequence[Mapping[str, CaseRow]]],
    pairs: int,
) -> ModelPair:
    passed = [(case.rows[first].passed, case.rows[second].passed) for case in cases]
    leads: dict[tuple[str, str], int] = {}
    for case, (one, other) in zip(cases, passed, strict=True):
        row = case.rows[first]
        # A case without a group is a group of its own.
        group = row.suite, row.group or row.case
        leads[group] = leads.get(group, 0) + one - other
    ahead, behind = (sum(lead * way > 0 for lead in leads.values()) for way in (1, -1))
    counts = {pattern: passed.count(pattern) for pattern in ((True, True), (True, False), (False, True))}
    enough = len(leads) >= LEAST_GROUPS
    return ModelPair(
        first=first,
        second=second,
        both=counts[True, True],
        only_first=counts[True, False],
        only_second=counts[False, True],
        neither=len(passed) - sum(counts.values()),
        lead=(ahead - behind) / len(leads),
        interval=net_loss_interval(ahead, behind, len(leads), _LEVEL / pairs) if enough else None,
        groups=len(leads),
        ahead=ahead,
        behind=behind,
        consistencies=tuple(_consistency(first, second, *item) for item in conditions.items()),
    )


def _consistency(
    first: str, second: str, condition: _Condition, cases: Sequence[Mapping[str, CaseRow]]
) -> ErrorConsistency:
    suite, tier, corruption, severity = condition
    one, other = ([case[model].passed for case in cases] for model in (first, second))
    groups = [case[first].group or case[first].case for case in cases]
    # Imported here, because runs are listed without computing anything.
    from tierbench.metrics import error_consistency, error_consistency_interval

    kappa = error_consistency(one, other)
    return ErrorConsistency(
        suite=suite,
        tier=tier,
        corruption=corruption,
        severity=severity,
        kappa=None if math.isnan(kappa) else kappa,
        interval=error_consistency_interval(one, other, groups),
        cases=len(cases),
        groups=len(set(groups)),
    )


def pair_sentence(pair: ModelPair) -> str:
    """Return `a is ahead of b in 9 of 74 groups and behind in 2, by 0.09 (95 % -0.02 to +0.21 …): …`."""
    counts = (
        f"both pass {pair.both}, only {pair.first} {pair.only_first}, only {pair.second} {pair.only_second}, "
        f"neither {pair.neither}"
    )
    bounds = "no interval" if pair.interval is None else f"95 % {pair.interval[0]:+.2f} to {pair.interval[1]:+.2f}"
    if pair.ahead is None:
        # A record of version 0.1.
        return f"{_old_lead(pair)} ({bounds}, {plural(pair.groups, 'group')}): {counts}"
    simultaneous = "" if pair.interval is None else ", over all pairs of models"
    return (
        f"{pair.first} is ahead of {pair.second} in {pair.ahead} of {plural(pair.groups, 'group')} and behind in "
        f"{pair.behind}, by {pair.lead:+.2f} ({bounds}{simultaneous}): {counts}{_kappas(pair)}"
    )


def _kappas(pair: ModelPair) -> str:
    """Return the error consistency of each tier; that of each corruption is in the record."""
    shown = []
    for each in pair.consistencies:
        if each.kappa is not None and not each.corruption:
            interval = "" if each.interval is None else f" [{each.interval[0]:.2f}, {each.interval[1]:.2f}]"
            shown.append(f"{each.suite} tier {each.tier} {each.kappa:.2f}{interval}")
    return f"; error consistency κ: {', '.join(shown)}" if shown else ""


def _old_lead(pair: ModelPair) -> str:
    if not pair.lead:
        return f"{pair.first} and {pair.second} pass the same share of the images"
    size = "larger" if pair.lead > 0 else "smaller"
    return f"{pair.first} passes a {size} share of the images than {pair.second}, by {abs(pair.lead):.2f}"
