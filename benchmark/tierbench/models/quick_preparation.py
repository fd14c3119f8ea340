"""Prepare pictures as the common image processors of transformers do, bit for bit, in a fraction of their time.

They resize with Pillow, crop, rescale and normalise. The last two compute a number from each byte alone: a table of 256
numbers for each channel, made by the image processor itself, holds all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

    Pixels: TypeAlias = Callable[[Image.Image], torch.Tensor]
    # Width and height of a picture → those that it is resized to.
    Resized: TypeAlias = Callable[[tuple[int, int]], tuple[int, int]]

# They do nothing but resize, crop, rescale and normalise, in this order.
_KNOWN = frozenset(
    f"{name}ImageProcessorPil"
    for name in (
        "Bit",
        "Blip",
        "CLIP",
        "ChineseCLIP",
        "ConvNext",
        "DeiT",
        "EfficientNet",
        "MobileNetV1",
        "MobileNetV2",
        "Pvt",
        "Siglip",
        "ViT",
    )
)
# From this size on, the image processor of ConvNeXT resizes without a crop.
_UNCROPPED = 384
# Widths and heights of pictures that are tried: both orientations, and one that is enlarged, or padded by a crop.
_TRIED = ((301, 207), (206, 299), (41, 24))


def quick_preparation(
    processor: Any, options: Mapping[str, bool], plain: Callable[[Image.Image], Any]
) -> Pixels | None:
    """Return a function that makes pixels of an RGB picture, shape [channels, height, width]; it may run in threads.

    Args:
        processor: an image processor with Pillow.
        options: what its call is given beside the picture: `do_resize` and the like.
        plain: makes the same pixels by calling the image processor.

    Returns:
        None if the image processor does something else than resize, crop, rescale and normalise, or if the pixels of
        some pictures that are tried are not the same, bit for bit.
    """
    import numpy as np
    from PIL import Image

    kind = type(processor)
    if kind.__name__ not in _KNOWN or not kind.__module__.startswith("transformers.models."):
        return None
    generator = np.random.default_rng(0)
    try:
        quick = _Quick(processor, options)
        for width, height in _TRIED:
            picture = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
            ours, theirs = quick(picture), plain(picture)
            if ours.dtype != theirs.dtype or not ours.equal(theirs):
                return None
    except Exception:
        # Another release may keep its settings in another way, and has its own errors: it is left to itself.
        return None
    return quick


class _Quick:
    """Resizes and crops with Pillow, then looks up each byte."""

    def __init__(self, processor: Any, options: Mapping[str, bool]) -> None:
        def does(step: str) -> bool:
            return bool(options.get(step, getattr(processor, step, False)))

        if does("do_pad"):
            raise ValueError("it pads")
        self._crops: list[tuple[int, int]] = []
        self._resized: Resized | None = None
        self._resample = int(processor.resample) if does("do_resize") else 0
        if does("do_resize"):
            if type(processor).__name__ == "ConvNextImageProcessorPil":
                self._resize_as_convnext(processor.size["shortest_edge"], processor.crop_pct)
            else:
                self._resize_to(processor.size)
        if does("do_center_crop"):
            self._crops.append((int(processor.crop_size["width"]), int(processor.crop_size["height"])))
        self._table = _table(processor, options)

    def _resize_as_convnext(self, edge: int, crop_pct: float) -> None:
        if edge >= _UNCROPPED:
            self._resized = lambda size: (edge, edge)
        else:
            self._resized = _to_shortest_edge(int(edge / crop_pct))
            self._crops.append((edge, edge))

    def _resize_to(self, size: Any) -> None:
        given = {name: int(value) for name, value in dict(size).items() if value}
        if given.keys() == {"shortest_edge"}:
            self._resized = _to_shortest_edge(given["shortest_edge"])
        else:
            width, height = given["width"], given["height"]
            self._resized = lambda size: (width, height)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        import numpy as np
        import torch

        if self._resized:
            image = image.resize(self._resized(image.size), self._resample)
        for width, height in self._crops:
            # Rounded down, also where they are negative and Pillow fills up with black.
            left, top = (image.width - width) // 2, (image.height - height) // 2
            image = image.crop((left, top, left + width, top + height))
        found = np.asarray(image)
        pixels = np.empty((len(self._table), image.height, image.width), self._table.dtype)
        for channel, numbers in enumerate(self._table):
            # No byte is too large; with another mode, NumPy would write to a copy first.
            np.take(numbers, found[..., channel], out=pixels[channel], mode="clip")
        return torch.from_numpy(pixels)


def _to_shortest_edge(edge: int) -> Resized:
    def resized(size: tuple[int, int]) -> tuple[int, int]:
        width, height = size
        if width <= height:
            return edge, int(edge * height / width)
        return int(edge * width / height), edge

    return resized


def _table(processor: Any, options: Mapping[str, bool]) -> np.ndarray:
    """Return what an image processor makes of each byte: shape [3, 256]."""
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3))
    unchanged = {**options, "do_resize": False, "do_center_crop": False}
    made: np.ndarray = processor(images=[picture], return_tensors="np", **unchanged)["pixel_values"][0]
    return made.reshape(3, 256)
