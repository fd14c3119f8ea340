"""Judge the outputs of a model for pictures of a data set: one row each. Pure; NumPy only.

The plain path, shards and Ray all score through here, so that a picture has the same row whichever ran it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        rank: 1 + the number of labels of other classes that are more probable than the class's best; 0: an error.
        correct: whether the rank is 1.
        top: the five most probable labels that count, with their probabilities.
        error: why there is no prediction; empty if there is one.
    """

    id: str
    slice: str
    label: str
    group: str
    predicted: str = ""
    confidence: float = 0.0
    rank: int = 0
    correct: bool = False
    top: tuple[tuple[str, float], ...] = ()
    error: str = ""


def score_batch(outputs: np.ndarray, samples: Sequence[Sample], classes: ClassMap) -> list[SetRow]:
    """Judge the outputs of a model for a batch of pictures.

    Args:
        outputs: float32, shape [n_samples, n_labels], probabilities.
        samples: the pictures.
        classes: which labels count as which class.
    """
    return [_row(values, sample, classes) for values, sample in zip(outputs, samples, strict=True)]


def error_row(sample: Sample, error: str) -> SetRow:
    """Return the row of a picture that has no prediction: it counts as an error, never as a miss that was seen."""
    return SetRow(sample.id, sample.slice, sample.label, sample.group or sample.id, error=error)


def _row(outputs: np.ndarray, sample: Sample, classes: ClassMap) -> SetRow:
    if problem := problem_of(outputs):
        return error_row(sample, problem)
    values = outputs.astype(np.float64)
    if classes.counted is not None:
        left_out = np.ones(len(values), dtype=bool)
        left_out[list(classes.counted)] = False
        values = np.where(left_out, -1.0, values)
    own = np.zeros(len(values), dtype=bool)
    own[list(classes.of[sample.label])] = True
    best = values[own].max()
    rank = 1 + int((values[~own] > best).sum())
    order = np.argsort(-values, kind="stable")[: min(TOP, len(values))]
    top = tuple((classes.labels[index], float(values[index])) for index in order if values[index] >= 0)
    # The class wins a tie, as in a case of a suite.
    winner = int(np.flatnonzero(own & (values == best))[0]) if rank == 1 else int(order[0])
    return SetRow(
        sample.id,
        sample.slice,
        sample.label,
        sample.group or sample.id,
        predicted=classes.labels[winner],
        confidence=float(values[winner]),
        rank=rank,
        correct=rank == 1,
        top=top,
    )
