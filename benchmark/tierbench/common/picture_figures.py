"""Figures of a picture itself, whatever it shows: brightness, contrast, sharpness, colourfulness, size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

# Increase this when a figure is computed otherwise, so that kept ones are not mixed with new ones.
FIGURES_VERSION = 1
# Pictures are reduced to a shorter side of one to two times this before they are measured: about what models see, and
# the sharpness of pictures of all sizes is then of the same scale.
_SIDE = 160


class PictureFigures(NamedTuple):
    """Figures of a picture.

    Attributes:
        brightness: mean of the luma (ITU-R BT.601), in [0, 1].
        contrast: its standard deviation, in [0, 0.5] (Peli 1990, J. Opt. Soc. Am. A 7, 2032-2040: RMS contrast).
        sharpness: variance of the Laplacian of the luma in 8 bits (Pech-Pacheco et al. 2000, ICPR 3, 314-317), of the
            reduced picture; 0 for pictures of less than 3 pixels a side.
        colourfulness: as Hasler & Süsstrunk (2003, Proc. SPIE 5007, 87-95) compute it from 8-bit colours: 0 for greys,
            about 100 for very colourful pictures.
        megapixels: width times height of the whole picture, in millions.
    """

    brightness: float
    contrast: float
    sharpness: float
    colourfulness: float
    megapixels: float


def picture_figures(image: Image.Image) -> PictureFigures:
    """Return the figures of an RGB image."""
    import numpy as np

    megapixels = image.width * image.height / 1e6
    image = image.reduce(max(1, min(image.size) // _SIDE))
    luma = np.asarray(image.convert("L"), dtype=np.int16)
    red, green, blue = np.moveaxis(np.asarray(image, dtype=np.int16), 2, 0)
    opponents = red - green, (red + green) / np.float32(2) - blue
    deviation = math.hypot(*(float(each.std(dtype=np.float32)) for each in opponents))
    mean = math.hypot(*(float(each.mean(dtype=np.float32)) for each in opponents))
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return PictureFigures(
        brightness=float(luma.mean(dtype=np.float32)) / 255,
        contrast=float(luma.std(dtype=np.float32)) / 255,
        sharpness=float(laplacian.var(dtype=np.float32)) if laplacian.size else 0.0,
        colourfulness=deviation + 0.3 * mean,
        megapixels=megapixels,
    )
