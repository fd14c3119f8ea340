"""Sweeps of pictures that are not square: the published pipeline as a user would run it, or whole pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from tests.conftest import Bench
from tests.corruptions.photographs import whole_photograph
from tierbench.corruptions import GEOMETRIES, derive_seed

ROWS = "file_name,label,tier\nespresso.png,espresso,1\ncat.png,cat,1\n"
TOML = '[labels]\ncat = ["Egyptian cat", "tabby"]\nespresso = ["espresso"]\n'
COLOURS = "file_name,label,tier\nred.png,automobile,1\n"

Pixels = npt.NDArray[np.uint8]


@pytest.fixture
def photos(bench: Bench) -> Bench:
    """A suite with a wide photograph and a tall one."""
    folder = bench.suite("photos", ROWS, TOML)
    whole_photograph("coffee").save(folder / "espresso.png")
    whole_photograph("chelsea").crop((60, 0, 300, 300)).save(folder / "cat.png")
    return bench


def resize_and_crop(picture: Image.Image) -> Image.Image:
    """Do what torchvision's Resize(256) and CenterCrop(224) do on a PIL image."""
    width, height = picture.size
    edges = (256, int(256 * height / width)) if width <= height else (int(256 * width / height), 256)
    picture = picture.resize(edges, Image.Resampling.BILINEAR)
    top, left = round((picture.height - 224) / 2.0), round((picture.width - 224) / 2.0)
    return Image.fromarray(np.asarray(picture)[top : top + 224, left : left + 224])


def published_fog(picture: Image.Image, rng: np.random.Generator) -> Pixels:
    """The published fog at severity 5, with its diamond-square map of 256 px; draws are made in the published order."""
    strength, decay = 3, 1.4
    size = step = 256
    wibble = 100.0
    heights = np.zeros((size, size))

    def mean(total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        draw = 2 * (rng.random(total.shape, dtype=np.float32).astype(np.float64) - 0.5)
        return total / 4 + wibble * wibble * draw

    while step >= 2:
        half = step // 2
        corners = heights[0:size:step, 0:size:step]
        square = corners + np.roll(corners, shift=-1, axis=0)
        square += np.roll(square, shift=-1, axis=1)
        heights[half:size:step, half:size:step] = mean(square)
        lower = heights[half:size:step, half:size:step]
        upper = heights[0:size:step, 0:size:step]
        heights[0:size:step, half:size:step] = mean(
            lower + np.roll(lower, 1, axis=0) + upper + np.roll(upper, -1, axis=1)
        )
        heights[half:size:step, 0:size:step] = mean(
            lower + np.roll(lower, 1, axis=1) + upper + np.roll(upper, -1, axis=0)
        )
        step //= 2
        wibble /= decay
    heights -= heights.min()
    x = np.array(picture) / 255.0
    highest = x.max()
    x += strength * (heights / heights.max())[:224, :224][..., np.newaxis]
    result: Pixels = (np.clip(x * highest / (highest + strength), 0, 1) * 255).astype(np.uint8)
    return result


def published_pixelate(picture: Image.Image, rng: np.random.Generator) -> Pixels:
    small = picture.resize((int(224 * 0.25), int(224 * 0.25)), Image.Resampling.BOX)
    return np.asarray(small.resize((224, 224), Image.Resampling.BOX))


def published_jpeg(picture: Image.Image, rng: np.random.Generator) -> Pixels:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=7)
    return np.asarray(Image.open(stream))


PUBLISHED: dict[str, Callable[[Image.Image, np.random.Generator], Pixels]] = {
    "fog": published_fog,
    "pixelate": published_pixelate,
    "jpeg_compression": published_jpeg,
}


