"""Every image is predicted once, in batches, and a broken image does not affect the others."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SuiteWriter
from tests.flat_colours import LABELS, SAID, flat
from tierbench import load_classifier
from tierbench.common.errors import UserError
from tierbench.models import prediction_store
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Prediction, Predictor
from tierbench.scoring.evaluate import evaluate
from tierbench.suites import Case, read_suites

ROWS = """\
file_name,label,tier
red.png,automobile,1
red_2.png,automobile,1
green.png,truck,1
blue.png,ship,1
grey.png,ship,2
"""


def cases_of(folder: Path) -> list[Case]:
    (found,), problems = read_suites([folder])
    assert problems == []
    return list(found.cases)


@dataclass
class Counting:
    """A user's own classifier: returns the shares of red, green and blue, and records the size of each batch."""

    labels: Sequence[str] = ("red", "green", "blue")
    fingerprint: str = "counting-1"
    batches: list[int] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        self.batches.append(len(images))
        means = np.array([np.asarray(image, dtype=np.float64).mean(axis=(0, 1)) + 1 for image in images])
        return means / means.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def store() -> PredictionStore:
    return PredictionStore(None)


def test_a_real_model_returns_its_known_probabilities(suite: SuiteWriter, colour_model: Path, cache: Path) -> None:
    found = Predictor(load_classifier(str(colour_model)), store()).predict(cases_of(suite(ROWS)))
    for key, prediction in found.items():
        colour = key.removeprefix("colours/").partition("_")[0]
        assert prediction.probabilities is not None
        assert prediction.probabilities == pytest.approx(SAID[colour], abs=1e-5)


def test_equal_images_are_predicted_once_in_small_batches(suite: SuiteWriter) -> None:
    model = Counting()
    done: list[int] = []
    found = Predictor(model, store(), batch_size=3).predict(cases_of(suite(ROWS)), done.append)
    assert model.batches == [3, 1]
    assert found["colours/red"] is found["colours/red_2"]
    assert sum(done) == len(found) == 5


def test_stored_predictions_are_not_computed_again(suite: SuiteWriter, cache: Path) -> None:
    cases = cases_of(suite(ROWS))
    file = cache / "predictions.sqlite"
    first = Predictor(Counting(), PredictionStore(file)).predict(cases)
    again = Counting()
    predictor = Predictor(again, PredictionStore(file))
    assert predictor.cached(cases) == 5
    done: list[int] = []
    second = predictor.predict(cases, done.append)
    assert again.batches == []
    assert sum(done) == 5
    for key, prediction in first.items():
        assert np.array_equal(second[key].probabilities, prediction.probabilities)  # type: ignore[arg-type]
    other = Predictor(Counting(fingerprint="counting-2"), PredictionStore(file))
    assert other.cached(cases) == 0


def test_the_version_of_the_backend_is_looked_up_once(
    suite: SuiteWriter, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def version(name: str) -> str:
        asked.append(name)
        return "1.0" if name == "onnxruntime" else metadata.version(name)

    monkeypatch.setattr(prediction_store, "version", version)
    prediction_store.backend_with_version.cache_clear()
    model = Counting()
    model.backend = "onnxruntime"  # type: ignore[attr-defined]  # as classifiers of that backend have it
    Predictor(model, store()).predict(cases_of(suite(ROWS)))
    prediction_store.backend_with_version.cache_clear()
    assert asked.count("onnxruntime") == 1


def test_a_picture_that_another_process_looked_at_is_not_opened(suite: SuiteWriter, cache: Path) -> None:
    cases = cases_of(suite(ROWS))
    predictor = Predictor(Counting(), PredictionStore(cache / "kept.sqlite"))
    before = predictor.predict(cases)
    cases[0].path.unlink()
    found = predictor.predict(cases, digests={key: each.image_sha256 for key, each in before.items()})
    np.testing.assert_array_equal(found[cases[0].key].probabilities, before[cases[0].key].probabilities)
    assert found[cases[0].key].image_sha256 == before[cases[0].key].image_sha256
    assert predictor.predict(cases)[cases[0].key].error == "the image file cannot be read"


def test_a_broken_image_does_not_affect_others(suite: SuiteWriter) -> None:
    folder = suite(ROWS)
    cases = cases_of(folder)
    (folder / "green.png").write_bytes((folder / "green.png").read_bytes()[:50])
    (folder / "blue.png").write_text("not an image", encoding="utf-8")
    (folder / "grey.png").unlink()
    found = Predictor(Counting(), store(), batch_size=2).predict(cases)
    assert found["colours/green"].error.startswith("the image cannot be decoded: ")
    assert found["colours/blue"].error == "the file is not an image that Pillow can read"
    assert found["colours/grey"] == Prediction("", None, "the image file cannot be read")
    assert found["colours/red"].error == ""


class Choosy(Counting):
    """Returns an invalid value for green."""

    value = np.nan

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        outputs = super().predict(images)
        for output, image in zip(outputs, images, strict=True):
            if image.getpixel((0, 0)) == flat("green").getpixel((0, 0)):
                output[0] = self.value
        return outputs


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.nan, "the model's output contains NaN or infinity"),
        (np.inf, "the model's output contains NaN or infinity"),
        # More than float32 holds.
        (1e300, "the model's output contains NaN or infinity"),
        (17.0, "the model's outputs are not probabilities (0."),
        (-0.5, "the model's outputs are not probabilities (-0.5 to 0."),
    ],
)
def test_an_invalid_output_does_not_affect_others(suite: SuiteWriter, value: float, error: str) -> None:
    model = Choosy()
    model.value = value
    kept = store()
    cases = cases_of(suite(ROWS))
    predictor = Predictor(model, kept)
    found = predictor.predict(cases)
    assert [prediction.error[: len(error)] for prediction in found.values()] == ["", "", error, "", ""]
    # The invalid output is not stored.
    assert predictor.cached(cases) == 4


