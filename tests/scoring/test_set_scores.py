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


@pytest.mark.parametrize("given", [1, 2, 5, 39])
@pytest.mark.parametrize("counted", [None, tuple(range(0, 36, 2))])
def test_a_truncated_answer_is_judged_only_where_no_label_that_it_lacks_could_change_it(
    given: int, counted: tuple[int, ...] | None
) -> None:
    random = np.random.default_rng(given)
    of = {f"class {index}": (6 * index, 6 * index + 2)[: 1 + index % 2] for index in range(6)} | {
        f"class {index}": (6 * index - 32,) for index in range(6, 12)
    }
    classes, asked = ClassMap(LABELS, of, counted, ""), samples(60)
    whole = random.dirichlet(np.full(40, 0.1), 60).astype(np.float32)
    order = (-whole).argsort(axis=1)
    short = whole.copy()
    np.put_along_axis(short, order[:, given:], 0, axis=1)
    # A missing one is not more probable than the last one that is given, and all sum to 1.
    smallest = np.take_along_axis(whole, order[:, given - 1 : given], axis=1)[:, 0].astype(float)
    ceilings = np.minimum(smallest, 1 - short.sum(axis=1, dtype=float) + 1e-6).tolist()
    rows = score_batch(short, asked, classes, ceilings)
    for row, true in zip(rows, score_batch(whole, asked, classes), strict=True):
        if row.unscored:
            assert (row.predicted, row.rank, row.correct, row.top) == ("", 0, False, ())
            assert row.error.startswith("unscored: the answer has ")
        else:
            assert (row.predicted, row.confidence, row.correct) == (true.predicted, true.confidence, true.correct)
            assert row.rank in (true.rank, None)
            assert row.top == true.top[: len(row.top)]
    assert any(not row.unscored for row in rows)
    if given > 1 and counted is None:
        # The best given one is the most probable of all.
        assert not any(row.unscored for row in rows)
    if given < 5:
        assert any(row.rank is None for row in rows)
        assert counted is None or any(row.unscored for row in rows)
