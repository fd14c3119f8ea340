"""Measure how much the 50 % points of the ladders depend on the eight views, for docs/statistics.md.

    python tools/measure_ladders.py reference python:tools.lite2:classifier

Each step is also seen through views drawn from the ranges; the figure is computed anew from eight of these at a time.
The spread of the figure is its standard deviation over such draws, in steps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tierbench.common.images import open_picture
from tierbench.metrics.half_point import at_position, half_position, position_interval
from tierbench.models import load_classifier
from tierbench.models.classifier import Classifier
from tierbench.scoring.labels import map_concepts
from tierbench.scoring.ladders import ladder_steps
from tierbench.suites import read_suites
from tierbench.suites.case import Case, Suite
from tierbench.suites.views import VIEWS, View, draw_view

SUITE = Path(__file__).parents[1] / "cases" / "ladders"
BATCH = 32


def recognised(model: Classifier, suite: Suite, steps: list[Case], views: list[View]) -> npt.NDArray[np.bool_]:
    """Return whether each step is recognised in each view, shape [n_steps, n_views]."""
    space = map_concepts(suite, model.labels)
    pictures = [open_picture(step.path) for step in steps]
    jobs = [(step, view) for step in range(len(steps)) for view in range(len(views))]
    found = np.zeros((len(steps), len(views)), dtype=bool)
    for start in range(0, len(jobs), BATCH):
        batch = jobs[start : start + BATCH]
        outputs = model.predict([views[view].of(pictures[step]) for step, view in batch])
        for (step, view), probabilities in zip(batch, outputs, strict=True):
            labels = {index for concept in steps[step].expected for index in space.concepts[concept]}
            found[step, view] = int(probabilities.argmax()) in labels
    return found


def measure(spec: str, pool: int, draws: int, seed: int) -> None:
    """Print a line for each ladder: figure, interval, spread, and how often the interval holds a draw's figure."""
    (suite,), rng = read_suites([SUITE])[0], np.random.default_rng(seed)
    model = load_classifier(spec, device="cpu", dtype="float32", root=Path.cwd(), labels=None)
    spreads, misses = [], []
    print(f"{spec}\n{'ladder':<22}{'50 % at':>10}{'interval':>18}{'steps':>7}{'spread':>8}{'inside':>8}")
    for name, ladder in suite.ladders.items():
        steps = ladder_steps(suite, name)
        values = [step.parameters[ladder.parameter] for step in steps]
        fixed = recognised(model, suite, steps, list(VIEWS.values()))
        drawn = recognised(model, suite, steps, [draw_view(rng) for _ in range(pool)])
        position = float(half_position(fixed.mean(axis=1)))
        low, high = position_interval(fixed)
        samples = [drawn[:, rng.choice(pool, len(VIEWS), replace=False)].mean(axis=1) for _ in range(draws)]
        figures = half_position(samples)
        spreads.append(figures.std())
        misses.append(float(((figures < low) | (figures > high)).mean()))
        at, worst, best = (at_position(values, each) for each in (position, low, high))
        shown = f"[{'–' if best is None else f'{best:.4g}'}, {'–' if worst is None else f'{worst:.4g}'}]"
        print(
            f"{name:<22}{'–' if at is None else f'{at:.4g}':>10}{shown:>18}{position:>7.2f}{spreads[-1]:>8.2f}"
            f"{1 - misses[-1]:>8.2f}  {fixed.sum(axis=1)} mean {figures.mean():.2f}",
            flush=True,
        )
    print(f"{'all':<22}{'':>35}{np.mean(spreads):>8.2f}{1 - np.mean(misses):>8.2f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="SPEC")
    parser.add_argument("--pool", type=int, default=64, help="number of views drawn for each ladder")
    parser.add_argument("--draws", type=int, default=200, help="number of draws of eight of them")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for spec in given.models:
        measure(spec, given.pool, given.draws, given.seed)


if __name__ == "__main__":
    main()
