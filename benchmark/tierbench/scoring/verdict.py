"""Judge a prediction by its most probable label, and hold it against that for the twin of the case. Pure; NumPy only.

A case is recognised if the most probable label counts as what is expected. That does not change if all logits of a
model are multiplied by a positive constant, and does not depend on how many labels a concept has. Score and margin do
both, so thresholds on them are opt-in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tierbench.common.text import one_line
from tierbench.scoring.labels import LabelSpace, short_label
from tierbench.suites.case import Thresholds

TOP = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """A prediction, judged by the thresholds of its case.

    The labels of the expectation are those that count as the expected concept; for an absence case, all those that do
    not count as the absent concept.

    Attributes:
        predicted: the concept of the most probable label, or else that label.
        confidence: its probability: its score if it is a concept.
        score: probability of the expected concept; for an absence case, 1 minus that of the absent concept.
        rank: 1 + the number of other labels that are more probable than the best one of the expectation; labels that
            are equally probable do not count.
        margin: the score minus that of the best other concept or free label; for an absence case, the best score of
            any other concept or free label minus that of the absent concept.
        passed: whether all thresholds are met and, if there is a twin, the log margin is above the twin's.
        reason: one sentence with the expectation and the prediction; empty if the case passed.
        top: the ten most probable labels with their probabilities, which are rounded to six decimals: for show.
        log_margin: see the function `log_margin`.
        twin_log_margin: that of the twin, for the expectation of the case; None without a twin.
    """

    predicted: str
    confidence: float
    score: float
    rank: int
    margin: float
    passed: bool
    reason: str
    top: tuple[tuple[str, float], ...]
    log_margin: float | None = None
    twin_log_margin: float | None = None


@dataclass(frozen=True, slots=True)
class _Expectation:
    """The outputs for one image, seen from an expectation.

    Attributes:
        values: float64, shape [n_labels].
        names: the expected concepts, or the absent one.
    """

    values: np.ndarray
    space: LabelSpace
    names: Sequence[str]
    absent: bool
    multi_label: bool

    def score(self, indices: Sequence[int] | np.ndarray) -> float:
        """Return the probability that a concept with these labels is there."""
        chosen = self.values[list(indices)]
        return float(chosen.max() if self.multi_label else chosen.sum())

    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the labels of the expectation, and of all others."""
        return self.space.sides(self.names, self.absent)

    def best(self, indices: np.ndarray) -> int | None:
        """Return the most probable of these labels, the first of equals; None if there are none."""
        return int(indices[self.values[indices].argmax()]) if indices.size else None

    def strength(self, index: int | None) -> float:
        """Return the logit of a label, up to a constant that is the same for all labels; -inf without a label."""
        value = 0.0 if index is None else float(self.values[index])
        if value <= 0:
            return -math.inf
        if not self.multi_label:
            return math.log(value)
        return math.inf if value >= 1 else math.log(value) - math.log1p(-value)

    def log_margin(self, best: int | None, other: int | None) -> float | None:
        """Return by how much one label is stronger than another; None if both are saturated."""
        first, second = self.strength(best), self.strength(other)
        return None if math.isinf(first) and first == second else first - second

    def text(self, index: int) -> str:
        """Return a label with its concept and probability: `spotlight 0.190`, `ship (liner) 0.310`."""
        name, label = self.space.name(index), short_label(self.space.labels[index])
        shown = one_line(name, 80) if name.lower() == label.lower() else f"{one_line(name, 80)} ({one_line(label, 80)})"
        return f"{shown} {self.values[index]:.3f}"


