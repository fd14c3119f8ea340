"""The quick preparation gives the pixels of the image processors of transformers, bit for bit."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tests.models.test_preprocessing_steps import PROCESSORS
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.loaded_model import given_processor
from tierbench.models.quick_preparation import quick_preparation

UNEVEN = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
RECIPES: list[tuple[str, dict[str, Any]]] = [
    ("BitImageProcessorPil", {}),
    ("BlipImageProcessorPil", {"size": {"height": 40, "width": 60}}),
    ("CLIPImageProcessorPil", {"size": {"shortest_edge": 37}, "crop_size": 31, "resample": 1}),
    ("ChineseCLIPImageProcessorPil", {}),
    ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 47}, "crop_pct": 0.95, **UNEVEN}),
    ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 384}}),
    ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 60}, "do_center_crop": True, "crop_size": 33}),
    ("DeiTImageProcessorPil", {"size": {"height": 60, "width": 61}, "crop_size": {"height": 33, "width": 70}}),
    ("DeiTImageProcessorPil", {"do_resize": False, "crop_size": 64}),
    ("EfficientNetImageProcessorPil", {"size": 45}),
    ("EfficientNetImageProcessorPil", {"size": 45, "rescale_factor": 1 / 127.5, "rescale_offset": True}),
    ("EfficientNetImageProcessorPil", {"size": 45, "do_normalize": False, "include_top": False}),
    ("MobileNetV1ImageProcessorPil", {"size": {"shortest_edge": 50}, "crop_size": 48}),
    ("MobileNetV2ImageProcessorPil", {"size": {"shortest_edge": 50}, "crop_size": 48, **UNEVEN}),
    ("PvtImageProcessorPil", {"size": 30, "resample": 0}),
    ("SiglipImageProcessorPil", {"size": 32, "resample": 4}),
    ("SiglipImageProcessorPil", {"size": 32, "do_rescale": False, "do_normalize": False}),
    ("ViTImageProcessorPil", {"size": 29, "do_rescale": False, **UNEVEN}),
]


@cache
def ours(recipe: int) -> ImageProcessor:
    name, options = RECIPES[recipe]
    return given_processor(getattr(transformers, name)(**options), "the model")


@given(
    recipe=st.integers(0, len(RECIPES) - 1),
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    cropped=st.booleans(),
    raw=st.booleans(),
    seed=st.integers(0, 9),
)
@example(recipe=8, size=(63, 65), cropped=False, raw=False, seed=0)  # one side is cropped, one is padded
@example(recipe=8, size=(1, 1), cropped=False, raw=False, seed=0)
@example(recipe=6, size=(47, 400), cropped=False, raw=True, seed=0)
@settings(max_examples=150)
def test_the_pixels_are_those_of_the_processor(
    recipe: int, size: tuple[int, int], cropped: bool, raw: bool, seed: int
) -> None:
    # Narrower ones are refused, for what they would be enlarged to.
    assume(max(size) <= 40 * min(size))
    processor = ours(recipe)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    prepared = processor.preparation(cropped=cropped, raw=raw)(image)
    assert isinstance(prepared, torch.Tensor)
    options = {"do_rescale": False, "do_normalize": False} if raw else {}
    if cropped:
        height, width = processor.input_size
        image = image if image.size == (width, height) else image.resize((width, height), processor.loaded.resample)
        options |= {"do_resize": False, "do_center_crop": False}
    expected = processor.loaded(images=[image], return_tensors="pt", **options)["pixel_values"][0]
    assert (prepared.dtype, prepared.shape) == (expected.dtype, expected.shape)
    assert torch.equal(prepared, expected)


def quick(processor: Any) -> bool:
    def plain(image: Image.Image) -> Any:
        return processor(images=[image], return_tensors="pt")["pixel_values"][0]

    return quick_preparation(processor, {}, plain) is not None


@pytest.mark.parametrize("recipe", range(len(RECIPES)), ids=lambda recipe: f"{recipe}-{RECIPES[recipe][0]}")
def test_the_common_recipes_are_quick(recipe: int) -> None:
    assert quick(ours(recipe).loaded)


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, options) for name, options in PROCESSORS if name not in {recipe for recipe, _ in RECIPES}],
)
def test_what_does_something_else_is_left_to_the_processor(name: str, options: dict[str, Any]) -> None:
    assert not quick(getattr(transformers, name)(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"size": {"shortest_edge": 20, "longest_edge": 26}},
        {"size": {"max_height": 20, "max_width": 15}},
        {"size": {"shortest_edge": 10}, "do_pad": True, "pad_size": {"height": 400, "width": 500}},
    ],
)
def test_a_size_of_another_kind_is_left_to_the_processor(options: dict[str, Any]) -> None:
    assert not quick(transformers.ViTImageProcessorPil(**options))


def test_a_class_of_someone_s_own_is_left_to_itself() -> None:
    class Own(ViTImageProcessorPil):
        pass

    Own.__name__ = "ViTImageProcessorPil"
    assert not quick(Own())


def test_a_processor_that_came_to_do_something_else_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert quick(ViTImageProcessorPil(size=32))
    rounded = ViTImageProcessorPil.resize

    def larger(self: Any, image: Any, size: Any, **options: Any) -> Any:
        return rounded(self, image, type(size)(height=33, width=32), **options)

    monkeypatch.setattr(ViTImageProcessorPil, "resize", larger)
    assert not quick(ViTImageProcessorPil(size=32))


def test_a_grey_picture_goes_to_the_processor() -> None:
    processor = given_processor(transformers.CLIPImageProcessorPil(size=32, crop_size=32), "the model")
    grey = Image.fromarray(np.arange(60 * 50, dtype=np.uint8).reshape(60, 50))
    expected = processor.loaded(images=[grey], return_tensors="pt")["pixel_values"][0]
    prepared = processor.preparation(cropped=False)(grey)
    assert isinstance(prepared, torch.Tensor)
    assert torch.equal(prepared, expected)
