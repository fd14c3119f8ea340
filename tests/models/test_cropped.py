"""Pictures that are cropped already reach the model without another resize or crop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from tests.conftest import write_suite
from tests.corruptions.photographs import whole_photograph
from tierbench.models import load_classifier
from tierbench.models.classifier import TakesCropped
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor
from tierbench.models.torch_model import TorchClassifier
from tierbench.models.transformers_model import TransformersClassifier
from tierbench.suites import read_suites
from tierbench.suites.derived import derive_cases, open_case

Probabilities = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def square() -> Image.Image:
    """The middle of a photograph, 224 × 224."""
    return whole_photograph("coffee").crop((188, 88, 412, 312))


def by_hand(folder: Path, picture: Image.Image) -> Probabilities:
    """Normalise a picture as the model's image processor says, and give it to the model."""
    from transformers import AutoModelForImageClassification

    settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    pixels = np.asarray(picture, dtype=np.float32) / 255
    pixels = (pixels - np.float32(settings["image_mean"])) / np.float32(settings["image_std"])
    model = AutoModelForImageClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(pixel_values=torch.from_numpy(pixels).permute(2, 0, 1)[None]).logits
    result: Probabilities = torch.softmax(logits, dim=-1).numpy()
    return result


def opened(folder: Path) -> TransformersClassifier:
    classifier = load_classifier(str(folder), device="cpu")
    assert isinstance(classifier, TransformersClassifier)
    return classifier


def test_a_model_of_224_px_gets_the_pixels_as_they_are(reference_model: Path, square: Image.Image) -> None:
    classifier = opened(reference_model)
    assert classifier.predict_cropped([square]) == pytest.approx(by_hand(reference_model, square), abs=1e-5)
    assert classifier.describe()["input_size"] == [224, 224]
    # Its own preprocessing enlarges the picture to 256 px and crops it.
    assert classifier.predict([square]) != pytest.approx(by_hand(reference_model, square), abs=1e-3)


def test_a_model_of_another_size_gets_the_whole_square(
    reference_model: Path, square: Image.Image, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(reference_model, tmp_path / "model"))
    settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    settings["size"] = {"shortest_edge": 160}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    classifier = opened(folder)
    resized = square.resize((160, 160), Image.Resampling.BICUBIC)
    assert classifier.predict_cropped([square]) == pytest.approx(by_hand(folder, resized), abs=1e-5)
    assert classifier.describe()["input_size"] == [160, 160]


def test_the_predictor_leaves_out_the_crop_for_cropped_cases_only(colour_model: Path, tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", "file_name,label,tier\nwide.png,car,1\ntall.png,car,1\n")
    photo = whole_photograph("coffee")
    photo.save(folder / "wide.png")
    photo.rotate(90, expand=True).save(folder / "tall.png")
    ((suite,), _) = read_suites([folder])
    cropped = derive_cases(suite, ["gaussian_noise", "pixelate"], [1])
    whole = derive_cases(suite, ["gaussian_noise", "pixelate"], [1], "whole")
    classifier = opened(colour_model)
    for derived in (cropped, whole):
        # The clean and the corrupted cases take turns, and fill no batch.
        cases = [case for pair in zip(derived, 2 * suite.cases, strict=True) for case in pair]
        found = Predictor(classifier, PredictionStore(None), batch_size=3).predict(cases)
        assert len(found) == 6
        for case in cases:
            predict = classifier.predict_cropped if case in cropped else classifier.predict
            expected = predict([open_case(case)])[0]
            assert found[case.key].probabilities == pytest.approx(expected, abs=1e-5)


class Mean:
    """A classifier of someone's own: the mean brightness, and whether it came through `predict_cropped`."""

    labels = ("dark", "bright")
    fingerprint = "mean-1"

    def describe(self) -> dict[str, object]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        shares = [np.asarray(image).mean() / 255 for image in images]
        return np.array([[1 - share, share] for share in shares], dtype=np.float32)


class UncroppedMean(Mean):
    """The same with the other method."""

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.tile(np.array([1, 0], dtype=np.float32), (len(images), 1))


def test_predictions_of_both_paths_are_kept_apart(tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", "file_name,label,tier\nred.png,bright,1\n")
    ((suite,), _) = read_suites([folder])
    cases = derive_cases(suite, ["pixelate"], [1])
    store = PredictionStore(None)
    without, with_it = (Predictor(each, store) for each in (Mean(), UncroppedMean()))
    assert (without.takes_cropped, with_it.takes_cropped) == (False, True)
    first, second = (each.predict(cases)[cases[0].key].probabilities for each in (without, with_it))
    assert first is not None
    assert second is not None
    assert first[0] < 1
    assert second.tolist() == [1, 0]


def test_a_module_in_memory_takes_cropped_pictures_if_it_is_given_the_function() -> None:
    def small(image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.array(image.resize((1, 1)), dtype=np.float32)).permute(2, 0, 1) / 255

    def corner(image: Image.Image) -> torch.Tensor:
        return small(image.crop((0, 0, 1, 1)))

    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 2))
    without = TorchClassifier(module, ["a", "b"], small, version="1")
    with_it = TorchClassifier(module, ["a", "b"], small, version="1", preprocess_cropped=corner)
    assert not isinstance(without, TakesCropped)
    assert isinstance(with_it, TakesCropped)
    assert with_it.fingerprint != without.fingerprint
    picture = Image.linear_gradient("L").convert("RGB")
    assert with_it.predict([picture]) == pytest.approx(without.predict([picture]))
    assert with_it.predict_cropped([picture]) == pytest.approx(without.predict([picture.crop((0, 0, 1, 1))]))
