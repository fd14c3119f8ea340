"""Stream a data set through a model: the same rows however pictures are decoded, and errors where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.flat_colours import LABELS, RGB, SAID
from tests.flat_sets import CLEAN, write_set
from tierbench.common.errors import UserError
from tierbench.models import load_classifier
from tierbench.models.identity import identity_of
from tierbench.runs import set_evaluation
from tierbench.runs.set_evaluation import SetModel, processes_for, score_samples
from tierbench.scoring.class_map import map_classes
from tierbench.scoring.set_scores import SetRow
from tierbench.suites.datasets import DataSet, SetSpec, open_data_set


@pytest.fixture
def colours(tmp_path: Path) -> DataSet:
    write_set(tmp_path / "colours", {"": CLEAN})
    return open_data_set(SetSpec.parse("imagefolder:colours"), tmp_path)


def rows_of(classifier: object, data_set: DataSet, *, batch_size: int = 4, processes: int = 0) -> list[SetRow]:
    identity = identity_of(classifier)
    model = SetModel(classifier, identity, batch_size, processes)  # type: ignore[arg-type]  # checked by identity_of
    classes = map_classes(data_set, identity.labels)
    return [row for batch in score_samples(model, data_set, data_set.samples, classes) for row in batch]


class Eyes:
    """Says what the flat-colour model says, and behaves badly on one picture."""

    labels = LABELS
    fingerprint = None

    def __init__(self, bad: object = None) -> None:
        self.bad = bad
        self.largest = 0

    def describe(self) -> dict[str, str]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        names = {rgb: name for name, rgb in RGB.items()}
        seen = [names.get(tuple(np.asarray(image)[0, 0].tolist()), "") for image in images]
        if "" in seen and isinstance(self.bad, BaseException):
            raise self.bad
        self.largest = max(self.largest, len(images))
        bad = np.full(4, self.bad if isinstance(self.bad, float) else 0.25)
        return np.array([SAID.get(name, bad) for name in seen], dtype=np.float32)


def test_processes_and_batches_change_no_row(colours: DataSet, colour_model: Path) -> None:
    plain = rows_of(load_classifier(str(colour_model)), colours, batch_size=1)
    assert [(row.id, row.correct) for row in plain] == [(sample.id, True) for sample in colours.samples]
    for processes in (0, 2):
        rows = rows_of(load_classifier(str(colour_model)), colours, batch_size=7, processes=processes)
        assert [(row.id, row.predicted, row.rank) for row in rows] == [
            (row.id, row.predicted, row.rank) for row in plain
        ]
        assert [row.confidence for row in rows] == pytest.approx([row.confidence for row in plain], abs=1e-5)


def test_rows_are_equal_however_batches_travel(
    colours: DataSet, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load_classifier(str(colour_model))
    plain = rows_of(classifier, colours, batch_size=2)
    assert rows_of(classifier, colours, batch_size=2, processes=2) == plain
    # Blocks too small for a batch: it goes through the pipe.
    monkeypatch.setattr(set_evaluation, "_PICTURE_BYTES", 512)
    assert rows_of(classifier, colours, batch_size=2, processes=2) == plain


def test_a_row_has_what_the_model_said(colours: DataSet) -> None:
    row = next(row for row in rows_of(Eyes(), colours) if row.label == "ship")
    assert (row.predicted, row.rank, row.correct, row.error) == ("ship", 1, True, "")
    assert row.confidence == pytest.approx(0.7)
    assert [label for label, _ in row.top] == ["ship", "airplane", "truck", "automobile"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (RuntimeError("too dark"), "the model failed on the image: RuntimeError: too dark"),
        (SystemExit(3), "the model failed on the image"),
        (float("nan"), "NaN"),
    ],
    ids=["raises", "exits", "nan"],
)
def test_a_picture_on_which_the_model_fails_is_an_error_of_its_own(colours: DataSet, bad: object, said: str) -> None:
    odd = colours.samples[6]
    Image.new("RGB", (224, 224), (1, 2, 3)).save(Path(odd.source.home) / odd.source.path)  # type: ignore[attr-defined]
    rows = rows_of(Eyes(bad), colours)
    assert [row.id for row in rows if row.error] == [odd.id]
    assert said in next(row.error for row in rows if row.error)
    assert [row.id for row in rows] == [sample.id for sample in colours.samples]
    assert all(row.correct for row in rows if not row.error)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_picture_that_cannot_be_read_is_an_error_of_its_own(colours: DataSet, tmp_path: Path, processes: int) -> None:
    samples = colours.samples
    (tmp_path / "colours" / samples[0].id).write_bytes(b"no picture")
    (tmp_path / "colours" / samples[1].id).unlink()
    rows = rows_of(Eyes(), colours, processes=processes)
    assert [row.id for row in rows if row.error] == [samples[0].id, samples[1].id]
    assert all(row.error and not row.correct and row.rank == 0 for row in rows[:2])
    assert "cannot be read" in rows[1].error


def test_outputs_that_do_not_sum_to_one_stop_the_run(colours: DataSet) -> None:
    class Sigmoid(Eyes):
        def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
            return np.full_like(super().predict(images), 0.5)

    with pytest.raises(UserError, match="multi_label"):
        rows_of(Sigmoid(), colours)


def test_no_process_is_started_without_a_batch_to_decode_ahead() -> None:
    assert processes_for(0, 16) == 0
    assert processes_for(16, 16) == 0
    assert processes_for(17, 16) == 1
    assert processes_for(10**6, 16) >= 1
