"""Draw models and retrainings of them: margins of images in groups, before and now. A positive margin is a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# A table, its head first.
Rows = Iterator[list[str]]

SIZES = ("equal", "unequal", "dominant")

# Mean margin in tiers 1 to 3; standard deviations of scenes, and of images within a scene.
TIER_MARGINS = (3.0, 1.0, -0.5)
SCENE_SD, IMAGE_SD = 1.0, 0.7
# Standard deviations of the change by another training seed: shared by the images of a scene, and per image.
SEED_SCENE_SD, SEED_IMAGE_SD = 0.7, 0.4


@dataclass(frozen=True)
class Sample:
    """Margins of many simulated runs, each of shape [runs, groups, images]; NaN where a group has fewer images."""

    before: Floats
    now: Floats

    @property
    def moved(self) -> Integers:
        """The number of images that each group gained, shape [runs, groups]."""
        gained: Integers = ((self.now > 0).astype(np.int64) - (self.before > 0)).sum(axis=2)
        return gained

    @property
    def counts(self) -> tuple[Integers, Integers]:
        """The numbers of lost and won groups, each of shape [runs]."""
        return (self.moved < 0).sum(axis=1), (self.moved > 0).sum(axis=1)


def sizes(kind: str, groups: int) -> Integers:
    """Return the number of images of each group: `equal`, `unequal` or `dominant` (one has half of all)."""
    few = {"equal": [3], "unequal": [1, 1, 2, 4, 10], "dominant": [1]}[kind]
    found: Integers = np.resize(np.array(few, dtype=np.int64), groups)
    if kind == "dominant":
        found[0] = groups - 1
    return found


def _masked(values: Floats, counts: Integers) -> Floats:
    return np.where(np.arange(values.shape[2]) < counts[:, np.newaxis], values, np.nan)


def _images(rng: np.random.Generator, runs: int, counts: Integers, mean: float) -> Floats:
    shape = (runs, len(counts), int(counts.max()))
    return mean + rng.normal(0, SCENE_SD, (*shape[:2], 1)) + rng.normal(0, IMAGE_SD, shape)


def retrained(rng: np.random.Generator, runs: int, counts: Integers, mean: float, scale: float = 1.0) -> Sample:
    """Draw two trainings of one recipe, whose seeds change images of one scene together."""
    images = _images(rng, runs, counts, mean)

    def trained() -> Floats:
        shared = rng.normal(0, scale * SEED_SCENE_SD, (*images.shape[:2], 1))
        return images + shared + rng.normal(0, scale * SEED_IMAGE_SD, images.shape)

    return Sample(_masked(trained(), counts), _masked(trained(), counts))


def heavy_tailed(rng: np.random.Generator, runs: int, counts: Integers, mean: float) -> Sample:
    """Draw two trainings whose seeds mostly change little, and some scenes wildly (Student, 1.5 degrees)."""
    images = _images(rng, runs, counts, mean)
    changes = [0.3 * rng.standard_t(1.5, (*images.shape[:2], 1)) for _ in range(2)]
    return Sample(*(_masked(images + change, counts) for change in changes))


def skewed(rng: np.random.Generator, runs: int, counts: Integers, _mean: float) -> Sample:
    """Draw a change by which nine scenes of ten fall a little and one rises much, zero on average.

    The scenes are spread evenly around the threshold, so that as many are lost as are won.
    """
    scenes = rng.uniform(-2, 2, (runs, len(counts), 1))
    change = np.where(rng.random(scenes.shape) < 0.9, -0.1, 0.9)
    images = np.broadcast_to(scenes, (runs, len(counts), int(counts.max())))
    return Sample(_masked(images + 0.0, counts), _masked(images + change, counts))


def disturbed(rng: np.random.Generator, runs: int, counts: Integers, mean: float) -> Sample:
    """Draw a copy of a model at another temperature and with noise on its weights."""
    before = _images(rng, runs, counts, mean)
    return Sample(_masked(before, counts), _masked((before + rng.normal(0, 0.05, before.shape)) / 1.5, counts))


World = Callable[[np.random.Generator, int, Integers, float], Sample]


def sparse(rng: np.random.Generator, runs: int, counts: Integers, mean: float) -> Sample:
    """Draw two trainings that hardly differ."""
    return retrained(rng, runs, counts, mean, 0.15)


def dense(rng: np.random.Generator, runs: int, counts: Integers, mean: float) -> Sample:
    """Draw two trainings that share little."""
    return retrained(rng, runs, counts, mean, 3.0)


# Worlds in which no more groups are lost than won.
EQUAL_WORLDS: dict[str, World] = {
    "retrained": retrained,
    "sparse flips": sparse,
    "dense flips": dense,
    "heavy-tailed": heavy_tailed,
    "skewed": skewed,
    "disturbed": disturbed,
}


def shifted(sample: Sample, shift: float) -> Sample:
    """Lower every margin of the later model alike."""
    return Sample(sample.before, sample.now - shift)


def collapsed(sample: Sample, rng: np.random.Generator, share: float) -> Sample:
    """Make the later model lose this share of the scenes completely."""
    lost = rng.random((*sample.now.shape[:2], 1)) < share
    return Sample(sample.before, np.where(lost & ~np.isnan(sample.now), -20.0, sample.now))


def clustered(
    rng: np.random.Generator, runs: int, counts: Integers, rate: float, likeness: float
) -> npt.NDArray[np.bool_]:
    """Draw passes of images whose groups are alike to a degree (0: independent, 1: a group passes whole or not at all).

    Returns:
        Shape [runs, groups, images]; False beyond the size of a group, as `counts` says.
    """
    shape = (runs, len(counts), int(counts.max()))
    if likeness <= 0:
        chance: Floats = np.full((*shape[:2], 1), rate)
    elif likeness >= 1:
        chance = (rng.random((*shape[:2], 1)) < rate).astype(np.float64)
    else:
        weight = 1 / likeness - 1
        chance = rng.beta(rate * weight, (1 - rate) * weight, (*shape[:2], 1))
    passed: npt.NDArray[np.bool_] = (rng.random(shape) < chance) & (np.arange(shape[2]) < counts[:, np.newaxis])
    return passed


def percent(share: float) -> str:
    """Return a share as `4.6 %`."""
    return f"{100 * share:.1f} %"
