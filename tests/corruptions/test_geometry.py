"""The part of a picture that is corrupted: ImageNet-C's central square, or the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tierbench.corruptions import corrupt, fitted

from .photographs import whole_photograph

SIZES = [(640, 512), (384, 768), (4000, 257), (451, 300), (299, 641), (256, 256), (255, 900), (40, 32)]


def by_hand(picture: Image.Image) -> Image.Image:
    """Do what torchvision's Resize(256) and CenterCrop(224) do on a PIL image."""
    width, height = picture.size
    if width <= height:
        picture = picture.resize((256, int(256 * height / width)), Image.Resampling.BILINEAR)
    else:
        picture = picture.resize((int(256 * width / height), 256), Image.Resampling.BILINEAR)
    top, left = round((picture.height - 224) / 2.0), round((picture.width - 224) / 2.0)
    return Image.fromarray(np.asarray(picture)[top : top + 224, left : left + 224])


@pytest.mark.parametrize("size", SIZES)
def test_the_published_geometry_is_resize_256_and_centre_crop_224(size: tuple[int, int]) -> None:
    picture = whole_photograph("coffee").resize(size)
    assert fitted(picture) == by_hand(picture)
    assert fitted(picture, "imagenet-c").size == (224, 224)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 512), (320, 256)),
        ((384, 768), (256, 512)),
        ((4000, 257), (3984, 256)),
        ((451, 300), (384, 256)),
        # Smaller pictures are not enlarged.
        ((256, 256), (256, 256)),
        ((255, 900), (255, 900)),
        ((40, 32), (40, 32)),
    ],
)
def test_whole_pictures_are_resized_to_a_shortest_edge_of_256(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(Image.new("RGB", size), "whole").size == expected


@pytest.mark.parametrize("geometry", ["imagenet-c", "whole"])
@pytest.mark.parametrize("size", SIZES)
def test_pictures_for_the_32_px_table_are_unchanged(size: tuple[int, int], geometry: str) -> None:
    picture = whole_photograph("coffee").resize(size)
    assert fitted(picture, geometry, "cifar10_c") == picture


def test_a_thin_strip_is_cropped_before_it_is_enlarged() -> None:
    strip = Image.new("RGB", (60_000, 2), "red")
    strip.paste("blue", (29_990, 0, 30_010, 2))
    assert fitted(strip) == Image.new("RGB", (224, 224), "blue")


def test_an_unknown_geometry_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown geometry 'square'; choose one of imagenet-c, whole"):
        fitted(Image.new("RGB", (8, 8)), "square")


def test_fog_over_a_larger_picture_repeats_the_published_map() -> None:
    black = np.zeros((300, 520, 3), dtype=np.uint8)
    black[0, 0] = 255  # the brightest value of the picture scales the fog
    large, small = (corrupt(pixels, "fog", 5, seed=3) for pixels in (black, black[:256, :256]))
    assert np.array_equal(large[1:256, :256], small[1:])
    assert np.array_equal(large[1:256, 256:512], small[1:])
    assert np.array_equal(large[257:], np.tile(small, (2, 3, 1))[257:300, :520])
    # A smaller picture has the same fog, cut.
    part = corrupt(black[:224, :224], "fog", 5, seed=3)
    assert np.array_equal(part[1:], small[1:224, :224])


def test_fog_of_the_32_px_table_has_the_size_of_the_picture() -> None:
    picture = np.full((32, 32, 3), 128, dtype=np.uint8)
    whole, part = (corrupt(pixels, "fog", 5, seed=3, variant="cifar10_c") for pixels in (picture, picture[:16, :16]))
    assert not np.array_equal(whole[:16, :16], part)
