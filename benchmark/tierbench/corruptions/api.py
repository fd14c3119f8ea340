"""`corrupt`: one picture, one corruption, one severity, one seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from tierbench.corruptions import blur, digital, noise, own, weather
from tierbench.corruptions.frost_textures import draw_texture
from tierbench.corruptions.names import SEEDLESS
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Parameters, Pixels, from_array, from_image
from tierbench.corruptions.tables import parameters

_Corruption = Callable[[Pixels, Parameters, np.random.Generator], Pixels]
_Picture = TypeVar("_Picture", Image.Image, npt.NDArray[np.uint8])

# frost is not among them: it alone needs more than its parameters.
_CORRUPTIONS: Final[Mapping[str, _Corruption]] = MappingProxyType(
    {
        "gaussian_noise": noise.gaussian_noise,
        "shot_noise": noise.shot_noise,
        "impulse_noise": noise.impulse_noise,
        "speckle_noise": noise.speckle_noise,
        "defocus_blur": blur.defocus_blur,
        "glass_blur": blur.glass_blur,
        "motion_blur": blur.motion_blur,
        "zoom_blur": blur.zoom_blur,
        "gaussian_blur": blur.gaussian_blur,
        "snow": weather.snow,
        "fog": weather.fog,
        "brightness": weather.brightness,
        "spatter": weather.spatter,
        "contrast": digital.contrast,
        "elastic_transform": digital.elastic_transform,
        "pixelate": digital.pixelate,
        "jpeg_compression": digital.jpeg_compression,
        "saturate": digital.saturate,
        "rain": own.rain,
        "low_light": own.low_light,
    }
)
_IDLE: Final = np.random.default_rng(0)  # nothing is ever drawn from it
# The 32-px set draws its frost from textures at a fifth of their size.
_FROST_SCALE: Final = MappingProxyType({"imagenet_c": 1.0, "cifar10_c": 0.2})


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
    """Corrupt a picture as ImageNet-C or CIFAR-10-C does (Hendrycks & Dietterich 2019).

    The parameters count in pixels: `imagenet_c` is made for pictures of 224 px, `cifar10_c` for 32 px. A
    picture of another size is corrupted all the same, but then the severity is not the published one.

    The same arguments give the same bytes, in any thread and process on the same machine and library
    versions. Only `frost` differs from the published set by design: its textures are drawn by a program,
    unless `frost_textures` names a folder of the originals.

    Args:
        image: a PIL image, or a uint8 array of shape [height, width, 3], RGB. It is not changed.
        name: one of `ALL_CORRUPTIONS`; those in `OWN_CORRUPTIONS` are not of the published set.
        severity: 1 to 5.
        seed: what all randomness of this call follows from; the corruptions in `SEEDLESS` ignore it. See
            `derive_seed` for one that depends on the case.
        variant: which published table of parameters, `imagenet_c` or `cifar10_c`.
        jpeg85: also write the result as JPEG of quality 85 and read it back, as the released ImageNet-C files
            are. CIFAR-10-C is raw.
        frost_textures: a folder with the pictures that `frost` lays over the image.

    Returns:
        What came in: an RGB image or an array, of the same size.

    Raises:
        ValueError: for an unknown name, severity or variant, a negative seed, an empty picture, an array that
            is no uint8 RGB picture, or an image without 8-bit colours.
        TypeError: if `image` is neither an image nor an array, or `seed` is not made of integers.
        ImportError: if OpenCV is not installed.

    >>> from PIL import Image
    >>> grey = Image.new("RGB", (32, 32), "grey")
    >>> corrupt(grey, "brightness", 3, seed=0, variant="cifar10_c").getpixel((0, 0))
    (166, 166, 166)
    """
    numbers = parameters(name, severity, variant)
    if isinstance(image, Image.Image):
        return Image.fromarray(_corrupt(from_image(image), name, numbers, seed, variant, jpeg85, frost_textures))
    if isinstance(image, np.ndarray):
        return _corrupt(from_array(image), name, numbers, seed, variant, jpeg85, frost_textures)
    raise TypeError(f"image must be a PIL image or an array, got {type(image).__name__}")


def _corrupt(
    pixels: Pixels,
    name: str,
    numbers: Parameters,
    seed: int | Sequence[int],
    variant: str,
    jpeg85: bool,
    frost_textures: Path | str | None,
) -> Pixels:
    if pixels.size == 0:
        raise ValueError("an empty picture cannot be corrupted")
    rng = _generator(seed, name)
    if name == "frost":
        texture = _scaled(draw_texture(rng, frost_textures), _FROST_SCALE[variant])
        result = weather.frost(pixels, numbers, rng, texture)
    else:
        result = _CORRUPTIONS[name](pixels, numbers, rng)
    return digital.jpeg(result, 85, optimize=True) if jpeg85 else result


def _generator(seed: int | Sequence[int] | None, name: str) -> np.random.Generator:
    if seed is None:
        raise TypeError("seed must be an integer or a sequence of them: without one no result can be repeated")
    if name in SEEDLESS and isinstance(seed, int) and seed >= 0:
        # Making a generator would take a tenth of the time of the fastest ones.
        return _IDLE
    return np.random.default_rng(seed)


def _scaled(texture: Pixels, factor: float) -> Pixels:
    if factor == 1:
        return texture
    scaled: Pixels = opencv().resize(texture, (0, 0), fx=factor, fy=factor)
    return scaled


def derive_seed(*parts: str | int) -> int:
    """Derive a seed from what identifies a result, such as case id, corruption and severity.

    It is the same on every machine and in every version of Python; `hash()` is not.

    >>> derive_seed("vehicles/sedan_day", "fog", 3) == derive_seed("vehicles/sedan_day", "fog", 3)
    True
    """
    text = "\0".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
