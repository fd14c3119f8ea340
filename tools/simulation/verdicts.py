"""The tables about verdicts: false alarms, power, broken demands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from simulation.worlds import (
    EQUAL_WORLDS,
    SIZES,
    TIER_MARGINS,
    Floats,
    Rows,
    Sample,
    collapsed,
    percent,
    retrained,
    shifted,
    sizes,
)
from tierbench.metrics.bounded_mean import bounded_mean_interval
from tierbench.metrics.net_loss import net_loss_p
from tierbench.runs.regression import ALPHA, LEAST_LOSS, MARGIN_BOUND, PairedCase, holm, judge_regression

SIGN_PATTERNS = 999
# Runs whose verdicts are also computed by the function that the benchmark uses.
CHECKED = 5


@cache
def p_values(most: int) -> Floats:
    """Return the p-value of each number of lost and won groups up to `most`."""
    return np.array([[net_loss_p(lost, won) for won in range(most + 1)] for lost in range(most + 1)])


def alarms(tiers: list[Sample]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return for each run whether all tiers together regressed, and whether any tier did; tiers share no group."""
    counts = [sample.counts for sample in tiers]
    sizes_of = [sample.before.shape[1] for sample in tiers]
    table = p_values(sum(sizes_of))
    lost, won = (sum(each[side] for each in counts) for side in (0, 1))
    rejected = table[lost, won] <= ALPHA
    whole = rejected & (lost - won >= LEAST_LOSS * sum(sizes_of) - 1e-9)
    by_tier = np.stack([table[each] for each in counts], axis=1)
    adjusted = np.array([holm(row) for row in by_tier.tolist()])
    enough = np.stack([each[0] - each[1] >= LEAST_LOSS * size for each, size in zip(counts, sizes_of, strict=True)], 1)
    any_tier = ((adjusted <= ALPHA) & enough & rejected[:, np.newaxis]).any(axis=1)
    for run in range(min(CHECKED, len(whole))):
        first, *others = judge_regression(_cases(tiers, run))
        if (first.state == "regressed", any(each.state == "regressed" for each in others)) != (
            whole[run],
            any_tier[run],
        ):
            raise AssertionError(f"run {run}: the tool and judge_regression disagree: {first}")
    return whole, any_tier


def _cases(tiers: list[Sample], run: int) -> Iterator[PairedCase]:
    for number, sample in enumerate(tiers, 1):
        for group, image in np.argwhere(~np.isnan(sample.before[run])):
            before, now = sample.before[run, group, image], sample.now[run, group, image]
            yield PairedCase("s", number, f"t{number}g{group}", bool(before > 0), bool(now > 0), "", str(before != now))


def sign_flip_alarms(tiers: list[Sample], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return whether the test of version 0.1 alarms: sign flips of mean scores by group, Holm over the tiers."""
    p_by_tier = []
    for sample in tiers:
        drops = np.nansum(_score(sample.before) - _score(sample.now), axis=2)
        signs = rng.choice((-1.0, 1.0), (drops.shape[1], SIGN_PATTERNS))
        reached = (drops @ signs >= drops.sum(axis=1, keepdims=True) - 1e-12).sum(axis=1)
        p_by_tier.append((1 + reached) / (1 + SIGN_PATTERNS))
    rejected: npt.NDArray[np.bool_] = np.array([min(holm(row)) <= ALPHA for row in np.stack(p_by_tier, 1).tolist()])
    return rejected


def _score(margins: Floats) -> Floats:
    return 1 / (1 + np.exp(-margins))


def false_alarms(runs: int, groups: Sequence[int] = (6, 12, 24, 60)) -> Rows:
    """False alarms: runs in which `regressed` is said of a model that loses no more groups than it wins."""
    yield ["world", "group sizes", *(f"3 × {count} groups" for count in groups)]
    for name, world in EQUAL_WORLDS.items():
        for kind in SIZES:
            shares = []
            for count in groups:
                rng = np.random.default_rng(count)
                tiers = [world(rng, runs, sizes(kind, count), mean) for mean in TIER_MARGINS]
                whole, any_tier = alarms(tiers)
                shares.append(percent((whole | any_tier).mean()))
            yield [name, kind, *shares]


def power(runs: int, groups: Sequence[int] = (8, 24, 60)) -> Rows:
    """Power: runs in which a loss is found, beside the test of version 0.1 and `slipping` on the same data."""
    yield ["loss", "groups a tier", "net loss", "regressed", "of it a tier named", "test of 0.1", "slipping"]
    losses: dict[str, Callable[[list[Sample], np.random.Generator], list[Sample]]] = {
        "one tier: every margin −1": lambda tiers, _: [tiers[0], shifted(tiers[1], 1.0), tiers[2]],
        "all tiers: every margin −0.5": lambda tiers, _: [shifted(tier, 0.5) for tier in tiers],
        "all tiers: every margin −1": lambda tiers, _: [shifted(tier, 1.0) for tier in tiers],
        "all tiers: a tenth of the scenes": lambda tiers, rng: [collapsed(tier, rng, 0.1) for tier in tiers],
        "all tiers: a quarter of the scenes": lambda tiers, rng: [collapsed(tier, rng, 0.25) for tier in tiers],
    }
    for trained, scale in (("retrained", 1.0), ("nearly the same weights", 0.15)):
        for name, worsen in losses.items():
            for count in groups:
                rng = np.random.default_rng(count)
                equal = [retrained(rng, runs, sizes("equal", count), mean, scale) for mean in TIER_MARGINS]
                tiers = worsen(equal, rng)
                whole, any_tier = alarms(tiers)
                net = np.mean([(lost - won).mean() / count for lost, won in (tier.counts for tier in tiers)])
                old = sign_flip_alarms(tiers, rng).mean()
                found = [percent((whole | any_tier).mean()), percent(any_tier.mean()), percent(old)]
                yield [f"{trained}; {name}", str(count), f"{net:.2f}", *found, percent(_slips(tiers, min(runs, 200)))]


def _slips(tiers: list[Sample], runs: int) -> float:
    """Return how often the interval of the fall of margins is above zero, over all tiers together."""
    before, now = (np.concatenate([getattr(tier, side) for tier in tiers], axis=1)[:runs] for side in ("before", "now"))
    falls = np.nanmean(_scaled(before) - _scaled(now), axis=2)
    found = [bounded_mean_interval(run, -2 * MARGIN_BOUND, 2 * MARGIN_BOUND) for run in falls.tolist()]
    return float(np.mean([interval is not None and interval[0] > 0 for interval in found]))


def _scaled(margins: Floats) -> Floats:
    typical = np.nanmedian(np.abs(margins), axis=(1, 2), keepdims=True)
    return np.clip(margins / typical, -MARGIN_BOUND, MARGIN_BOUND)


def demands(runs: int) -> Rows:
    """Broken demands: equal retrainings that miss a demand which the model met, by the images it had to spare."""
    yield ["images", "flips", *(f"{spare} to spare" for spare in (0, 1, 2, 3, 5, 8))]
    for name, scale in (("retrained", 1.0), ("nearly the same weights", 0.15)):
        for groups in (8, 24, 60):
            rng = np.random.default_rng(groups)
            sample = retrained(rng, runs, sizes("equal", groups), TIER_MARGINS[1], scale)
            before, now = ((side > 0).sum(axis=(1, 2)) for side in (sample.before, sample.now))
            flips = ((sample.before > 0) != (sample.now > 0)).mean()
            broken = [percent((now < before - spare).mean()) for spare in (0, 1, 2, 3, 5, 8)]
            yield [f"{3 * groups}, {name}", percent(flips), *broken]
