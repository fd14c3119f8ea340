"""Find out which part of a picture reaches the model, by sending pictures of known values through its preprocessing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

# Left, top, right and bottom, in shares of the width and of the height of a picture.
Box: TypeAlias = tuple[float, float, float, float]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
# By how much a value may differ from that of a picture that was only resized, cropped and padded; a share of the side.
_TOLERANCE = 0.03


def input_box(prepare: Callable[[Image.Image], torch.Tensor], size: tuple[int, int]) -> Box | None:
    """Return what the model's input shows of pictures of a size.

    Processors describe resize, crop and padding in many ways; trying it out holds for all of them. A picture whose
    values rise from left to right, and one whose values rise from top to bottom, tell of each pixel of the input where
    it comes from; a white and a black one undo the normalisation, and agree where the input is padded.

    Args:
        prepare: makes the input of a picture, shape [channels, height, width].
        size: width and height of the pictures.

    Returns:
        The part of the picture; it reaches beyond 0 and 1 where the input is padded. None: the input is no picture, or
        a turned or distorted one.
    """
    import numpy as np
    from PIL import Image

    width, height = size
    black, white = (_pixels(prepare(Image.new("RGB", size, colour))) for colour in ("black", "white"))
    if black is None or white is None or black.shape != white.shape:
        return None
    span = white - black
    shown = np.abs(span).min(axis=0) > np.abs(span).max() / 2
    if not shown.any():
        return None
    sides = []
    for length, axis in ((width, 1), (height, 0)):
        ramp = np.round(255 * np.arange(length) / max(length - 1, 1)).astype(np.uint8)
        grey = np.tile(ramp, (height, 1)) if axis else np.tile(ramp[:, None], (1, width))
        values = _pixels(prepare(Image.merge("RGB", [Image.fromarray(grey)] * 3)))
        if values is None or values.shape != span.shape:
            return None
        shares = np.divide(values - black, span, out=np.zeros_like(span), where=span != 0).mean(axis=0)
        # From the centres of pixels, of which the first has the value 0 and the last 1, to shares of the side.
        place = (shares * max(length - 1, 0) + 0.5) / length
        found = _line(place, shown, axis)
        if found is None:
            return None
        sides.append(found)
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


def _line(place: np.ndarray, shown: np.ndarray, axis: int) -> tuple[float, float] | None:
    """Return where the input begins and ends along an axis; None if places do not rise evenly along it."""
    import numpy as np

    count = place.shape[axis]
    along = (np.arange(count) + 0.5) / count
    position = np.broadcast_to(along if axis else along[:, None], place.shape)
    chosen, at = place[shown], position[shown]
    spread = float(((at - at.mean()) ** 2).sum())
    if not spread:
        return None
    slope = float(((at - at.mean()) * (chosen - chosen.mean())).sum() / spread)
    start = float(chosen.mean() - slope * at.mean())
    if slope <= 0 or float(np.abs(chosen - (start + slope * at)).max()) > _TOLERANCE:
        return None
    return start, start + slope


def _pixels(tensor: torch.Tensor) -> np.ndarray | None:
    """Return the input as an array, shape [channels, height, width]; None if it is no picture."""
    if tensor.ndim != 3 or not tensor.is_floating_point() or min(tensor.shape[1:]) < 2:
        return None
    array: np.ndarray = tensor.double().numpy()
    return array
