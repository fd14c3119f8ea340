"""Bilinear zoom into the middle of an image, with the first and last pixels on the borders."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tierbench.corruptions.pixels import Floats


class _Axis(NamedTuple):
    """The positions of the pixels of a zoomed axis between those of the image."""

    lower: npt.NDArray[np.intp]
    upper: npt.NDArray[np.intp]
    fraction: Floats


def centre_zoom(picture: Floats, factor: float) -> Floats:
    """Enlarge the middle of an image to the size of the whole.

    Args:
        picture: [height, width] or [height, width, channels].
        factor: how much to enlarge it, at least 1.

    Returns:
        A new array of the same shape.
    """
    height, width = picture.shape[:2]
    rows, columns = _axis(height, factor), _axis(width, factor)
    result = _between(picture[rows.lower], picture[rows.upper], rows.fraction.reshape(-1, *[1] * (picture.ndim - 1)))
    # The values of a row in one piece: NumPy is slow where its inner loop is the three channels of a pixel.
    flat = result.reshape(height, -1)
    channels = np.arange(flat.shape[1] // width)
    lower, upper = (
        flat.take((side[:, None] * channels.size + channels).ravel(), axis=1) for side in (columns.lower, columns.upper)
    )
    return _between(lower, upper, np.repeat(columns.fraction, channels.size)).reshape(picture.shape)


def _between(lower: Floats, upper: Floats, fraction: Floats) -> Floats:
    """Interpolate between two arrays; both are overwritten."""
    upper -= lower
    upper *= fraction
    lower += upper
    return lower


def _axis(length: int, factor: float) -> _Axis:
    cropped = math.ceil(length / factor)
    start = (length - cropped) // 2
    enlarged = max(length, round(cropped * factor))
    trimmed = (enlarged - length) // 2
    # The published code zooms with SciPy, which puts the first and last pixel on the borders.
    position = np.arange(trimmed, trimmed + length) * ((cropped - 1) / max(1, enlarged - 1))
    lower = np.minimum(position.astype(np.intp), cropped - 1)
    upper = np.minimum(lower + 1, cropped - 1)
    return _Axis(lower + start, upper + start, (position - lower).astype(np.float32))
