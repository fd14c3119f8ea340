"""The table about slices that hold more misses or regressions than chance: false finds, and planted slices found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.worlds import Rows, percent
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow
from tierbench.scoring.standouts import find_standouts

PLANTED = "planted"
PICTURES = 40
WORSE = 0.3
# Of the other tags, the share of the cases that each has.
TAGS = {"night": 0.2, "rain": 0.12, "snow": 0.08, "indoor": 0.3, "close": 0.15, "rear": 0.25, "crowd": 0.1, "old": 0.05}
CONCEPTS = ("automobile", "bus", "truck", "airplane", "ship", "bicycle")
# By tier: shares of missed cases, and of cases that regress of those that were passed.
MISSED = (0.05, 0.2, 0.4)
REGRESSED = (0.02, 0.04, 0.06)
# Of what decides whether a picture is missed, the share that pictures of a scene have in common.
SHARED = 0.5


@dataclass(frozen=True)
class World:
    """Cases of three tiers with tags, concepts, two parameters, and figures of the pictures.

    Attributes:
        cases: number of cases.
        per_scene: number of pictures of a scene, all of one tier.
        of: `misses` or `regressions`.
    """

    cases: int
    per_scene: int
    of: str

    def rows(self, rng: np.random.Generator, *, planted: bool) -> tuple[list[CaseRow], Mapping[str, PictureFigures]]:
        """Return rows and the figures of their pictures; tags and parameters are those of the scene."""
        count, scenes = self.cases, -(-self.cases // self.per_scene)
        scene = np.arange(count) // self.per_scene
        tier = rng.permutation(np.arange(scenes) % len(MISSED))[scene]
        tags = {name: (rng.random(scenes) < share)[scene] for name, share in TAGS.items()}
        chosen = rng.choice(scenes, -(-PICTURES // self.per_scene), replace=False)
        tags[PLANTED] = np.isin(scene, chosen) & (np.cumsum(np.isin(scene, chosen)) <= PICTURES)
        rates = np.array(MISSED if self.of == "misses" else REGRESSED)[tier] + planted * WORSE * tags[PLANTED]
        hits = self._uniform(rng, scene) < rates
        # Dark at night and pale in snow, as pictures are.
        brightness = np.clip(0.5 - 0.3 * tags["night"] + 0.1 * tags["snow"] + rng.normal(0, 0.1, count), 0, 1)
        figures = np.column_stack([brightness, rng.uniform(0.1, 0.4, count), rng.lognormal(6, 1, count)])
        colours = np.column_stack([rng.uniform(5, 90, count), rng.choice([0.2, 0.3, 1.0], count)])
        distance, hidden = rng.uniform(5, 80, scenes)[scene], np.maximum(0, rng.uniform(-0.5, 0.8, scenes))[scene]
        concept = rng.integers(len(CONCEPTS), size=scenes)[scene]
        rows = [
            CaseRow(
                suite="simulated",
                case=f"c{case}",
                model="model",
                tier=int(tier[case]) + 1,
                tags=" ".join(name for name, own in tags.items() if own[case]),
                group=f"g{scene[case]}",
                expected=CONCEPTS[concept[case]],
                passed=not hits[case],
                outcome="failed" if hits[case] else "passed",
                change="regressed" if hits[case] and self.of == "regressions" else "same",
                image_sha256=str(case),
                parameters={"distance_m": float(distance[case]), "occlusion": float(hidden[case])},
            )
            for case in range(count)
        ]
        measured = np.hstack([figures, colours]).tolist()
        return rows, {str(case): PictureFigures(*values) for case, values in enumerate(measured)}

    def _uniform(self, rng: np.random.Generator, scene: np.ndarray) -> np.ndarray:
        """Return numbers that are uniform in [0, 1], and alike in pictures of a scene."""
        if self.per_scene == 1:
            return rng.random(self.cases)
        shared = rng.normal(size=scene[-1] + 1)[scene] * math.sqrt(SHARED)
        normal = shared + rng.normal(size=self.cases) * math.sqrt(1 - SHARED)
        ranks: np.ndarray = np.searchsorted(_NORMAL, normal) / len(_NORMAL)
        return ranks


# Quantiles of the normal distribution, dense enough for rates.
_NORMAL = np.sort(np.random.default_rng(0).normal(size=200_000))


def standouts(runs: int, sizes: Sequence[int] = (200, 400, 1_000)) -> Rows:
    """How often nothing is found where nothing is planted, and 40 pictures that are 30 points worse (200 runs)."""
    yield ["cases", "pictures of a scene", "of", "slices", "nothing planted: nothing found", "planted: found", "more"]
    runs = min(runs, 200)
    for cases in sizes:
        for of, per_scene in (("misses", 1), ("misses", 3), ("regressions", 1), ("regressions", 3)):
            world = World(cases, per_scene, of)
            silent, found, more, searched = 0, 0, 0, 0
            for run in range(runs):
                rng = np.random.default_rng([cases, per_scene, len(of), run])
                silent += not _found(world, rng, planted=False)[1]
                slices, names = _found(world, rng, planted=True)
                searched += slices
                found += PLANTED in names
                more += bool(set(names) - {PLANTED})
            yield [
                f"{cases:,}",
                str(per_scene),
                of,
                f"{searched / runs:.0f}",
                *(percent(each / runs) for each in (silent, found, more)),
            ]


def _found(world: World, rng: np.random.Generator, *, planted: bool) -> tuple[int, list[str]]:
    """Return how many slices were searched, and the names of those that stand out."""
    rows, figures = world.rows(rng, planted=planted)
    results = find_standouts("model", rows, {"distance_m": "m"}, lambda digests: figures)
    result = next((each for each in results if each.of == world.of), None)
    return (result.searched, [each.name for each in result.found]) if result else (0, [])
