"""Blur along a line, like ImageMagick's motion blur; used by motion blur, snow and rain."""

from __future__ import annotations

import math

import numpy as np

from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats


def line_blur(picture: Floats, radius: int, sigma: float, angle: float) -> Floats:
    """Smear an image in one direction along a line.

    The step at distance i has the weight exp(-i²/2σ²) and takes the nearest pixel; the border pixels are repeated
    outwards.

    Args:
        picture: [height, width] or [height, width, channels].
        radius: half of the length of the line, in pixels: there are 2·radius + 1 steps.
        sigma: spread of the weights, in pixels.
        angle: direction in degrees; 0 is to the right, 90 is down.

    Returns:
        A new array of the same shape.
    """
    cv2 = opencv()
    steps = 2 * radius + 1
    weights = np.exp(-(np.arange(steps) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    along, across = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # Several steps can land on the same pixel.
    merged: dict[tuple[int, int], float] = {}
    for step, weight in enumerate(weights.tolist()):
        offset = (math.ceil(step * across - 0.5), math.ceil(step * along - 0.5))
        merged[offset] = merged.get(offset, 0.0) + weight

    down, right = zip(*merged, strict=True)
    top, left = -min(down), -min(right)
    padded = cv2.copyMakeBorder(picture, top, max(down), left, max(right), cv2.BORDER_REPLICATE)
    height, width = picture.shape[:2]
    result = np.zeros(picture.shape, dtype=np.float32)
    for (dy, dx), weight in merged.items():
        shifted = padded[top + dy : top + dy + height, left + dx : left + dx + width]
        cv2.scaleAdd(shifted, weight, result, result)
    return result
