"""The geometry of a sweep: which part of a picture is corrupted, and at which size."""

from __future__ import annotations

from PIL import Image

from tierbench.corruptions.names import GEOMETRIES

_EDGE, _CROP = 256, 224
# A thin strip would become millions of pixels long, although only its middle is used.
_LONGEST = 16


def fitted(image: Image.Image, geometry: str = "imagenet-c", variant: str = "imagenet_c") -> Image.Image:
    """Bring an image to the size at which it is corrupted.

    Args:
        image: any image.
        geometry: `imagenet-c`, the published one: the shortest edge is resized to 256 px, and the central square of
            224 px is cropped, like torchvision's `Resize(256)` and `CenterCrop(224)` on a PIL image. `whole`: the
            whole picture, of which only the shortest edge is resized to 256 px if it is longer.
        variant: the table of parameters. For the 32-px table `cifar10_c`, the image is returned unchanged.

    Raises:
        ValueError: for an unknown geometry.
    """
    if geometry not in GEOMETRIES:
        raise ValueError(f"unknown geometry {geometry!r}; choose one of {', '.join(GEOMETRIES)}")
    if variant != "imagenet_c":
        return image
    if geometry == "whole":
        return image if min(image.size) <= _EDGE else _resized(image)
    return _centre(_resized(_centre(image, _LONGEST * min(image.size))), _CROP)


def _resized(image: Image.Image) -> Image.Image:
    shortest = min(image.size)
    if shortest == _EDGE:
        return image
    # Truncated as in torchvision.
    width, height = (int(_EDGE * side / shortest) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _centre(image: Image.Image, most: int) -> Image.Image:
    """Crop what exceeds `most` pixels on both sides."""
    if max(image.size) <= most:
        return image
    width, height = (min(side, most) for side in image.size)
    # Python's rounding, as in torchvision: half a pixel goes to the even side.
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
