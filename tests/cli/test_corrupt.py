"""`tierbench corrupt` writes what a sweep shows to a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Answer
from tests.corruptions.photographs import whole_photograph
from tierbench.corruptions import corrupt, fitted

Call = Callable[..., Answer]


@pytest.mark.parametrize(
    ("arguments", "geometry", "size"),
    [((), "imagenet-c", (224, 224)), (("--geometry", "whole"), "whole", (384, 256))],
)
def test_pictures_are_fitted_to_the_geometry(
    tierbench: Call, workplace: Path, arguments: tuple[str, ...], geometry: str, size: tuple[int, int]
) -> None:
    photo = whole_photograph("coffee")
    photo.save(workplace / "coffee.png")
    answer = tierbench("corrupt", "coffee.png", "--out", "seen", "--name", "fog", "--seed", "3", *arguments)
    assert answer.code == 0, answer.err
    with Image.open(workplace / "seen" / "coffee+fog-5.png") as image:
        assert image.size == size
        expected = corrupt(fitted(photo, geometry), "fog", 5, seed=3)
        assert np.array_equal(np.asarray(image), np.asarray(expected))


def test_an_unknown_geometry_is_one_line(tierbench: Call) -> None:
    answer = tierbench("corrupt", "cases/colours/red.png", "--out", "seen", "--geometry", "square")
    assert answer.code != 0
    assert answer.err.strip().endswith("--geometry 'square' is unknown; write imagenet-c or whole")
