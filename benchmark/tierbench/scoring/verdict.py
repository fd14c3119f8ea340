"""Judge a prediction: compute score, rank and margin, and compare them with thresholds. Pure; NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tierbench.common.text import one_line
from tierbench.scoring.labels import LabelSpace, short_label
from tierbench.suites.case import Thresholds

TOP = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """A prediction, judged by the thresholds of its case.

    Attributes:
        predicted: the concept or label with the highest score.
        confidence: its probability.
        score: probability of the expected concept.
        rank: 1 + the number of other concepts and free labels with a higher score.
        margin: score minus the best other score.
        passed: whether all three thresholds are met.
        reason: one sentence with the expectation and the prediction; empty if the case passed.
        top: the ten most probable labels with their probabilities.
    """

    predicted: str
    confidence: float
    score: float
    rank: int
    margin: float
    passed: bool
    reason: str
    top: tuple[tuple[str, float], ...]


def judge(
    probabilities: np.ndarray,
    space: LabelSpace,
    expected: Sequence[str],
    thresholds: Thresholds,
    *,
    multi_label: bool = False,
) -> Verdict:
    """Judge the probabilities of one image.

    The score of a concept is the sum of the probabilities of its labels; alternatives are scored as the union of
    their labels. With `multi_label`, the score is the largest of these probabilities.

    Args:
        probabilities: shape [n_labels], in the order of `space.labels`.
        space: the suite's concepts, mapped to the model's labels.
        expected: one concept, or alternatives; each has a label in the space.
        thresholds: limits for score, rank and margin.
        multi_label: whether several labels can be true at once.
    """
    values = np.asarray(probabilities, dtype=np.float64)

    def score_of(indices: Sequence[int]) -> float:
        chosen = values[list(indices)]
        return float(chosen.max() if multi_label else chosen.sum())

    union = sorted({index for concept in expected for index in space.concepts[concept]})
    score = score_of(union)
    others = {
        concept: score_of(indices) for concept, indices in space.concepts.items() if indices and concept not in expected
    }
    free = values[space.free]
    best_name, best = max(others.items(), key=lambda other: other[1], default=("", 0.0))
    if free.size and free.max() > best:
        best_name, best = short_label(space.labels[space.free[free.argmax()]]), float(free.max())
    rank = 1 + sum(value > score for value in others.values()) + int((free > score).sum())
    margin = score - best
    if rank == 1:
        predicted = max(expected, key=lambda concept: score_of(space.concepts[concept] or (union[0],)))
        confidence = score
    else:
        predicted, confidence = best_name, best
    order = np.argsort(-values, kind="stable")[:TOP]
    verdict = Verdict(
        predicted=predicted,
        confidence=confidence,
        score=score,
        rank=rank,
        margin=margin,
        passed=meets(thresholds, score, rank, margin),
        reason="",
        top=tuple((space.labels[index], float(values[index])) for index in order),
    )
    if verdict.passed:
        return verdict
    return Verdict(
        verdict.predicted,
        confidence,
        score,
        rank,
        margin,
        passed=False,
        reason=_reason(expected, thresholds, verdict, best_name, best),
        top=verdict.top,
    )


def meets(thresholds: Thresholds, score: float, rank: int, margin: float) -> bool:
    """Return whether score, rank and margin all meet their thresholds."""
    return score >= thresholds.min_score and rank <= thresholds.max_rank and margin >= thresholds.min_margin


def _reason(expected: Sequence[str], thresholds: Thresholds, verdict: Verdict, best_name: str, best: float) -> str:
    """Return `expected automobile ≥ 0.50, got spotlight 0.190; automobile 0.142 at rank 2`."""
    name = one_line(" or ".join(expected), 80)
    demand = f"expected {name} ≥ {thresholds.min_score:.2f}"
    if thresholds.max_rank > 1:
        demand += f" within rank {thresholds.max_rank}"
    if verdict.rank > 1:
        got = f"got {one_line(best_name, 80)} {best:.3f}; {name} {verdict.score:.3f} at rank {verdict.rank}"
    else:
        got = f"got {name} {verdict.score:.3f} at rank 1"
    if verdict.margin < thresholds.min_margin and (verdict.rank == 1 or thresholds.min_margin != 0):
        demand += f" with a margin ≥ {thresholds.min_margin:.2f}"
        got += f", margin {verdict.margin:.3f} to {one_line(best_name, 80)}"
    return f"{demand}, {got}"
