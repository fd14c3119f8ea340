"""Figures of pictures, against values that can be computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from tierbench.common.picture_figures import picture_figures


def test_a_picture_of_two_halves_has_the_figures_of_the_formulas() -> None:
    picture = Image.new("RGB", (40, 20), (255, 0, 0))
    picture.paste((0, 0, 255), (20, 0, 40, 20))
    figures = picture_figures(picture)
    # Luma 76 and 29; opponents 255 and 127.5, 0 and −255.
    assert figures.brightness == pytest.approx(52.5 / 255)
    assert figures.contrast == pytest.approx(23.5 / 255)
    spread, mean = math.hypot(127.5, 191.25), math.hypot(127.5, -63.75)
    assert figures.colourfulness == pytest.approx(spread + 0.3 * mean)
    # Of the 38 columns with a neighbour on both sides, one has 29 − 76 and one 76 − 29.
    assert figures.sharpness == pytest.approx(2 * 47**2 / 38)
    assert figures.megapixels == pytest.approx(0.0008)


def test_what_is_blurred_is_less_sharp_at_any_size() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(3))
    blurred = picture.filter(ImageFilter.GaussianBlur(9))
    assert picture_figures(blurred).sharpness < picture_figures(picture).sharpness / 2


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (3, 3)])
def test_tiny_and_narrow_pictures_have_figures(size: tuple[int, int]) -> None:
    grey = picture_figures(Image.new("RGB", size, (128, 128, 128)))
    assert (grey.contrast, grey.sharpness, grey.colourfulness) == (0, 0, 0)


@given(st.integers(0, 2**32 - 1), st.integers(3, 400), st.integers(3, 700), st.integers(1, 256))
@settings(max_examples=25, deadline=None)
def test_figures_are_those_of_numpy_in_double_precision(seed: int, height: int, width: int, spread: int) -> None:
    generator = np.random.default_rng(seed)
    low = int(generator.integers(0, 257 - spread))
    pixels = generator.integers(low, low + spread, (height, width, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    figures = picture_figures(picture)
    reduced = picture.reduce(max(1, min(picture.size) // 160))
    luma = np.asarray(reduced.convert("L"), dtype=np.float64)
    red, green, blue = np.moveaxis(np.asarray(reduced, dtype=np.float64), 2, 0)
    first, second = red - green, (red + green) / 2 - blue
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    assert figures.brightness == pytest.approx(luma.mean() / 255, rel=1e-6)
    assert figures.contrast == pytest.approx(luma.std() / 255, rel=1e-6, abs=1e-9)
    assert figures.sharpness == pytest.approx((around - 4 * luma[1:-1, 1:-1]).var(), rel=1e-6, abs=1e-9)
    colourfulness = math.hypot(first.std(), second.std()) + 0.3 * math.hypot(first.mean(), second.mean())
    assert figures.colourfulness == pytest.approx(colourfulness, rel=1e-6, abs=1e-6)