def test_the_model_says_what_it_says_of_the_published_pictures(
    photos: Bench, reference_cache: None, reference_model: Path
) -> None:
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(reference_model, backend="pil")
    model = AutoModelForImageClassification.from_pretrained(reference_model).eval()
    names = ",".join(PUBLISHED)
    answer = photos.run(
        "--robust-model=reference",
        f"--robust-corruptions={names}",
        "--robust-severities=5",
        "--robust-device=cpu",
        "-mcorruption",
    )
    assert "geometry: imagenet-c (shortest edge 256, central 224 × 224)" in answer.text.splitlines()
    record = photos.record()
    assert len(record.rows) == 2 * len(PUBLISHED)
    for row in record.rows:
        case = row.case.partition("+")[0]
        with Image.open(photos.path / "cases" / "photos" / f"{case}.png") as image:
            square = resize_and_crop(image.convert("RGB"))
        seed = derive_seed(f"photos/{case}", row.corruption, 5)
        pixels = PUBLISHED[row.corruption](square, np.random.default_rng(seed))
        inputs = processor(images=[Image.fromarray(pixels)], do_resize=False, do_center_crop=False, return_tensors="pt")
        with torch.inference_mode():
            probabilities = torch.softmax(model(**inputs).logits, dim=-1)[0]
        for label, probability in row.top:
            expected = [float(probabilities[index]) for index, name in model.config.id2label.items() if name == label]
            # A pixel of the fog may differ by one grey level, because we compute in single precision.
            assert min(abs(probability - each) for each in expected) < 2e-3, (row.key, label)
    (sweep,) = record.run.sweeps
    assert (sweep.geometry, sweep.cropped_again, sweep.input_size) == ("imagenet-c", False, (224, 224))


def test_whole_pictures_are_another_protocol(bench: Bench) -> None:
    bench.suite("s", COLOURS)
    sweep = ("--robust-corruptions", "imagenet-c", "-m", "slice")
    answer = bench.run(*sweep, "--robust-corruption-geometry=whole")
    (whole,) = bench.record().run.sweeps
    assert (whole.mce, whole.relative_mce, whole.geometry, whole.cropped_again) == (None, None, "whole", True)
    assert whole.mean_error is not None
    assert "another protocol than ImageNet-C's" in answer.line("geometry: whole")
    assert "no mCE: it is defined for the geometry of ImageNet-C" in answer.text
    # The published geometry is the default; nothing of the other one is taken from the store.
    answer = bench.run(*sweep)
    (published,) = bench.record().run.sweeps
    assert published.mce is not None
    assert ", resized to the model's input of " in answer.line("geometry: imagenet-c")


def test_a_classifier_that_crops_by_itself_has_no_mce(bench: Bench) -> None:
    bench.file(
        "mymodel.py",
        "import numpy as np\n"
        "class Fixed:\n"
        "    labels = ('automobile', 'ship')\n"
        "    fingerprint = 'fixed-1'\n"
        "    def describe(self):\n"
        "        return {}\n"
        "    def predict(self, images):\n"
        "        return np.tile(np.float32([0.75, 0.25]), (len(images), 1))\n",
    )
    bench.suite("s", COLOURS)
    answer = bench.run("--robust-model=python:mymodel:Fixed", "--robust-corruptions", "imagenet-c", "-m", "slice")
    (sweep,) = bench.record().run.sweeps
    assert (sweep.mce, sweep.mean_error, sweep.cropped_again) == (None, 0.0, True)
    assert answer.line("geometry:").endswith("then the model's own resize and crop: another protocol than ImageNet-C's")


def test_the_ini_key_sets_the_geometry(bench: Bench) -> None:
    bench.suite("s", COLOURS)
    bench.configure(robust_corruption_geometry="whole")
    sweep = ("--robust-corruptions=pixelate", "--robust-severities=1", "-m", "slice")
    assert bench.run(*sweep).line("geometry: ").startswith("geometry: whole")
    bench.record()
    # The command line wins.
    answer = bench.run(*sweep, "--robust-corruption-geometry=imagenet-c")
    assert answer.line("geometry: ").startswith("geometry: imagenet-c")
    bench.configure(robust_corruption_geometry="square")
    answer = bench.run(*sweep)
    assert answer.code == 4
    assert answer.errors == ["ini key robust_corruption_geometry: 'square' is unknown; write one of imagenet-c, whole"]


def test_a_baseline_of_another_geometry_is_named(bench: Bench) -> None:
    bench.suite("s", COLOURS)
    sweep = ("--robust-corruptions=pixelate", "--robust-severities=1")
    bench.run(*sweep, "--robust-update-baseline")
    bench.record()
    answer = bench.run(*sweep, "--robust-corruption-geometry=whole")
    assert "made with different corruption geometry: baseline imagenet-c, now whole" in answer.text


def test_the_option_offers_every_geometry(bench: Bench) -> None:
    bench.suite("cars", COLOURS)
    answer = bench.run("--robust-corruption-geometry", "round")
    assert answer.code == 4
    assert f"'round' is unknown; write one of {', '.join(GEOMETRIES)}" in answer.text