def test_out_of_memory_halves_the_batch(suite: SuiteWriter) -> None:
    class Small(Counting):
        def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
            outputs = super().predict(images)
            if len(images) > 1:
                raise MemoryError
            return outputs

    model = Small()
    found = Predictor(model, store()).predict(cases_of(suite(ROWS)))
    assert all(prediction.error == "" for prediction in found.values())
    assert model.batches == [4, 2, 1, 1, 2, 1, 1]


def test_the_memory_of_a_failed_batch_is_free_before_the_halves_run(suite: SuiteWriter) -> None:
    class Buffer:
        pass

    class Hungry(Counting):
        held: weakref.ref[Buffer] | None = None

        def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
            assert self.held is None or self.held() is None, "the memory of the failed batch is still held"
            if len(images) > 1:
                activations = Buffer()
                self.held = weakref.ref(activations)
                raise RuntimeError("CUDA out of memory.")
            return super().predict(images)

    found = Predictor(Hungry(), store()).predict(cases_of(suite(ROWS)))
    assert [prediction.error for prediction in found.values()] == [""] * 5


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "not enough memory for a single image: MemoryError"),
        (RuntimeError("CUDA out of memory. Tried\nmore"), "not enough memory for a single image: RuntimeError: CUDA"),
        (ValueError("too\nlong"), "the model failed on the image: ValueError: too"),
    ],
)
def test_an_image_that_the_model_cannot_process_does_not_affect_others(
    suite: SuiteWriter, error: Exception, message: str
) -> None:
    class Raising(Counting):
        def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
            if any(image.getpixel((0, 0)) == flat("blue").getpixel((0, 0)) for image in images):
                raise error
            return super().predict(images)

    found = Predictor(Raising(), store()).predict(cases_of(suite(ROWS)))
    assert [prediction.error[: len(message)] for prediction in found.values()] == ["", "", "", message, ""]


def test_an_array_of_the_wrong_shape_is_an_error_of_the_classifier(suite: SuiteWriter) -> None:
    with pytest.raises(UserError, match=r"returned an array of shape \(4, 3\), not \(4, 2\) \(images × labels\); fix"):
        Predictor(Counting(labels=("red", "green")), store()).predict(cases_of(suite(ROWS)))


def test_evaluate_predicts_without_pytest(suite: SuiteWriter, colour_model: Path, cache: Path) -> None:
    frame = evaluate(str(colour_model), suite(ROWS), model="mine")
    assert list(frame["case"]) == ["red", "red_2", "green", "blue", "grey"]
    assert set(frame["model"]) == {"mine"}
    assert list(frame["outcome"]) == ["passed"] * 5
    assert frame["score"].tolist() == pytest.approx([0.9, 0.9, 0.8, 0.7, 0.524], abs=1e-5)
    assert frame["top"][0][0] == ["automobile", pytest.approx(0.9, abs=1e-5)]
    assert frame["rank"].tolist() == [1] * 5
    assert list(LABELS) == sorted(LABELS)


def test_evaluate_reports_problems_as_one_error(suite: SuiteWriter, colour_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tier 'x' is not an integer"):
        evaluate(str(colour_model), suite("file_name,label,tier\nred.png,ship,x\n"))
    with pytest.raises(UserError, match="no label of model 'model' counts as 'cat'"):
        evaluate(str(colour_model), suite("file_name,label,tier\nred.png,cat,1\n"))
    frame = evaluate(str(colour_model), tmp_path / "colours", missing_labels="skip")
    assert frame["outcome"].tolist() == ["skipped"]
    with pytest.raises(UserError, match="there is no such folder"):
        evaluate("nothing here", tmp_path / "colours")
