"""The tables about intervals: the net loss, `cleared`, pass rates, slipping, several models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from scipy import stats

from simulation.worlds import SIZES, Floats, Integers, Rows, clustered, percent, sizes
from tierbench.metrics.bounded_mean import bounded_mean_interval
from tierbench.metrics.net_loss import detectable_loss, net_loss_interval, net_loss_upper
from tierbench.metrics.pass_rate import pass_rate_interval
from tierbench.metrics.wilson import wilson_interval
from tierbench.runs.regression import ALPHA, LEAST_LOSS


@cache
def bounds(groups: int, level: float) -> Floats:
    """Return the upper bound of the net loss for each number of lost and won groups."""
    return np.array(
        [
            [
                net_loss_upper(lost, won, groups, level) if lost + won <= groups else math.nan
                for won in range(groups + 1)
            ]
            for lost in range(groups + 1)
        ]
    )


def net_loss_coverage(_runs: int, groups: Sequence[int] = (6, 8, 12, 20, 30, 60, 100)) -> Rows:
    """Coverage of the upper bound of the net loss, exact: the lowest over a dense grid of shares of lost and won."""
    yield ["groups", "level", "lowest coverage", "at net loss", "at won", "zero lost prove", "shown in 80 %"]
    for level in (0.05, 0.025, 0.025 / 28):
        for count in groups:
            worst = min(_exact_coverage(count, level))
            proved, shown = net_loss_upper(0, 0, count, level), detectable_loss(0, count, level, LEAST_LOSS)
            figures = [f"{100 * worst[0]:.2f} %", f"{worst[1]:.2f}", f"{worst[2]:.2f}", f"{proved:.3f}"]
            yield [str(count), f"{level:.4g}", *figures, "–" if shown is None else f"{shown:.2f}"]


def _exact_coverage(groups: int, level: float) -> Iterator[tuple[float, float, float]]:
    table = bounds(groups, level)
    lost, won = np.nonzero(~np.isnan(table))
    found = table[lost, won]
    ways = stats.multinomial(groups, [1 / 3] * 3).logpmf(np.stack([lost, won, groups - lost - won], 1))
    ways += groups * math.log(3)
    losses = np.unique(np.r_[np.linspace(-0.95, 0.95, 39), 0.01, 0.02, 0.03, 0.08, 0.12])
    gains = np.unique(np.r_[0, np.geomspace(1e-4, 0.5, 30), np.linspace(0.05, 0.95, 19)])
    for net in losses:
        for gain in gains:
            loss = net + gain
            same = 1 - loss - gain
            if loss < 0 or same < -1e-12:
                continue
            logs = [np.where(n > 0, n * math.log(max(p, 1e-300)), 0.0) for n, p in ((lost, loss), (won, gain))]
            logs.append(np.where(groups - lost - won > 0, (groups - lost - won) * math.log(max(same, 1e-300)), 0.0))
            yield float(np.exp(ways + sum(logs))[found >= net - 1e-12].sum()), float(net), float(gain)


def cleared(runs: int, groups: Sequence[int] = (12, 30, 60, 200)) -> Rows:
    """Wrong `cleared`: runs that clear a model which lost exactly what is allowed (0.10), or twice as much."""
    yield ["won", "net loss", *(f"{count} groups" for count in groups), "right, nothing lost"]
    for gain in (0.0, 0.02, 0.1, 0.2):
        for net in (0.1, 0.2):
            row, right = [], ""
            for count in groups:
                rng = np.random.default_rng(count)
                shares = [net + gain, gain, 1 - net - 2 * gain]
                drawn = rng.multinomial(count, shares, runs)
                row.append(percent((bounds(count, ALPHA)[drawn[:, 0], drawn[:, 1]] < 0.1).mean()))
                equal = rng.multinomial(count, [gain, gain, 1 - 2 * gain], runs)
                right = percent((bounds(count, ALPHA)[equal[:, 0], equal[:, 1]] < 0.1).mean())
            yield [f"{gain:g}", f"{net:g}", *row, f"{right} ({groups[-1]} groups)"]


def pass_rates(runs: int) -> Rows:
    """Coverage of the interval of pass rates: the lowest over rates of 0.5 to 0.97, by likeness within groups."""
    yield ["group sizes", "groups", *(f"likeness {likeness:g}" for likeness in (0, 0.3, 1)), "score interval"]
    for kind in SIZES:
        for groups in (6, 12, 24, 60):
            counts = sizes(kind, groups)
            names = np.repeat(np.arange(groups), counts).tolist()
            row, naive = [], 1.0
            for likeness in (0.0, 0.3, 1.0):
                found = [_coverage(runs, counts, names, rate, likeness) for rate in (0.5, 0.75, 0.9, 0.97)]
                row.append(percent(min(own for own, _ in found)))
                naive = min(naive, *(other for _, other in found))
            yield [kind, str(groups), *row, percent(naive)]


def _coverage(runs: int, counts: Integers, names: list[int], rate: float, likeness: float) -> tuple[float, float]:
    """Return how often the interval by groups, and the score interval, contain the rate."""
    rng = np.random.default_rng(len(counts))
    within = np.arange(int(counts.max())) < counts[:, np.newaxis]
    hits = np.zeros(2)
    for passed in clustered(rng, runs, counts, rate, likeness)[:, within]:
        own, naive = pass_rate_interval(passed.tolist(), names), wilson_interval(int(passed.sum()), len(passed))
        hits += [each is not None and each[0] <= rate <= each[1] for each in (own, naive)]
    return float(hits[0] / runs), float(hits[1] / runs)


def slipping(runs: int) -> Rows:
    """Coverage and width of the interval of the fall of margins, for distributions of the fall of a group."""
    yield ["fall of a group", *(f"{groups} groups" for groups in (6, 12, 24, 60))]
    draws: dict[str, Callable[[np.random.Generator, tuple[int, int]], Floats]] = {
        "normal, ±0.3": lambda rng, shape: np.clip(rng.normal(0, 0.3, shape), -4, 4),
        "rare and large": lambda rng, shape: np.where(rng.random(shape) < 0.05, 3.8, -0.2),
        "nine fall 0.1, one rises 0.9": lambda rng, shape: np.where(rng.random(shape) < 0.9, 0.1, -0.9),
        "all or nothing": lambda rng, shape: rng.choice((-4.0, 4.0), shape),
    }
    for name, draw in draws.items():
        row = []
        for groups in (6, 12, 24, 60):
            found = [
                bounded_mean_interval(run, -4, 4) for run in draw(np.random.default_rng(1), (runs, groups)).tolist()
            ]
            intervals = np.array([each for each in found if each is not None])
            covered = (intervals[:, 0] <= 1e-9) & (intervals[:, 1] >= -1e-9)
            row.append(f"{percent(covered.mean())}, ±{(intervals[:, 1] - intervals[:, 0]).mean() / 2:.2f}")
        yield [name, *row]


def several_models(runs: int, groups: Sequence[int] = (12, 30, 60, 200)) -> Rows:
    """Several models: runs in which any interval of the best against the others excludes the truth."""
    yield [
        "models",
        "groups",
        "equal: any excludes zero",
        "unequal: any excludes the truth",
        "unequal: best told apart",
    ]
    for models in (2, 4, 8):
        for count in groups:
            row = [_excluded(runs, models, count, gaps) for gaps in (0.0, 0.06)]
            yield [str(models), str(count), percent(row[0][0]), percent(row[1][0]), percent(row[1][1])]


def _excluded(runs: int, models: int, groups: int, gap: float) -> tuple[float, float]:
    """Return how often an interval excludes the truth, and how often one tells the best from another."""
    rng = np.random.default_rng(groups)
    rates = 0.85 - gap * np.arange(models)
    scenes = rng.normal(0, 1, (runs, groups, 1)) + rng.normal(0, 1, (runs, groups, models))
    passed = scenes < stats.norm.ppf(rates) * math.sqrt(2)
    best = passed.mean(axis=1).argmax(axis=1)
    level = ALPHA / (models * (models - 1) / 2)
    wrong, apart = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    for run in range(runs):
        for other in set(range(models)) - {int(best[run])}:
            one, two = passed[run, :, best[run]], passed[run, :, other]
            low, high = _interval(int((one & ~two).sum()), int((two & ~one).sum()), groups, level)
            wrong[run] |= not low <= rates[best[run]] - rates[other] <= high
            apart[run] |= low > 0 or high < 0
    return float(wrong.mean()), float(apart.mean())


_interval = cache(net_loss_interval)
