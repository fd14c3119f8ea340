"""Several models beside each other: who leads, on which images they differ, how sure the lead is. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierbench.common.text import plural
from tierbench.metrics import error_consistency

Row = Mapping[str, Any]
Rows = Sequence[Row]
# Two-sided 95 %.
_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model stands among those of a run.

    Attributes:
        tiers: tier → images that passed and images that were judged, added up over the suites.
    """

    name: str
    level: int | None
    level_text: str
    tiers: Mapping[int, tuple[int, int]]

    @property
    def share(self) -> float:
        """Share of the judged images of all tiers that passed; 0 where none was judged."""
        total = sum(total for _, total in self.tiers.values())
        return sum(passed for passed, _ in self.tiers.values()) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Shared:
    """An image that several models judged: its rows, as in `scores.csv`, by model."""

    key: str
    rows: Mapping[str, Row]

    @property
    def gap(self) -> float:
        """Distance of the highest score from the lowest."""
        scores = [float(row["score"]) for row in self.rows.values()]
        return max(scores) - min(scores)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models on the same images.

    Attributes:
        first, second: names of the models.
        both, only_first, only_second, neither: images by who passes them.
        lead: share of the images that the first passes less that of the second.
        interval: two-sided 95 % interval of the lead: what sign flips by group do not reject (see `sign_flip`); None
            where the groups are too few for one.
        groups: scenes or source pictures that the images come from.
        consistency: κ of their errors (Geirhos et al. 2020); None where it is not defined.
    """

    first: str
    second: str
    both: int
    only_first: int
    only_second: int
    neither: int
    lead: float
    interval: tuple[float, float] | None
    groups: int
    consistency: float | None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pair:
        """Take the fields back from `run.json`, which knows lists only."""
        interval = values.get("interval")
        return cls(**{**values, "interval": None if interval is None else tuple(interval)})

    @property
    def sentence(self) -> str:
        """`a passes a larger share of the images than b, by 0.11 (95 % +0.02 to +0.20, 74 groups): both pass 79, …`."""
        if not self.lead:
            head = f"{self.first} and {self.second} pass the same share of the images"
        else:
            size = "larger" if self.lead > 0 else "smaller"
            head = f"{self.first} passes a {size} share of the images than {self.second}, by {abs(self.lead):.2f}"
        bounds = "no interval" if self.interval is None else f"95 % {self.interval[0]:+.2f} to {self.interval[1]:+.2f}"
        counts = (
            f"both pass {self.both}, only {self.first} {self.only_first}, only {self.second} {self.only_second}, "
            f"neither {self.neither}"
        )
        kappa = "" if self.consistency is None else f"; error consistency κ = {self.consistency:.2f}"
        return f"{head} ({bounds}, {plural(self.groups, 'group')}): {counts}{kappa}"


@dataclass(frozen=True, slots=True)
class Contest:
    """Several models on the images that all of them judged.

    Attributes:
        models: names, best first.
        common: how many images all of them judged.
        differences: images on which they differ, the widest gap in score first.
    """

    models: tuple[str, ...]
    common: int
    differences: tuple[Shared, ...]


def rank_models(models: Rows, tiers: Rows) -> list[Standing]:
    """Give the models, best level first, then by the share of images that pass, then by name.

    Args:
        models: as in `run.json`: `name`, `level`, `level_text`.
        tiers: as in `run.json`.
    """
    found = [
        Standing(str(model["name"]), model["level"], str(model["level_text"]), _counts(str(model["name"]), tiers))
        for model in models
    ]
    return sorted(found, key=lambda model: (-(-1 if model.level is None else model.level), -model.share, model.name))


def _counts(name: str, tiers: Rows) -> dict[int, tuple[int, int]]:
    counts: dict[int, tuple[int, int]] = {}
    for tier in sorted((tier for tier in tiers if tier["model"] == name), key=lambda tier: int(tier["tier"])):
        passed, total = counts.get(int(tier["tier"]), (0, 0))
        counts[int(tier["tier"])] = (passed + int(tier["passed"]), total + int(tier["total"]))
    return counts


def compare_models(models: Sequence[str], rows: Rows) -> Contest | None:
    """Hold several models against each other, image by image; None where no image was judged by all of them.

    Args:
        models: names, best first.
        rows: as in `scores.csv`; an image that not every model was asked about, or that erred, is left out, and so
            are the steps of ladders and what a sweep derived: neither is in a tier.
    """
    common = _common(models, rows)
    if not common:
        return None
    differ = [case for case in common if len({bool(row["passed"]) for row in case.rows.values()}) > 1]
    return Contest(tuple(models), len(common), tuple(sorted(differ, key=lambda case: (-case.gap, case.key))))


def pair_models(models: Sequence[str], rows: Rows) -> list[Pair]:
    """Pair the best model with each other one, on the images that all of them judged; see `compare_models`."""
    common = _common(models, rows)
    return [_pair(models[0], other, common) for other in models[1:] if common]


def _common(models: Sequence[str], rows: Rows) -> list[Shared]:
    cases: dict[str, dict[str, Row]] = {}
    for row in rows if len(models) > 1 else ():
        if row.get("score") is not None and row.get("tier") is not None:
            cases.setdefault(f"{row['suite']}/{row['case']}", {})[str(row["model"])] = row
    return [Shared(key, by_model) for key, by_model in cases.items() if len(by_model) == len(models)]


def _pair(first: str, second: str, cases: Sequence[Shared]) -> Pair:
    # Here, because a run of one model must not pay for pandas.
    from tierbench.metrics.sign_flip import sign_flip

    passed = [(bool(case.rows[first]["passed"]), bool(case.rows[second]["passed"])) for case in cases]
    groups: dict[tuple[str, str], list[int]] = {}
    for case, (one, other) in zip(cases, passed, strict=True):
        row = case.rows[first]
        # A case without a group stands for itself.
        groups.setdefault((str(row["suite"]), str(row.get("group") or row["case"])), []).append(one - other)
    flips = sign_flip([sum(leads) for leads in groups.values()], [len(leads) for leads in groups.values()])
    low, high = flips.lower(_TAIL), flips.upper(_TAIL)
    kappa = error_consistency([one for one, _ in passed], [other for _, other in passed])
    counts = {pattern: passed.count(pattern) for pattern in ((True, True), (True, False), (False, True))}
    return Pair(
        first,
        second,
        both=counts[True, True],
        only_first=counts[True, False],
        only_second=counts[False, True],
        neither=len(passed) - sum(counts.values()),
        lead=(counts[True, False] - counts[False, True]) / len(passed),
        interval=None if low is None or high is None else (low, high),
        groups=len(groups),
        consistency=None if math.isnan(kappa) else kappa,
    )
