"""From recorded runs to a series per suite, tier and model. Pure."""

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
        started: of the run, UTC.
        tier: what the run said of the tier.
        new_weights: whether the model is another than in the point before.
        new_suite: whether the suite's description is another than in the point before.
    """

    run: str
    started: str
    tier: TierResult
    new_weights: bool
    new_suite: bool


@dataclass(frozen=True, slots=True)
class Series:
    """One model on one tier of one suite over time; only runs that judged the whole tier, oldest first."""

    suite: str
    tier: int
    model: str
    points: tuple[TrendPoint, ...]

    @property
    def name(self) -> str:
        """What the suite calls the tier now."""
        return self.points[-1].tier.name


def make_series(entries: Iterable[HistoryEntry], last: int = 0) -> list[Series]:
    """Return a series per suite, tier and model, sorted so.

    A part of a tier (`-k`, a run that stopped early) says nothing of the pass rate of the whole, and is left out.

    Args:
        entries: the runs, oldest first.
        last: how many points of each series to give, the newest; 0: all.
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
