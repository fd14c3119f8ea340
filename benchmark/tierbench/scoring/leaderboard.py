"""Compare several models of one run: their ranking, the images they differ on, how certain a lead is. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tierbench.common.schema import CaseRow, ModelEntry, ModelPair, Rows, TierResult
from tierbench.common.text import plural
from tierbench.metrics import error_consistency

# Two-sided 95 %.
_TAIL = 0.025


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

    See `compare_models` for which images count.
    """
    common = _common(models, rows)
    return [_pair(models[0], other, common) for other in models[1:] if common]


def _common(models: Sequence[str], rows: Rows) -> list[Shared]:
    cases: dict[str, dict[str, CaseRow]] = {}
    for row in rows if len(models) > 1 else ():
        if row.score is not None and row.tier is not None:
            cases.setdefault(row.key, {})[row.model] = row
    return [Shared(key, by_model) for key, by_model in cases.items() if len(by_model) == len(models)]


def _pair(first: str, second: str, cases: Sequence[Shared]) -> ModelPair:
    # Imported here, because a run of one model does not need pandas.
    from tierbench.metrics.sign_flip import sign_flip

    passed = [(case.rows[first].passed, case.rows[second].passed) for case in cases]
    groups: dict[tuple[str, str], list[int]] = {}
    for case, (one, other) in zip(cases, passed, strict=True):
        row = case.rows[first]
        # A case without a group is a group of its own.
        groups.setdefault((row.suite, row.group or row.case), []).append(one - other)
    flips = sign_flip([sum(leads) for leads in groups.values()], [len(leads) for leads in groups.values()])
    low, high = flips.lower(_TAIL), flips.upper(_TAIL)
    kappa = error_consistency([one for one, _ in passed], [other for _, other in passed])
    counts = {pattern: passed.count(pattern) for pattern in ((True, True), (True, False), (False, True))}
    return ModelPair(
        first=first,
        second=second,
        both=counts[True, True],
        only_first=counts[True, False],
        only_second=counts[False, True],
        neither=len(passed) - sum(counts.values()),
        lead=(counts[True, False] - counts[False, True]) / len(passed),
        interval=None if low is None or high is None else (low, high),
        groups=len(groups),
        consistency=None if math.isnan(kappa) else kappa,
    )


def pair_sentence(pair: ModelPair) -> str:
    """Return `a passes a larger share of the images than b, by 0.11 (95 % +0.02 to +0.20, 74 groups): …`."""
    if not pair.lead:
        head = f"{pair.first} and {pair.second} pass the same share of the images"
    else:
        size = "larger" if pair.lead > 0 else "smaller"
        head = f"{pair.first} passes a {size} share of the images than {pair.second}, by {abs(pair.lead):.2f}"
    bounds = "no interval" if pair.interval is None else f"95 % {pair.interval[0]:+.2f} to {pair.interval[1]:+.2f}"
    counts = (
        f"both pass {pair.both}, only {pair.first} {pair.only_first}, only {pair.second} {pair.only_second}, "
        f"neither {pair.neither}"
    )
    kappa = "" if pair.consistency is None else f"; error consistency κ = {pair.consistency:.2f}"
    return f"{head} ({bounds}, {plural(pair.groups, 'group')}): {counts}{kappa}"
