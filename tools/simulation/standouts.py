"""The table about slices that hold more misses or regressions than chance: false finds, and planted slices found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.worlds import Rows, percent
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow, Standouts
from tierbench.metrics.excess import slice_excesses
from tierbench.scoring.slice_candidates import slice_candidates
from tierbench.scoring.standouts import LEVEL, find_standouts

PLANTED = "planted"
PICTURES = 40
WORSE = 0.3
# A slice that is named is the planted one if they share half of the cases that either has (Jaccard's index).
SAME = 0.5
# Of the other tags, the share of the cases that each has.
TAGS = {"night": 0.2, "rain": 0.12, "snow": 0.08, "indoor": 0.3, "close": 0.15, "rear": 0.25, "crowd": 0.1, "old": 0.05}
CONCEPTS = ("automobile", "bus", "truck", "airplane", "ship", "bicycle")
UNITS = {"distance_m": "m"}
# By tier, shares of missed cases, or of cases that regress of those that were passed.
MISSED = (0.05, 0.2, 0.4)
REGRESSED = (0.02, 0.04, 0.06)
# Of what decides about a picture, the share that pictures of a scene, or copies of a picture, have in common.
SHARED = 0.5


@dataclass(frozen=True)
class Draw:
    """Cases as they were drawn.

    Attributes:
        rows: the cases.
        figures: those of their pictures.
        planted: whether each case is in the planted slice, shape [n_rows].
        strata, groups: numbers of what is compared with each other, and of what is drawn together, shape [n_rows].
    """

    rows: list[CaseRow]
    figures: Mapping[str, PictureFigures]
    planted: np.ndarray
    strata: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class World:
    """Cases with tags, concepts, two parameters, and figures of the pictures; or the copies of a sweep.

    Attributes:
        cases: number of cases.
        per_scene: number of pictures of a scene, all of one tier.
        of: `misses` or `regressions`.
        rates: the share of hits in each tier.
        planted_as: what the planted slice is: `tag`, `concept`, `parameter` (the farthest), `picture` (the darkest), or
            `corruption` (of copies of 40 pictures).
        correlated: whether scenes that have one tag tend to have the others.
    """

    cases: int
    per_scene: int = 1
    of: str = "misses"
    rates: Sequence[float] = MISSED
    planted_as: str = "tag"
    correlated: bool = False

    def draw(self, rng: np.random.Generator, *, planted: bool) -> Draw:
        """Return cases; tags and parameters are those of the scene."""
        if self.planted_as == "corruption":
            return self._sweep(rng, planted=planted)
        count, scenes = self.cases, -(-self.cases // self.per_scene)
        scene = np.arange(count) // self.per_scene
        tier = rng.permutation(np.arange(scenes) % len(self.rates))[scene]
        common = rng.normal(size=scenes) * math.sqrt(SHARED if self.correlated else 0)
        drawn = (common + rng.normal(size=(len(TAGS), scenes)) * math.sqrt(SHARED if self.correlated else 1))[:, scene]
        tags = {name: _uniform(own) < share for (name, share), own in zip(TAGS.items(), drawn, strict=True)}
        # Dark at night and pale in snow, as pictures are.
        brightness = np.clip(0.5 - 0.3 * tags["night"] + 0.1 * tags["snow"] + rng.normal(0, 0.1, count), 0, 1)
        figures = np.column_stack([brightness, rng.uniform(0.1, 0.4, count), rng.lognormal(6, 1, count)])
        colours = np.column_stack([rng.uniform(5, 90, count), rng.choice([0.2, 0.3, 1.0], count)])
        distance, hidden = rng.uniform(5, 80, scenes)[scene], np.maximum(0, rng.uniform(-0.5, 0.8, scenes))[scene]
        concept = np.array(CONCEPTS, dtype=object)[rng.integers(len(CONCEPTS), size=scenes)[scene]]
        order = {"parameter": -distance, "picture": brightness}.get(self.planted_as, rng.random(scenes)[scene])
        inside = np.isin(np.arange(count), np.argsort(order, kind="stable")[:PICTURES])
        if self.planted_as == "concept":
            concept = np.where(inside, PLANTED, concept)
        elif self.planted_as == "tag":
            tags[PLANTED] = inside
        hits = self._latent(rng, scene) < np.array(self.rates)[tier] + planted * WORSE * inside
        rows = [
            CaseRow(
                suite="simulated",
                case=f"c{case}",
                model="model",
                tier=int(tier[case]) + 1,
                tags=" ".join(name for name, own in tags.items() if own[case]),
                group=f"g{scene[case]}",
                expected=concept[case],
                passed=not hits[case],
                outcome="failed" if hits[case] else "passed",
                change="regressed" if hits[case] and self.of == "regressions" else "same",
                image_sha256=str(case),
                parameters={"distance_m": float(distance[case]), "occlusion": float(hidden[case])},
            )
            for case in range(count)
        ]
        measured = np.hstack([figures, colours]).tolist()
        return Draw(
            rows, {str(case): PictureFigures(*values) for case, values in enumerate(measured)}, inside, tier, scene
        )

    def _sweep(self, rng: np.random.Generator, *, planted: bool) -> Draw:
        """Return corrupted copies of as many pictures as the planted slice has, at one severity or three."""
        severities = 3 if self.cases >= 12 * PICTURES else 1
        picture, copy = np.arange(self.cases) % PICTURES, np.arange(self.cases) // PICTURES
        corruption, severity = copy // severities, copy % severities
        inside = copy == 0
        rates = np.resize(np.array(self.rates), severities)[severity]
        hits = self._latent(rng, picture) < rates + planted * WORSE * inside
        rows = [
            CaseRow(
                suite="simulated",
                case=f"c{case}",
                model="model",
                tier=None,
                group=f"g{picture[case]}",
                expected=CONCEPTS[picture[case] % len(CONCEPTS)],
                passed=not hits[case],
                outcome="failed" if hits[case] else "passed",
                image_sha256=str(picture[case]),
                corruption=f"corruption {corruption[case]}",
                severity=int(severity[case]) + 1,
            )
            for case in range(self.cases)
        ]
        return Draw(rows, {}, inside, picture * severities + severity, picture * (copy.max() + 1) + corruption)

    def _latent(self, rng: np.random.Generator, scene: np.ndarray) -> np.ndarray:
        """Return numbers that are uniform in [0, 1], and alike in pictures of a scene."""
        if scene[-1] == self.cases - 1:
            return rng.random(self.cases)
        shared = rng.normal(size=scene.max() + 1)[scene] * math.sqrt(SHARED)
        return _uniform(shared + rng.normal(size=self.cases) * math.sqrt(1 - SHARED))


# Quantiles of the normal distribution, dense enough for rates.
_NORMAL = np.sort(np.random.default_rng(0).normal(size=200_000))


def _uniform(normal: np.ndarray) -> np.ndarray:
    ranks: np.ndarray = np.searchsorted(_NORMAL, normal) / len(_NORMAL)
    return ranks


WORLDS = (
    *(World(cases, per_scene) for cases in (200, 400, 1_000) for per_scene in (1, 3)),
    *(World(cases, per_scene, "regressions", REGRESSED) for cases in (200, 1_000) for per_scene in (1, 3)),
    *(World(cases, rates=(rate,)) for cases in (200, 1_000) for rate in (0.1, 0.2, 0.3, 0.4)),
    *(World(cases, planted_as=kind) for kind in ("concept", "parameter", "picture") for cases in (200, 1_000)),
    *(World(cases, planted_as="corruption", rates=(0.3,)) for cases in (200, 600)),
    World(200, correlated=True),
    World(5_000),
)


def standouts(runs: int, worlds: Sequence[World] = WORLDS) -> Rows:
    """How often nothing is found where nothing is planted, and 40 pictures that are 30 points worse (200 runs)."""
    head = ["cases", "pictures of a scene", "of", "share of hits", "planted as", "slices"]
    yield [*head, "nothing planted: nothing found", "planted: found", "more", "test of that slice alone"]
    runs = min(runs, 200)
    for world in worlds:
        silent, found, more, alone, searched = 0, 0, 0, 0, 0
        for run in range(runs):
            rng = np.random.default_rng([world.cases, world.per_scene, len(world.of), run])
            silent += not _overlaps(world, world.draw(rng, planted=False))[1]
            draw = world.draw(rng, planted=True)
            slices, overlaps = _overlaps(world, draw)
            searched += slices
            found += any(each >= SAME for each in overlaps)
            more += any(each < SAME for each in overlaps)
            alone += _alone(draw)
        yield [
            f"{world.cases:,}",
            str(world.per_scene),
            world.of,
            ", ".join(f"{100 * rate:.0f} %" for rate in world.rates),
            world.planted_as + (", tags go together" if world.correlated else ""),
            f"{searched / runs:.0f}",
            *(percent(each / runs) for each in (silent, found, more, alone)),
        ]


def _overlaps(world: World, draw: Draw) -> tuple[int, list[float]]:
    """Return how many slices were searched, and for those that are named, Jaccard's index with the planted one."""
    results = find_standouts("model", draw.rows, UNITS, lambda digests: draw.figures)
    result = next((each for each in results if each.of == world.of), None)
    if result is None or not result.found:
        return (result.searched if result else 0), []
    return result.searched, [_jaccard(draw.planted, members) for members in _members(draw, result)]


def _members(draw: Draw, result: Standouts) -> list[np.ndarray]:
    """Return whether each row is in the slices that are named."""
    # Of regressions they are searched among fewer cases, so that their cuts lie elsewhere.
    kept = np.array([result.of == "misses" or row.change != "same" or row.passed for row in draw.rows])
    rows = [row for row, keep in zip(draw.rows, kept, strict=True) if keep]
    by_name = {each.name: each.members for each in slice_candidates(rows, draw.groups[kept], UNITS, draw.figures)}
    members = []
    for found in result.found:
        own = np.zeros(len(kept), dtype=bool)
        own[kept] = by_name[found.name]
        members.append(own)
    return members


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def _alone(draw: Draw) -> bool:
    """Return whether a test that knows the planted slice, and no other, calls it worse."""
    hits = np.array([not row.passed for row in draw.rows])
    (found,) = slice_excesses(hits, draw.strata, draw.groups, draw.planted[:, np.newaxis], levels={0: LEVEL})
    return found.p <= LEVEL
