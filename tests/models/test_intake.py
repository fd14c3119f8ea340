"""A bounded number of bytes of decoded pictures waits for the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SuiteWriter
from tests.flat_colours import LABELS, SAID, flat
from tierbench import load_classifier
from tierbench.models import intake as intake_module
from tierbench.models.classifier import Prepares, preparation_of
from tierbench.models.intake import Intake
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor
from tierbench.models.transformers_model import TransformersClassifier
from tierbench.suites import Case, read_suites

SIZES = [(10, 10)] * 5 + [(100, 100)] * 5 + [(1000, 1000)] + [(100, 100)] * 3 + [(10, 10)] * 5


@pytest.fixture
def cases(suite: SuiteWriter) -> Sequence[Case]:
    """Pictures of several sizes."""
    folder = suite("file_name,label,tier\n" + "".join(f"p{index}.png,ship,1\n" for index in range(len(SIZES))))
    for index, (width, height) in enumerate(SIZES):
        # None is equal to another one.
        flat("blue", (width, height + index)).save(folder / f"p{index}.png")
    ((found,), problems) = read_suites([folder])
    assert problems == []
    return found.cases


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for two pictures of 100 × 100, each of which counts twice: once for the decoder."""
    monkeypatch.setattr(intake_module, "_WAITING_BYTES", 150_000)


def test_batches_are_as_small_as_their_pictures_are_large(cases: Sequence[Case]) -> None:
    batches = [[(taken.case.id, taken.waits) for taken in batch] for batch in Intake(4).batches(cases)]
    assert [name for batch in batches for name, _ in batch] == [case.id for case in cases]
    assert [name for name, _ in max(batches, key=lambda batch: batch[0][1])] == ["p10"]
    assert all(sum(waits for _, waits in batch) <= 150_000 for batch in batches if len(batch) > 1)
    assert max(map(len, batches)) == 4


class Small:
    """A user's own classifier, which gets pictures, and remembers how large its batches were."""

    labels = LABELS
    fingerprint = "small-1"

    def __init__(self) -> None:
        self.pixels: list[int] = []

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        self.pixels.append(sum(image.width * image.height for image in images))
        return np.tile(np.array(SAID["blue"], dtype=np.float32), (len(images), 1))


def test_a_model_that_takes_pictures_gets_few_large_ones_at_once(cases: Sequence[Case]) -> None:
    model = Small()
    found = Predictor(model, PredictionStore(None)).predict(cases)
    assert [prediction.error for prediction in found.values()] == [""] * len(cases)
    assert sorted(model.pixels)[-1] == 1000 * 1010
    assert sorted(model.pixels)[-2] <= 150_000 / 6


def test_of_what_the_threads_prepare_only_the_small_inputs_wait(cases: Sequence[Case], colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model), device="cpu")
    assert isinstance(classifier, Prepares)
    prepare = classifier.preparation(cropped=False)
    batches = [[taken.waits for taken in batch] for batch in Intake(6, prepare).batches(cases)]
    assert [len(batch) for batch in batches] == [6, 6, 6, 1]
    assert {waits for batch in batches for waits in batch} == {4 * 3 * 32 * 32}


def test_inputs_by_name_count_with_all_their_parts(cases: Sequence[Case]) -> None:
    def prepare(image: Image.Image) -> dict[str, np.ndarray]:
        return {"patches": np.zeros((9, 100), dtype=np.float32), "mask": np.ones(9, dtype=np.int32)}

    batches = Intake(6, prepare).batches(cases)
    assert {taken.waits for batch in batches for taken in batch} == {4 * 9 * 100 + 4 * 9}


def test_before_the_size_of_the_inputs_is_known_few_are_made(cases: Sequence[Case]) -> None:
    made: list[str] = []

    def prepare(image: Image.Image) -> np.ndarray:
        made.append("")
        return np.zeros(60_000, dtype=np.uint8)

    batches = Intake(8, prepare).batches(cases)
    first = next(batches)
    count = len(first)
    del batches
    # One for each of the two threads before, and two that have room.
    assert count <= len(made) <= 4


def test_two_batches_at_most_are_made_ahead(cases: Sequence[Case]) -> None:
    made, done = [], Semaphore(0)

    def prepare(image: Image.Image) -> np.ndarray:
        made.append(image.size)
        done.release()
        return np.zeros(10, dtype=np.uint8)

    batches = Intake(2, prepare).batches(cases)
    assert len(next(batches)) == 2
    # The threads make what they were given: the rest of two batches, of which one picture was taken.
    for _ in range(5):
        done.acquire()
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(made) == 5


def test_who_replaces_predict_is_asked_through_it(colour_model: Path, cases: Sequence[Case]) -> None:
    class Halved(TransformersClassifier):
        def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
            return super().predict([image.reduce(2) for image in images])

    plain = load_classifier(str(colour_model), device="cpu")
    assert isinstance(plain, TransformersClassifier)
    halved = Halved(plain._files, device="cpu")
    assert preparation_of(plain) is plain
    assert preparation_of(halved) is None
    found = Predictor(halved, PredictionStore(None)).predict(cases[:1])
    assert [prediction.error for prediction in found.values()] == [""]


class AllItsOwn:
    """Someone's own classifier that prepares pictures, but whose `predict` does something else."""

    labels = LABELS
    fingerprint = "own-1"

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.tile(np.array(SAID["blue"], dtype=np.float32), (len(images), 1))

    predict_cropped = predict

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Any]:
        return np.asarray

    def predict_prepared(self, inputs: Sequence[Any]) -> np.ndarray:
        return np.tile(np.array(SAID["blue"], dtype=np.float32), (len(inputs), 1))


class OtherInput(AllItsOwn):
    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Any]:
        return lambda image: np.asarray(image.reduce(2))


class OtherModel(TransformersClassifier):
    def predict_prepared(self, inputs: Sequence[Any]) -> np.ndarray:
        return np.tile(np.array(SAID["red"], dtype=np.float32), (len(inputs), 1))


def test_who_replaces_a_part_is_asked_in_threads_if_predict_calls_that_part(colour_model: Path) -> None:
    own, other = AllItsOwn(), OtherInput()
    assert preparation_of(own) is own
    # Its `predict` is that of AllItsOwn, which does not know of the new preparation.
    assert preparation_of(other) is None
    opened = load_classifier(str(colour_model), device="cpu")
    assert isinstance(opened, TransformersClassifier)
    replaced = OtherModel(opened.files, device="cpu")
    assert preparation_of(replaced) is replaced
    assert replaced.predict([flat("blue")])[0] == pytest.approx(SAID["red"])
    replaced.predict = lambda images: np.zeros((len(images), 3))  # type: ignore[method-assign]  # as a user may
    assert preparation_of(replaced) is None


def test_a_picture_that_preprocessing_would_blow_up_is_an_error(suite: SuiteWriter, colour_model: Path) -> None:
    folder = suite("file_name,label,tier\nblue.png,ship,1\nthin.png,ship,1\n")
    Image.new("RGB", (1, 40_000)).save(folder / "thin.png")
    ((found,), _) = read_suites([folder])
    results = Predictor(load_classifier(str(colour_model), device="cpu"), PredictionStore(None)).predict(found.cases)
    assert results["colours/blue"].error == ""
    assert results["colours/thin"].error == (
        "the image is too narrow (1 × 40000): resized for the model it would have 40,960,000 pixels"
    )
