"""`corrupt`: apply one corruption to one image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from tierbench.corruptions.digital import jpeg
from tierbench.corruptions.names import SEEDLESS
from tierbench.corruptions.pixels import Parameters, Pixels, from_array, from_image
from tierbench.corruptions.registry import Corruption
from tierbench.corruptions.tables import find_corruption

_Picture = TypeVar("_Picture", Image.Image, npt.NDArray[np.uint8])

_IDLE: Final = np.random.default_rng(0)  # for corruptions that draw nothing


def corrupt(
    image: _Picture,
    name: str,
    severity: int,
    *,
    seed: int | Sequence[int],
    variant: str = "imagenet_c",
    jpeg85: bool = False,
    frost_textures: Path | str | None = None,
) -> _Picture:
    """Corrupt an image as ImageNet-C or CIFAR-10-C does (Hendrycks & Dietterich 2019).

    The parameters are in pixels: `imagenet_c` is made for images of 224 px, to which `fitted` brings an image, and
    `cifar10_c` for 32 px. Images of other sizes can be corrupted too, but then the severity is not the published one.

    The same arguments give the same bytes, in any thread and process, on the same machine with the same library
    versions. Only `frost` differs from the published set by design: its textures are generated, unless
    `frost_textures` names a folder with the originals.

    Args:
        image: a PIL image, or a uint8 array of shape [height, width, 3], RGB. It is not changed.
        name: a registered corruption: one of `ALL_CORRUPTIONS`, or one of another package. Those in
            `OWN_CORRUPTIONS` are not part of the published set.
        severity: 1 to 5.
        seed: the source of all randomness of this call; the corruptions in `SEEDLESS` ignore it. See `derive_seed`
            for one that depends on the case.
        variant: the published table of parameters, `imagenet_c` or `cifar10_c`.
        jpeg85: whether to write the result as JPEG of quality 85 and read it back, like the released files of
            ImageNet-C. CIFAR-10-C was released without compression.
        frost_textures: a folder with the textures of `frost`.

    Returns:
        An RGB image, or an array if `image` is one; the size is that of `image`.

    Raises:
        ValueError: for an unknown name, severity or variant, a negative seed, an empty image, an array that is not
            a uint8 RGB image, or an image without 8-bit colours; and if the corruption of another package does not
            return an image of the same size.
        TypeError: if `image` is neither an image nor an array, or `seed` is not made of integers.
        ImportError: if OpenCV is not installed.
        UserError: if the corruption of another package cannot be loaded.

    >>> from PIL import Image
    >>> grey = Image.new("RGB", (32, 32), "grey")
    >>> corrupt(grey, "brightness", 3, seed=0, variant="cifar10_c").getpixel((0, 0))
    (166, 166, 166)
    """
    corruption = find_corruption(name)
    numbers = corruption.at(severity, variant)
    given = {"variant": variant, "frost_textures": frost_textures}
    if isinstance(image, Image.Image):
        return Image.fromarray(_apply(from_image(image), corruption, numbers, seed, given, jpeg85))
    if isinstance(image, np.ndarray):
        return _apply(from_array(image), corruption, numbers, seed, given, jpeg85)
    raise TypeError(f"image must be a PIL image or an array, got {type(image).__name__}")


def _apply(
    pixels: Pixels,
    corruption: Corruption,
    numbers: Parameters,
    seed: int | Sequence[int],
    given: Mapping[str, object],
    jpeg85: bool,
) -> Pixels:
    if pixels.size == 0:
        raise ValueError("an empty image cannot be corrupted")
    further = {keyword: given[keyword] for keyword in corruption.takes}
    result = corruption.function(pixels, numbers, _generator(seed, corruption.name), **further)
    if getattr(result, "dtype", None) != np.uint8 or result.shape != pixels.shape:
        wanted, got = f"a uint8 array of shape {list(pixels.shape)}", _shown(result)
        raise ValueError(f"{corruption.name} must return {wanted}, got {got}")
    return jpeg(result, 85, optimize=True) if jpeg85 else result


def _generator(seed: int | Sequence[int] | None, name: str) -> np.random.Generator:
    if seed is None:
        raise TypeError("seed must be an integer or a sequence of them: without a seed, results cannot be reproduced")
    if name in SEEDLESS and isinstance(seed, int) and seed >= 0:
        # Creating a generator takes a tenth of the time of the fastest corruptions. The shared one is only for built-in
        # corruptions, which are known to draw nothing: with any draw, results would depend on the order of the calls.
        return _IDLE
    return np.random.default_rng(seed)


def _shown(result: object) -> str:
    if isinstance(result, np.ndarray):
        return f"{result.dtype} of {list(result.shape)}"
    return type(result).__name__


def derive_seed(*parts: str | int) -> int:
    """Derive a seed from everything that identifies a result, such as case id, corruption and severity.

    Unlike `hash()`, it is the same on every machine and in every version of Python.

    >>> derive_seed("vehicles/sedan_day", "fog", 3) == derive_seed("vehicles/sedan_day", "fog", 3)
    True
    """
    text = "\0".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
