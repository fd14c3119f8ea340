"""Conversions between images and the arrays that the corruptions work on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
"""uint8, [height, width, 3], RGB."""
Floats = npt.NDArray[np.float32]
"""float32; RGB in [0, 1] if it is an image."""
Parameters = Sequence[Any]
"""One row of a parameter table: the numbers of one severity, in the published order."""

# A thousandth of a grey level: in float32, 100 can become 99.99999, which would be truncated to 99.
_ROUNDING = 1 / 1024


def unit(pixels: Pixels) -> Floats:
    """Convert bytes to fractions of white."""
    return pixels * np.float32(1 / 255)


def to_bytes(fractions: npt.NDArray[Any]) -> Pixels:
    """Convert fractions of white to bytes like the published sets: clipped, then truncated."""
    return truncate(fractions * np.float32(255))


def truncate(levels: npt.NDArray[Any]) -> Pixels:
    """Convert grey levels in 0…255 to bytes: clipped, then truncated; `levels` is overwritten."""
    levels += _ROUNDING
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)


def extremes(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Return the highest and the lowest channel of each pixel, both of shape [height, width].

    NumPy's `max(axis=2)` takes thirty times as long, because its inner loop is three values long.
    """
    red, green, blue = (pixels[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    return highest, np.minimum(np.minimum(red, green), blue)


def from_image(image: Image.Image) -> Pixels:
    """Convert a PIL image to RGB pixels; transparent areas become white.

    Raises:
        ValueError: if the mode has more than 8 bits per channel, which Pillow would clip silently.
    """
    if image.mode in {"I", "F"} or image.mode.startswith("I;"):
        raise ValueError(f"an image of mode {image.mode!r} has no 8-bit colours: convert it to RGB first")
    if image.mode != "RGB":
        if image.has_transparency_data:
            on_white = Image.new("RGBA", image.size, "white")
            on_white.alpha_composite(image.convert("RGBA"))
            image = on_white
        image = image.convert("RGB")
    return np.asarray(image)


def from_array(array: npt.NDArray[Any]) -> Pixels:
    """Check that an array is an RGB image, and return it read-only.

    Raises:
        ValueError: if it is not uint8 of shape [height, width, 3].
    """
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        shape = list(array.shape)
        raise ValueError(f"an array must be uint8 of shape [height, width, 3], got {array.dtype} of {shape}")
    pixels = np.ascontiguousarray(array).view()
    # The pixels of a PIL image are read-only too: no corruption may change its input.
    pixels.flags.writeable = False
    return pixels
