"""The scorer of data sets: rows of a batch agree with the definition, picture by picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import score_batch
from tierbench.suites.datasets import FileSource, Sample

LABELS = tuple(f"label {index}" for index in range(40))
# Classes of one label and of several.
OF = {f"class {index}": tuple(range(3 * index, 3 * index + 1 + index % 3)) for index in range(12)}


def samples(count: int) -> list[Sample]:
    return [Sample(str(n), "", f"class {n % 12}", FileSource(Path(), ""), "") for n in range(count)]


def outputs(count: int) -> np.ndarray:
    values = np.random.default_rng(20261126).random((count, len(LABELS))).astype(np.float32)
    # Many ties, among and within classes.
    values[1::2] = values[1::2].round(1)
    return values


@pytest.mark.parametrize("counted", [None, tuple(sorted(index for indices in OF.values() for index in indices))])
def test_rows_of_a_batch_are_those_of_the_definition(counted: tuple[int, ...] | None) -> None:
    values, given = outputs(96), samples(96)
    rows = score_batch(values, given, ClassMap(LABELS, OF, counted, ""))
    takes_part = range(len(LABELS)) if counted is None else counted
    for row, probabilities, sample in zip(rows, values.astype(float).tolist(), given, strict=True):
        own = OF[sample.label]
        best = max(probabilities[index] for index in own)
        rank = 1 + sum(probabilities[index] > best for index in takes_part if index not in own)
        order = sorted(takes_part, key=lambda index: -probabilities[index])
        winner = next(index for index in own if probabilities[index] == best) if rank == 1 else order[0]
        assert (row.id, row.rank, row.correct) == (sample.id, rank, rank == 1)
        assert (row.predicted, row.confidence) == (LABELS[winner], probabilities[winner])
        assert row.top == tuple((LABELS[index], probabilities[index]) for index in order[:5])


def test_a_picture_of_which_nonsense_is_said_does_not_affect_its_batch() -> None:
    values, given = outputs(6), samples(6)
    classes = ClassMap(LABELS, OF, None, "")
    alone = score_batch(values, given, classes)
    values[2, 7], values[4, 0] = np.nan, 7.0
    rows = score_batch(values, given, classes)
    assert [row.error for row in rows] == [
        "",
        "",
        "the model's output contains NaN or infinity",
        "",
        f"the model's outputs are not probabilities ({values[4].min():.3g} to 7)",
        "",
    ]
    assert [rows[index] for index in (0, 1, 3, 5)] == [alone[index] for index in (0, 1, 3, 5)]


def test_a_model_of_fewer_than_five_labels_has_them_all_at_the_top() -> None:
    classes = ClassMap(LABELS[:3], {"class 0": (2,)}, None, "")
    (row,) = score_batch(np.array([[0.2, 0.7, 0.1]], dtype=np.float32), samples(1), classes)
    assert [label for label, _ in row.top] == ["label 1", "label 0", "label 2"]
    assert row.rank == 3
