"""Figures of a picture itself, whatever it shows: brightness, contrast, sharpness, colourfulness, size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
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
    red, green, blue = (np.asarray(band) for band in image.split())
    both = np.add(red, green, dtype=np.int16)
    opponents = _moments(np.subtract(red, green, dtype=np.int16)), _moments(both - 2 * blue.astype(np.int16))
    # The second is of twice the colour.
    deviation = math.hypot(opponents[0][1], opponents[1][1] / 2)
    mean = math.hypot(opponents[0][0], opponents[1][0] / 2)
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    brightness, contrast = _moments(luma)
    return PictureFigures(
        brightness=brightness / 255,
        contrast=contrast / 255,
        sharpness=_moments(laplacian)[1] ** 2 if laplacian.size else 0.0,
        colourfulness=deviation + 0.3 * mean,
        megapixels=megapixels,
    )


def _moments(values: NDArray[np.int16]) -> tuple[float, float]:
    """Return mean and standard deviation of values, shape [height, width], in a third of the time that NumPy takes."""
    import numpy as np

    rows = values.astype(np.float32)
    # The sums of a row are exact in float32, those of all rows in float64.
    mean = float(rows.sum(axis=1).sum(dtype=np.float64)) / rows.size
    rows -= round(mean)
    squares = float(np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64))
    return mean, math.sqrt(max(0.0, squares / rows.size - (mean - round(mean)) ** 2))