def judge(
    probabilities: np.ndarray,
    space: LabelSpace,
    expected: Sequence[str],
    thresholds: Thresholds,
    *,
    absent: bool = False,
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
        absent: whether the image must not show the concept.
        multi_label: whether several labels can be true at once.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    view = _Expectation(values, space, expected, absent, multi_label)
    own, others = view.sides()
    best, other = view.best(own), view.best(others)
    reached = -math.inf if best is None else values[best]
    rank = 1 + int((values[others] > reached).sum())
    top = np.argsort(-values, kind="stable")[:TOP]
    # The expectation wins a tie.
    winner = int(top[0]) if rank > 1 or best is None else best
    predicted = space.name(winner)

    score = view.score(others if absent else own)
    rival, rival_score = _best_other(view)
    margin = score - rival_score
    if absent:
        score, margin = 1 - score, -margin
    if rank == 1 and not absent:
        confidence = score
    else:
        confidence = view.score(space.concepts[predicted] if winner in space.owners else (winner,))
    passed = meets(thresholds, score, rank, margin)
    verdict = Verdict(
        predicted=predicted,
        confidence=confidence,
        score=score,
        rank=rank,
        margin=margin,
        passed=passed,
        reason="",
        top=tuple((space.labels[index], round(float(values[index]), 6)) for index in top),
        log_margin=view.log_margin(best, other),
    )
    return verdict if passed else replace(verdict, reason=_reason(view, thresholds, verdict, best, winner, rival))


def log_margin(
    probabilities: np.ndarray,
    space: LabelSpace,
    expected: Sequence[str],
    *,
    absent: bool = False,
    multi_label: bool = False,
) -> float | None:
    """Return the difference of the logits of the expectation's best label and the best other label.

    It is computed from probabilities, log p − log q; with `multi_label`, the logits are log p − log(1 − p). Stored
    probabilities are float32, which keeps differences up to about 87 (103 with subnormal numbers), and sigmoid outputs
    up to a logit of about 17. Beyond that a probability is saturated (0, or 1 for a sigmoid output): the difference is
    infinite, or None if both labels are saturated.

    Args:
        probabilities, space, expected, absent, multi_label: see `judge`.
    """
    view = _Expectation(np.asarray(probabilities, dtype=np.float64), space, expected, absent, multi_label)
    own, others = view.sides()
    return view.log_margin(view.best(own), view.best(others))


def meets(thresholds: Thresholds, score: float, rank: int, margin: float) -> bool:
    """Return whether score, rank and margin all meet their thresholds; a minimum margin of 0 demands nothing."""
    enough = thresholds.min_margin == 0 or margin >= thresholds.min_margin
    return score >= thresholds.min_score and rank <= thresholds.max_rank and enough


def with_twin(verdict: Verdict, twin: str, twin_log_margin: float | None) -> Verdict:
    """Return the verdict on a case with a twin: it passes only if its log margin is above the twin's.

    Args:
        verdict: the verdict on the case alone.
        twin: id of the twin.
        twin_log_margin: log margin of the expectation of the case in the image of the twin.
    """
    own = verdict.log_margin
    better = own is not None and twin_log_margin is not None and own > twin_log_margin
    verdict = replace(verdict, twin_log_margin=twin_log_margin)
    if better or not verdict.passed:
        return verdict
    shown = [_shown(own, 2), _shown(twin_log_margin, 2)]
    if shown[0] == shown[1]:
        shown = [_shown(own, 6), _shown(twin_log_margin, 6)]
    reason = f"seen no better than without it: log margin {shown[0]}, its twin {one_line(twin, 100)} {shown[1]}"
    return replace(verdict, passed=False, reason=reason)


def _shown(value: float | None, decimals: int) -> str:
    return "saturated" if value is None or math.isinf(value) else f"{value:.{decimals}f}"


def _best_other(view: _Expectation) -> tuple[str, float]:
    """Return the concept or free label with the highest score, without the concepts of the expectation."""
    space = view.space
    scores = {name: view.score(labels) for name, labels in space.concepts.items() if labels and name not in view.names}
    name, score = max(scores.items(), key=lambda item: item[1], default=("", 0.0))
    free = view.best(space.free)
    if free is not None and view.values[free] > score:
        return short_label(space.labels[free]), float(view.values[free])
    return name, score


def _reason(
    view: _Expectation, thresholds: Thresholds, verdict: Verdict, best: int | None, winner: int, rival: str
) -> str:
    """Return `expected truck, got spotlight 0.190; truck's best label moving van 0.142 at rank 2`.

    Thresholds on score and margin are named only where they are set and, for the margin, missed.
    """
    if view.absent:
        other = "" if best is None else f"; best other label {view.text(best)}"
        return f"expected no {one_line(view.names[0], 80)}, got {view.text(winner)}{other}"
    name = one_line(" or ".join(view.names), 80)
    demand = f"expected {name}"
    if thresholds.min_score > 0:
        demand += f" ≥ {thresholds.min_score:.2f}"
    if thresholds.max_rank > 1:
        demand += f" within rank {thresholds.max_rank}"
    if verdict.rank > 1 and best is not None:
        got = f"got {view.text(winner)}; {_best_label(view, best)} at rank {verdict.rank}"
        got += f", score {verdict.score:.3f}" if thresholds.min_score > 0 else ""
    else:
        got = f"got {name} {verdict.score:.3f} at rank 1"
    if thresholds.min_margin != 0 and verdict.margin < thresholds.min_margin:
        demand += f" with a margin ≥ {thresholds.min_margin:.2f}"
        got += f", margin {verdict.margin:.3f} to {one_line(rival, 80)}"
    return f"{demand}, {got}"


def _best_label(view: _Expectation, index: int) -> str:
    name, label = view.space.name(index), short_label(view.space.labels[index])
    if name.lower() == label.lower():
        return view.text(index)
    return f"{one_line(name, 80)}'s best label {one_line(label, 80)} {view.values[index]:.3f}"
