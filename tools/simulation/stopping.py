"""The table about runs of data sets that stop when their gate is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulation.worlds import Rows, percent
from tierbench.metrics.confidence_sequence import share_reaches
from tierbench.runs.set_stopping import CHECK_EVERY

LEAST = 0.7
ALPHA = 0.05


def stopping(runs: int, sizes: Sequence[int] = (1_000, 5_000, 50_000)) -> Rows:
    """How often a run that stops when decided is wrong (5 % is stated), and how much of the set it needs for 0.70."""
    yield ["pictures", "accuracy less 0.70", "wrong", "predicted on average", "in 90 % of runs at most"]
    for size in sizes:
        # The worst place for a wrong yes.
        boundary = math.ceil(LEAST * size) - 1
        worlds = [("one picture below", boundary)]
        worlds += [(f"{gap:+.2f}", round((LEAST + gap) * size)) for gap in (-0.1, -0.05, 0.02, 0.05, 0.1, 0.2)]
        for name, correct in worlds:
            rng = np.random.default_rng([size, correct])
            ends = [_end(rng, correct, size) for _ in range(runs)]
            wrong = sum(reached != (correct >= LEAST * size - 1e-9) for reached, _ in ends)
            shares = np.array([drawn / size for _, drawn in ends])
            figures = [shares.mean(), np.quantile(shares, 0.9)]
            yield [f"{size:,}", name, percent(wrong / runs), *(percent(float(share)) for share in figures)]


def _end(rng: np.random.Generator, correct: int, size: int) -> tuple[bool, int]:
    """Return what a run says in the end, and after how many pictures; it looks as often as a real one."""
    drawn = seen = 0
    while True:
        batch = min(max(CHECK_EVERY, drawn // 10), size - drawn)
        seen += int(rng.hypergeometric(correct - seen, size - drawn - (correct - seen), batch))
        drawn += batch
        reached = share_reaches(seen, drawn, size, LEAST, alpha=ALPHA)
        if reached is not None:
            return reached, drawn
