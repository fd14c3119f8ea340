"""Between the pictures that callers hold and the arrays that corruptions work on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
"""uint8, [height, width, 3], RGB."""
Floats = npt.NDArray[np.float32]
"""float32, RGB in [0, 1] where it holds a picture."""
Parameters = Sequence[Any]
"""One row of a parameter table: the numbers of one severity, in the published order."""

# A thousandth of a grey level: float32 puts 100 at 99.99999, which truncation would turn into 99.
_ROUNDING = 1 / 1024


def unit(pixels: Pixels) -> Floats:
    """Turn bytes into fractions of white."""
    return pixels * np.float32(1 / 255)


def to_bytes(fractions: npt.NDArray[Any]) -> Pixels:
    """Turn fractions of white into bytes as the published sets did: clipped, then truncated."""
    return truncate(fractions * np.float32(255))


def truncate(levels: npt.NDArray[Any]) -> Pixels:
    """Turn grey levels in 0…255 into bytes: clipped, then truncated; `levels` is used up."""
    levels += _ROUNDING
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)


def from_image(image: Image.Image) -> Pixels:
    """Read a PIL image as RGB; what is transparent is laid on white.

    Raises:
        ValueError: if the mode has more than 8 bits a channel: Pillow would clip it without a word.
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
    """Check that an array is a picture, and return it read-only.

    Raises:
        ValueError: if it is not uint8 of shape [height, width, 3].
    """
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        shape = list(array.shape)
        raise ValueError(f"an array must be uint8 of shape [height, width, 3], got {array.dtype} of {shape}")
    pixels = np.ascontiguousarray(array).view()
    # What comes from an image is read-only too: no corruption may write into what it was given.
    pixels.flags.writeable = False
    return pixels
