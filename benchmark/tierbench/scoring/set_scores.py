"""Judge the outputs of a model for pictures of a data set: one row each. Pure; NumPy only.

The plain path, shards and Ray all score through here, so that a picture has the same row whichever ran it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tierbench.models.outputs import problem_of
from tierbench.scoring.class_map import ClassMap
from tierbench.suites.datasets import Sample

TOP = 5


@dataclass(frozen=True, slots=True)
class SetRow:
    """What a model said of one picture of a data set: a row of the result files.

    Attributes:
        id, slice, label, group: of the sample.
        predicted: the most probable of the labels that count; empty if there is an error.
        confidence: its probability among all of the model's labels.
        rank: 1 + the number of labels of other classes that are more probable than the class's best; 0: an error;
            None: wrong for certain, but the rank depends on labels that a server's answer lacks.
        correct: whether the rank is 1.
        top: the five most probable labels that count, with their probabilities.
        error: why the picture is neither right nor wrong; empty if it is one of both.
        unscored: whether the error is that a server's answer lacks the labels that decide.
    """

    id: str
    slice: str
    label: str
    group: str
    predicted: str = ""
    confidence: float = 0.0
    rank: int | None = 0
    correct: bool = False
    top: tuple[tuple[str, float], ...] = ()
    error: str = ""
    unscored: bool = False


def score_batch(
    outputs: np.ndarray, samples: Sequence[Sample], classes: ClassMap, ceilings: Sequence[float] = ()
) -> list[SetRow]:
    """Judge the outputs of a model for a batch of pictures.

    Args:
        outputs: float32, shape [n_samples, n_labels], probabilities.
        samples: the pictures.
        classes: which labels count as which class.
        ceilings: see `Scores`; for each picture what a label has at most that has 0 in its row. Empty: all are known.
    """
    problems = [problem_of(row) for row in outputs] if problem_of(outputs) else [""] * len(samples)
    values = outputs.astype(np.float64)
    if classes.counted is not None:
        left_out = np.ones(values.shape[1], dtype=bool)
        left_out[list(classes.counted)] = False
        values[:, left_out] = -1.0
    own = [sorted(classes.of[sample.label]) for sample in samples]
    best = np.array([row[indices].max() for row, indices in zip(values, own, strict=True)])
    ranks = (1 + (values > best[:, None]).sum(axis=1)).tolist()
    orders = _top(values).tolist()
    rows = [
        error_row(sample, problem) if problem else _row(row, sample, classes.labels, indices, rank, order)
        for row, sample, indices, rank, order, problem in zip(
            values, samples, own, ranks, orders, problems, strict=True
        )
    ]
    for number, ceiling in enumerate(ceilings):
        if ceiling and not rows[number].error:
            rows[number] = _bounded(rows[number], values[number], own[number], ceiling)
    return rows


def _bounded(row: SetRow, values: np.ndarray, own: list[int], ceiling: float) -> SetRow:
    """Return the row of an answer that lacks labels: what it says for certain, or else that it is unscored.

    The rank is the best possible one if the class's missing labels have all that they can have, and the others nothing;
    and the worst if it is the other way round. The picture is right if even that is 1, wrong if even the best is not.
    """
    missing = values == 0
    others = values >= 0
    others[own] = False
    highest = np.where(missing, ceiling, values)
    best = 1 + int((values[others] > highest[own].max()).sum())
    worst = 1 + int((highest[others] > values[own].max()).sum())
    if best == 1 < worst or values.max() < ceiling:
        given, counting = int((values > 0).sum()), int((values >= 0).sum())
        reason = (
            f"unscored: the answer has {given} of the {counting} labels that count, and whether the class ranks first "
            f"depends on the others, which have at most {ceiling:.3g} each"
        )
        return SetRow(row.id, row.slice, row.label, row.group, error=reason, unscored=True)
    top = tuple((label, value) for label, value in row.top if value > 0)
    return replace(row, rank=best if best == worst else None, top=top)


def error_row(sample: Sample, error: str) -> SetRow:
    """Return the row of a picture that has no prediction: it counts as an error, never as a miss that was seen."""
    return SetRow(sample.id, sample.slice, sample.label, sample.group or sample.id, error=error)


def _top(values: np.ndarray) -> np.ndarray:
    """Return the indices of the most probable labels, by row; of equal ones the first, as a stable sort has them."""
    left = values.copy()
    rows = np.arange(len(left))
    order = np.empty((len(left), min(TOP, left.shape[1])), dtype=np.intp)
    for place in range(order.shape[1]):
        order[:, place] = left.argmax(axis=1)
        left[rows, order[:, place]] = -np.inf
    return order


def _row(
    values: np.ndarray, sample: Sample, labels: Sequence[str], own: list[int], rank: int, order: list[int]
) -> SetRow:
    # The class wins a tie, as in a case of a suite.
    winner = max(own, key=values.__getitem__) if rank == 1 else order[0]
    return SetRow(
        sample.id,
        sample.slice,
        sample.label,
        sample.group or sample.id,
        predicted=labels[winner],
        confidence=float(values[winner]),
        rank=rank,
        correct=rank == 1,
        top=tuple((labels[index], float(values[index])) for index in order if values[index] >= 0),
    )
