"""Turn recorded runs into a series per suite, tier and model. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tierbench.common.schema import TierResult
from tierbench.runs.history import HistoryEntry


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One run in a series.

    Attributes:
        run: name of the run's folder.
        started: start of the run, in UTC.
        tier: result of the tier in that run.
        new_weights: whether the model's fingerprint differs from the previous point.
        new_suite: whether the suite's description differs from the previous point.
    """

    run: str
    started: str
    tier: TierResult
    new_weights: bool
    new_suite: bool


@dataclass(frozen=True, slots=True)
class Series:
    """The results of one model on one tier of one suite over time, oldest first; only runs of the whole tier count."""

    suite: str
    tier: int
    model: str
    points: tuple[TrendPoint, ...]

    @property
    def name(self) -> str:
        """The current name of the tier."""
        return self.points[-1].tier.name


def make_series(entries: Iterable[HistoryEntry], last: int = 0) -> list[Series]:
    """Return one series per suite, tier and model, sorted by these.

    Runs of a part of a tier (because of `-k`, or because they stopped early) are ignored, because the pass rate of
    the part is not that of the tier.

    Args:
        entries: the runs, oldest first.
        last: number of points per series, counted from the newest; 0 for all.
    """
    found: dict[tuple[str, int, str], list[TrendPoint]] = {}
    seen: dict[tuple[str, int, str], tuple[str, str]] = {}
    for entry in entries:
        run = entry.run
        fingerprints = {model.name: model.fingerprint for model in run.models}
        for tier in run.tiers:
            if not tier.whole or not tier.total:
                continue
            key = (tier.suite, tier.tier, tier.model)
            now = (fingerprints.get(tier.model, ""), run.suites.get(tier.suite, ""))
            before = seen.get(key, now)
            point = TrendPoint(entry.folder, run.started, tier, before[0] != now[0], before[1] != now[1])
            found.setdefault(key, []).append(point)
            seen[key] = now
    return [Series(*key, tuple(points[-last:])) for key, points in sorted(found.items())]
