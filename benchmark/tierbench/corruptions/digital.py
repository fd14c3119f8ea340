"""The digital corruptions: contrast, elastic transform, pixelate, JPEG compression and saturate."""

from __future__ import annotations

import functools
import io

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import fft

from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Parameters, Pixels, extremes, to_bytes, truncate, unit


def contrast(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Move all values towards the mean of their channel, so that `factor` of the contrast is left."""
    (factor,) = p
    means = opencv().mean(pixels)[:3]
    tables = truncate((np.arange(256)[:, None] - means) * factor + means)
    result: Pixels = opencv().LUT(pixels, tables[None])
    return result


def saturate(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Scale the HSV saturation by `factor` and raise it by `offset`; greys turn red, as published."""
    factor, offset = p
    highest, lowest = extremes(pixels)
    below = highest[..., None] - pixels
    growth = _growth(factor, offset).take(highest * np.uint16(256) + lowest)
    result = highest[..., None] - below * growth[..., None]
    if offset > 0:
        # Grey has hue 0, which is red: green and blue fall by the new saturation.
        grey = highest == lowest
        result[grey, 1:] = highest[grey, None] * np.float32(1 - min(1.0, offset))
    return truncate(result)


@functools.lru_cache(maxsize=16)
def _growth(factor: float, offset: float) -> Floats:
    """Return for every pair of highest and lowest channel the factor by which distances to the highest grow."""
    value = np.arange(256, dtype=np.float32)
    spread = value[:, None] - value
    saturation = spread / np.maximum(value[:, None], 1)
    wanted = np.clip(saturation * factor + offset, 0, 1)
    return np.divide(wanted, saturation, out=np.zeros_like(wanted), where=spread > 0)


def jpeg(pixels: Pixels, quality: int, *, optimize: bool = False) -> Pixels:
    """Write an image as JPEG and read it back."""
    file = io.BytesIO()
    _image(pixels).save(file, "JPEG", quality=quality, optimize=optimize)
    with Image.open(file, formats=["JPEG"]) as image:
        return np.array(image)


def _image(pixels: Pixels) -> Image.Image:
    """Convert as `Image.fromarray` does, in half of the time, without its checks."""
    height, width = pixels.shape[:2]
    return Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)


def jpeg_compression(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Write as JPEG with the given `quality` and read it back."""
    (quality,) = p
    return jpeg(pixels, quality)


def pixelate(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Shrink to `factor` of the size by averaging, then enlarge again without smoothing."""
    (factor,) = p
    height, width = pixels.shape[:2]
    small = (max(1, int(width * factor)), max(1, int(height * factor)))
    shrunk = np.asarray(_image(pixels).resize(small, Image.Resampling.BOX))
    # Columns first, because whole rows are then copied.
    return shrunk.take(_boxes(small[0], width), axis=1).take(_boxes(small[1], height), axis=0)


@functools.lru_cache(maxsize=64)
def _boxes(small: int, large: int) -> npt.NDArray[np.intp]:
    """Return for each pixel of an axis that Pillow's box filter enlarges the index of the pixel that it shows.

    An enlarged pixel always shows exactly one pixel, so enlarging a ramp of indices reveals which one. NEAREST breaks
    ties differently.
    """
    ramp = Image.fromarray(np.arange(small, dtype=np.float32)[None])
    indices: npt.NDArray[np.intp] = np.asarray(ramp.resize((large, 1), Image.Resampling.BOX))[0].astype(np.intp)
    return indices


def elastic_transform(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Tilt the image and stretch it like rubber.

    An affine map moves three points by up to `tilt` pixels each. Then each pixel is displaced by uniform noise that
    is smoothed by `sigma` pixels and multiplied by `alpha`.
    """
    alpha, sigma, tilt = p
    cv2 = opencv()
    height, width = pixels.shape[:2]
    row, column = height // 2, width // 2
    side = max(1, min(height, width) // 3)
    corners = [[row + side, column + side], [row + side, column - side], [row - side, column - side]]
    points = np.array(corners, dtype=np.float32)
    moved = points + rng.uniform(-tilt, tilt, points.shape).astype(np.float32)
    tilted = cv2.warpAffine(
        unit(pixels),
        cv2.getAffineTransform(points, moved),
        (width, height),
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if alpha == 0:
        return to_bytes(tilted)
    rows = np.arange(height, dtype=np.float32)[:, None] + alpha * _rubber(height, width, sigma, rng)
    columns = np.arange(width, dtype=np.float32) + alpha * _rubber(height, width, sigma, rng)
    return to_bytes(cv2.remap(tilted, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def _rubber(height: int, width: int, sigma: float, rng: np.random.Generator) -> Floats:
    """Return uniform noise in -1…1, smoothed with a Gaussian that is cut at 3 σ and mirrored at the borders.

    The cosine transform turns the mirrored convolution into a product, so that a σ wider than the image, which the
    published table has, costs no more than a narrow one.
    """
    noise = rng.random((height, width), dtype=np.float32)
    noise *= 2
    noise -= 1
    spectrum = fft.dctn(noise)
    spectrum *= _response(height, sigma)[:, None]
    spectrum *= _response(width, sigma)
    smoothed: Floats = fft.idctn(spectrum)
    return smoothed


@functools.lru_cache(maxsize=64)
def _response(length: int, sigma: float) -> Floats:
    """Return how much of each cosine of an axis the Gaussian leaves."""
    offsets = np.arange(1, int(3 * sigma + 0.5) + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    waves = np.cos(np.pi / length * np.outer(np.arange(length), offsets))
    factors: Floats = ((1 + 2 * (waves @ weights)) / (1 + 2 * weights.sum())).astype(np.float32)
    return factors
