"""From the results of a tier's cases to its pass rate, and from all tiers to the level. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from tierbench.common.text import listed, plural
from tierbench.metrics import wilson_interval
from tierbench.suites.case import Suite


@dataclass(frozen=True, slots=True)
class TierResult:
    """How a model did on one tier of one suite; plain values, as `run.json` holds them.

    Attributes:
        passed: cases that met their thresholds; known issues that were missed do not count.
        total: cases that were judged, errors included.
        size: cases that the tier has.
        errors: cases without a verdict.
        low, high: 95 % Wilson interval of the pass rate, for independent images.
        groups: scenes or source pictures that the judged cases come from.
        mean_score: of the cases with a verdict; None where there is none.
        worst_case, worst_score: the judged case with the lowest score.
        min_pass_rate: what the suite demands.
        met: whether the demand is met; None where the tier was not judged whole, or errors leave it open.
    """

    suite: str
    model: str
    tier: int
    name: str
    passed: int
    total: int
    size: int
    errors: int
    low: float
    high: float
    groups: int
    mean_score: float | None
    worst_case: str
    worst_score: float | None
    min_pass_rate: float
    met: bool | None

    @property
    def whole(self) -> bool:
        """Whether every case of the tier was judged."""
        return self.total == self.size

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Give the fields as `run.json` holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TierResult:
        """Take the fields back; those that are None may be left out."""
        optional = dict.fromkeys(("mean_score", "worst_score", "met"))
        return cls(**{**optional, **values})


@dataclass(frozen=True, slots=True)
class Level:
    """How far a model sees.

    Attributes:
        model: the slot.
        level: the highest tier up to which every suite meets its pass rates; None: not determined.
        of: the highest tier that a suite has.
        note: what leaves it open, or how far it was looked.
    """

    model: str
    level: int | None
    of: int
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the level as `run.json` holds it."""
        return {"name": self.model, "level": self.level, "of": self.of, "level_text": str(self)}

    def __str__(self) -> str:
        text = "level not determined" if self.level is None else f"level {self.level} of {self.of}"
        return f"{text} ({self.note})" if self.note else text


def summarise_tier(suite: Suite, tier: int, model: str, rows: Iterable[Mapping[str, Any]]) -> TierResult:
    """Sum up the rows of a tier's cases (as in `scores.csv`); skipped cases are left out."""
    judged = [row for row in rows if row["outcome"] != "skipped"]
    scored = [(f"{suite.name}/{row['case']}", float(row["score"])) for row in judged if row.get("score") is not None]
    passed = sum(bool(row["passed"]) for row in judged)
    size = len(suite.by_tier[tier])
    rule = suite.tiers[tier]
    low, high = wilson_interval(passed, len(judged))
    worst, worst_score = min(scored, key=lambda item: item[1], default=("", None))
    errors = len(judged) - len(scored)
    return TierResult(
        suite=suite.name,
        model=model,
        tier=tier,
        name=rule.name,
        passed=passed,
        total=len(judged),
        size=size,
        errors=errors,
        low=low,
        high=high,
        groups=len({row["group"] for row in judged}),
        mean_score=fmean(score for _, score in scored) if scored else None,
        worst_case=worst,
        worst_score=worst_score,
        min_pass_rate=rule.min_pass_rate,
        met=_met(passed, errors, len(judged), size, rule.min_pass_rate),
    )


def _met(passed: int, errors: int, total: int, size: int, min_pass_rate: float) -> bool | None:
    if total != size or not size:
        return None
    if reaches(passed, size, min_pass_rate):
        return True
    # An image without a verdict could have passed: only a tier that fails even then has failed.
    return None if reaches(passed + errors, size, min_pass_rate) else False


def reaches(passed: int, total: int, min_pass_rate: float) -> bool:
    """Whether the pass rate reaches the demand, without tripping over the rounding of 0.28 × 25."""
    return passed >= min_pass_rate * total - 1e-9


def level_of(model: str, suites: Sequence[Suite], tiers: Iterable[TierResult]) -> Level:
    """Find the level of a model.

    Args:
        model: the slot.
        suites: every suite that could have been run (those that were not fetched do not count).
        tiers: the results of all models.
    """
    known = {(tier.suite, tier.tier): tier for tier in tiers if tier.model == model}
    numbers = sorted({number for suite in suites for number in suite.by_tier})
    if not numbers:
        return Level(model, None, 0, "no suite has a tier")
    level = 0
    for number in numbers:
        results = {suite.name: known.get((suite.name, number)) for suite in suites if number in suite.by_tier}
        if any(result is not None and result.met is False for result in results.values()):
            break
        open_suites = [name for name, result in results.items() if result is None or result.met is None]
        if open_suites:
            # What was judged so far is a level, unless not even tier 1 is known.
            return Level(model, level or None, numbers[-1], _open_note(number, results, open_suites))
        level = number
    return Level(model, level, numbers[-1])


def _open_note(number: int, results: Mapping[str, TierResult | None], open_suites: Sequence[str]) -> str:
    if not any(results.values()):
        return f"tier {number} not run"
    if any(result is not None and result.whole for name, result in results.items() if name in open_suites):
        return f"tier {number} of {listed(open_suites)} left open by errors"
    return f"tier {number} of {listed(open_suites)} not run whole"


def shortfall(result: TierResult, missed: Sequence[str]) -> str:
    """Say by how much a tier misses its demand, and by which cases."""
    errors = f", {plural(result.errors, 'error')}" if result.errors else ""
    return (
        f"{result.suite} tier {result.tier}: {result.passed} of {result.total} passed ({result.rate:.2f}{errors}), "
        f"at least {result.min_pass_rate:.2f} demanded; missed: {listed(missed)}"
    )
