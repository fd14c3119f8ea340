"""The photographs that the corruptions are tested on; `tools/published_corruptions.py` uses the same ones."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image

NAMES = ("astronaut", "chelsea", "coffee")
SIDES = {"imagenet_c": 224, "cifar10_c": 32}


def whole_photograph(name: str) -> Image.Image:
    """Return one of scikit-image's photographs as it is; `coffee` and `chelsea` are not square."""
    pixels: npt.NDArray[np.uint8] = getattr(skimage.data, name)()
    return Image.fromarray(pixels)


@functools.cache
def photograph(name: str, side: int) -> npt.NDArray[np.uint8]:
    """Return the middle of one of scikit-image's photographs, [side, side, 3], read-only."""
    image = whole_photograph(name)
    shorter = min(image.size)
    left, top = (image.width - shorter) // 2, (image.height - shorter) // 2
    box = (left, top, left + shorter, top + shorter)
    result = np.array(image.resize((side, side), Image.Resampling.BICUBIC, box=box))
    result.flags.writeable = False
    return result
