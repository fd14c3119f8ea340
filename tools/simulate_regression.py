"""Simulate false alarms, power and bounds of the regression verdict, for the tables of docs/statistics.md."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from tierbench.metrics.sign_flip import sign_flip

from tierbench.common.schema import PairedVerdict
from tierbench.runs.regression import ALPHA, LEAST_GROUPS, holm, judge_regression

Floats = npt.NDArray[np.float64]

# Mean logit of the expected concept in tiers 1 to 3; standard deviations of scenes, and of images within a scene.
TIER_LOGITS = (3.0, 1.0, -0.5)
SCENE_SD, IMAGE_SD = 1.0, 0.7
# Standard deviations of the change by another training seed: shared by the images of a scene, and per image.
SEED_SCENE_SD, SEED_IMAGE_SD = 0.7, 0.4
DESIGNS = ((8, 3), (24, 1), (20, 10))
BOOTSTRAP_SAMPLES = 2_000
# One tier of three is tested at this level when the other two have not changed.
HARDEST_LEVEL = ALPHA / len(TIER_LOGITS)


@dataclass(frozen=True)
class Sample:
    """Scores of one tier by two models, shapes [groups, cases]; a case passes with a score of 0.5."""

    before: Floats
    after: Floats

    @property
    def sums(self) -> Floats:
        """The sum of the drops of each group, shape [groups]."""
        sums: Floats = (self.before - self.after).sum(axis=1)
        return sums


Worsen = Callable[[Floats, np.random.Generator], Floats]


def retrain(rng: np.random.Generator, groups: int, cases: int, tier: int, worsen: Worsen | None = None) -> Sample:
    """Draw a tier and score it with two models that differ in their seed; `worsen` makes the second one worse."""
    scene = rng.normal(TIER_LOGITS[tier - 1], SCENE_SD, (groups, 1))
    logits = scene + rng.normal(0, IMAGE_SD, (groups, cases))

    def trained() -> Floats:
        common = rng.normal(0, SEED_SCENE_SD, (groups, 1))
        return logits + common + rng.normal(0, SEED_IMAGE_SD, (groups, cases))

    before, after = trained(), trained()
    if worsen is not None:
        after = worsen(after, rng)
    return Sample(_score(before), _score(after))


@cache
def uniform_loss(drop: float, tier: int) -> Worsen:
    """Subtract the same logit from every image, such that the mean score of the tier falls by `drop`."""
    crowd = retrain(np.random.default_rng(1), 200_000, 1, tier).after
    logits = np.log(crowd / (1 - crowd))
    low, high = 0.0, 20.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        fell = float((crowd - _score(logits - middle)).mean())
        low, high = (middle, high) if fell < drop else (low, middle)
    return lambda after, _: np.subtract(after, low)


@cache
def rare_collapse(drop: float, tier: int) -> Worsen:
    """Make the model lose some scenes completely, such that the mean score of the tier falls by `drop`."""
    crowd = retrain(np.random.default_rng(1), 200_000, 1, tier).after
    share = drop / float(crowd.mean())
    return lambda after, rng: np.where(rng.random((len(after), 1)) < share, -20.0, after)


def judge(samples: dict[int, Sample], allowed_drop: float = 0.05) -> dict[int, PairedVerdict]:
    """Return the verdict on each tier, computed by the function that the benchmark uses."""
    tables = []
    for tier, sample in samples.items():
        groups, cases = sample.before.shape
        columns = {
            "tier": tier,
            "group": np.repeat([f"g{number:04d}" for number in range(groups)], cases),
            "drop": (sample.before - sample.after).ravel(),
            "passed": (sample.after >= 0.5).ravel(),
            "baseline_passed": (sample.before >= 0.5).ravel(),
        }
        tables.append(pd.DataFrame({"suite": "simulated", "change": "same", **columns}))
    return {verdict.tier: verdict for verdict in judge_regression(pd.concat(tables), allowed_drop=allowed_drop)}


def bootstrap_p(sample: Sample, rng: np.random.Generator) -> float:
    """Return the share of bootstrap samples of groups in which the mean score did not fall."""
    drawn = rng.integers(0, len(sample.sums), (BOOTSTRAP_SAMPLES, len(sample.sums)))
    return (1 + int((sample.sums[drawn].sum(axis=1) <= 0).sum())) / (1 + BOOTSTRAP_SAMPLES)


def mcnemar_p(sample: Sample) -> float:
    """Return the p-value of the one-sided exact McNemar test on the flips of images."""
    worse = int(((sample.before >= 0.5) & (sample.after < 0.5)).sum())
    better = int(((sample.before < 0.5) & (sample.after >= 0.5)).sum())
    return float(stats.binom.sf(worse - 1, worse + better, 0.5))


def image_flip_p(sample: Sample) -> float:
    """Return the p-value of the sign-flip test with each image as its own group."""
    drops = (sample.before - sample.after).ravel()
    return sign_flip(drops, np.ones_like(drops)).p_value


def false_alarms(simulations: int) -> Iterator[list[str]]:
    """Compare gates under the null hypothesis: equal retrainings, three tiers, Holm over them."""
    yield [
        "design",
        "flips a run",
        "sign-flip by group",
        "by image",
        "bootstrap by group",
        "McNemar",
        "any flip",
    ]
    for groups, cases in DESIGNS:
        rng = np.random.default_rng(groups)
        alarms, flips = np.zeros(5), 0
        for _ in range(simulations):
            samples = {tier: retrain(rng, groups, cases, tier) for tier in (1, 2, 3)}
            verdicts = judge(samples)
            gates = [
                [verdict.state == "regressed" for verdict in verdicts.values()],
                _alarms(image_flip_p(sample) for sample in samples.values()),
                _alarms(bootstrap_p(sample, rng) for sample in samples.values()),
                _alarms(mcnemar_p(sample) for sample in samples.values()),
                [verdict.worse > 0 for verdict in verdicts.values()],
            ]
            alarms += [any(gate) for gate in gates]
            flips += sum(verdict.worse + verdict.better for verdict in verdicts.values())
        total = 3 * groups * cases
        shares = [f"{100 * alarm / simulations:.1f} %" for alarm in alarms]
        yield [f"{groups} × {cases}", f"{flips / simulations:.1f} of {total}", *shares]


def power(simulations: int) -> Iterator[list[str]]:
    """Count how often a worsened tier gets each state; the other two tiers are equal retrainings."""
    yield ["design", "drop of tier", "regressed", "not shown", "cleared"]
    for groups, cases in DESIGNS:
        for drop in (0.0, 0.05, 0.1, 0.2):
            rng = np.random.default_rng(groups)
            states = {"regressed": 0, "not shown": 0, "cleared": 0}
            for number in range(simulations):
                worsened = 1 + number % 3
                samples = {tier: retrain(rng, groups, cases, tier) for tier in (1, 2, 3)}
                if drop:
                    loss = uniform_loss(drop, worsened)
                    samples[worsened] = retrain(rng, groups, cases, worsened, loss)
                states[judge(samples)[worsened].state] += 1
            shares = [f"{100 * count / simulations:.0f} %" for count in states.values()]
            yield [f"{groups} × {cases}", f"{drop:g}", *shares]


def bounds(simulations: int) -> Iterator[list[str]]:
    """Count how often an upper 95 % bound is below the true drop of tier 2, for three kinds of bound."""
    yield ["design", "true drop", "test inversion", "bootstrap", "Student's t", "wrong “cleared”"]
    losses = {
        "0, equal retraining": (0.0, None),
        "0.05, all images alike": (0.05, uniform_loss(0.05, 2)),
        "0.05, some scenes lost": (0.05, rare_collapse(0.05, 2)),
        "0.1, some scenes lost": (0.1, rare_collapse(0.1, 2)),
    }
    for groups, cases in DESIGNS:
        for name, (drop, worsen) in losses.items():
            rng = np.random.default_rng(groups)
            under = np.zeros(3)
            cleared = 0
            for _ in range(simulations):
                sample = retrain(rng, groups, cases, 2, worsen)
                verdict = judge({2: sample})[2]
                means = sample.sums / cases
                drawn = rng.integers(0, groups, (BOOTSTRAP_SAMPLES, groups))
                percentile = np.quantile(means[drawn].mean(axis=1), 1 - ALPHA)
                half = stats.t.ppf(1 - ALPHA, groups - 1) * means.std(ddof=1) / math.sqrt(groups)
                upper = math.inf if verdict.upper is None else verdict.upper
                under += np.array([upper, percentile, means.mean() + half]) < drop
                cleared += verdict.state == "cleared" and drop >= verdict.allowed_drop
            shares = [f"{100 * count / simulations:.1f} %" for count in under]
            wrong = f"{100 * cleared / simulations:.1f} %" if drop else "–"
            yield [f"{groups} × {cases}", name, *shares, wrong]


def needed(simulations: int) -> Iterator[list[str]]:
    """Find the smallest number of groups with which a drop of one tier of three is detected in 80 % of runs."""
    grid = (
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        14,
        16,
        18,
        20,
        24,
        28,
        32,
        40,
        50,
        60,
        80,
        100,
        125,
        150,
        200,
        250,
        300,
        400,
    )
    yield ["drop", "tier", *(f"{cases} a group" for cases in (1, 3, 10))]
    for drop in (0.2, 0.1, 0.05, 0.0):
        for tier in (1, 2, 3):
            found = [
                _first(grid, partial(_often, simulations=simulations, cases=cases, drop=drop, tier=tier))
                for cases in (1, 3, 10)
            ]
            yield [f"{drop:g}" if drop else "none: “cleared”", str(tier), *found]


def _often(groups: int, *, simulations: int, cases: int, drop: float, tier: int) -> bool:
    """Return whether 80 % of runs detect the drop or, without a drop, clear the tier of a drop of 0.05."""
    rng = np.random.default_rng(groups)
    worsen = uniform_loss(drop, tier) if drop else None
    hits = 0
    for _ in range(simulations):
        flips = sign_flip(retrain(rng, groups, cases, tier, worsen).sums, np.full(groups, cases))
        upper = flips.upper(ALPHA)
        hits += flips.p_value <= HARDEST_LEVEL if drop else upper is not None and upper < 0.05
    return hits >= 0.8 * simulations


def _first(grid: tuple[int, ...], holds: Callable[[int], bool]) -> str:
    """Find the smallest value of the grid for which `holds` is true by bisection; it must hold for all larger ones."""
    low, high = 0, len(grid)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(grid[middle]) else (middle + 1, high)
    return str(grid[low]) if low < len(grid) else f"over {grid[-1]}"


def _alarms(p_values: Iterator[float]) -> list[bool]:
    return [p <= ALPHA for p in holm(list(p_values))]


def _score(logits: Floats) -> Floats:
    scores: Floats = 1 / (1 + np.exp(-logits))
    return scores


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2_000)
    tables = {function.__name__: function for function in (false_alarms, power, bounds, needed)}
    parser.add_argument("--only", choices=list(tables))
    arguments = parser.parse_args()
    print(f"{arguments.simulations} simulations; at least {LEAST_GROUPS} groups decide; α = {ALPHA}")
    for name, table in tables.items():
        if arguments.only not in {None, name}:
            continue
        print(f"\n{table.__doc__}\n")
        for number, row in enumerate(table(arguments.simulations)):
            print("| " + " | ".join(row) + " |", flush=True)
            if not number:
                print("|" + "---|" * len(row))


if __name__ == "__main__":
    main()
