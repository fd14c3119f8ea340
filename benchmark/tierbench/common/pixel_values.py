"""Convert pixels of more than 8 bits, and floats, to the 8 bits that models see; refuse what no rule fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# By what share of its range a picture may overshoot it; resampling and sharpening do.
_OVERSHOOT = 0.05
# The brightest value of a float picture from 0 to 255 is at least this; below, it may be anything.
_LEAST_OF_255 = 16.0


class PixelValueError(ValueError):
    """Pixel values that cannot be interpreted; the message says why."""


def to_8_bits(image: Image.Image) -> Image.Image:
    """Convert an image of 16 bits, 32 bits or floats to 8-bit grey.

    16-bit values, also in 32-bit integers, are divided by 256; integers up to 255 are left unchanged. Floats run from
    0 to 1 or from 0 to 255. Up to 5 % beyond a range is clipped, and what is not finite becomes black. The value that
    a PNG declares transparent becomes white.

    Raises:
        PixelValueError: if no value is finite, or if the values fit none of these ranges.
    """
    import numpy as np
    from PIL import Image

    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
    else:
        known = np.isfinite(values)
        if not known.any():
            raise PixelValueError("none of its values is a finite number")
        scale = _scale(image.mode, float(values[known].min()), float(values[known].max()))
        grey = np.clip(np.where(known, values, 0) * scale, 0, 255).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey = np.where(values == clear, np.uint8(255), grey)
    return Image.fromarray(grey)


def _scale(mode: str, low: float, top: float) -> float:
    """Return the factor that turns values into 0 to 255."""
    if mode == "F":
        if _within(low, top, 1.0):
            return 255.0
        if _within(low, top, 255.0) and top >= _LEAST_OF_255:
            return 1.0
        ranges = "0 to 1 and 0 to 255"
    else:
        if _within(low, top, 255.0) and top <= 255:
            return 1.0
        if _within(low, top, 65535.0):
            return 1 / 256
        ranges = "0 to 255 and 0 to 65535"
    raise PixelValueError(f"its values run from {low:g} to {top:g}, but only {ranges} can be interpreted")


def _within(low: float, top: float, full: float) -> bool:
    return low >= -_OVERSHOOT * full and top <= (1 + _OVERSHOOT) * full
