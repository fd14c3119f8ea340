"""The weather corruptions: snow, frost, fog, brightness and spatter."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.frost_textures import draw_texture
from tierbench.corruptions.motion import line_blur
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Parameters, Pixels, extremes, to_bytes, truncate, unit
from tierbench.corruptions.plasma import plasma
from tierbench.corruptions.zoom import centre_zoom

_WATER = np.array([175, 238, 238], dtype=np.float32) / 255  # pale turquoise
_MUD = np.array([63, 42, 20], dtype=np.float32) / 255
# CIFAR-10-C, with its images of 32 px, uses the textures at a fifth of their size.
_FROST_SCALE: Final = MappingProxyType({"imagenet_c": 1.0, "cifar10_c": 0.2})
_FOG_SIDE: Final = MappingProxyType({"imagenet_c": 256, "cifar10_c": 0})


def snow(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add snow: flakes from normal noise, enlarged by `zoom` and smeared, over a paler scene.

    Flakes are where the noise with `mean` and `spread` exceeds `threshold`. The share `kept` of the image stays, the
    rest is whitened. `radius` and `sigma` are those of `line_blur`.
    """
    mean, spread, zoom, threshold, radius, sigma, kept = p
    cv2 = opencv()
    layer = rng.standard_normal(pixels.shape[:2], dtype=np.float32)
    layer *= spread
    layer += mean
    layer = centre_zoom(layer, zoom)
    layer[layer < threshold] = 0
    flakes = to_bytes(layer).astype(np.float32)
    # The published code converts the flakes to 8-bit images before and after the blur.
    flakes = line_blur(flakes, radius, sigma, rng.uniform(-135, -45))
    # ImageMagick truncates as well; see `truncate` for the thousandth of a grey level.
    flakes = truncate(flakes).astype(np.float32)
    flakes /= 255
    flakes += flakes[::-1, ::-1].copy()
    picture = unit(pixels)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    white = np.maximum(picture, grey * np.float32(1.5) + np.float32(0.5))
    white -= picture
    white *= 1 - kept
    picture += white
    picture += flakes[..., None]
    return to_bytes(picture)


def frost(
    pixels: Pixels,
    p: Parameters,
    rng: np.random.Generator,
    *,
    variant: str = "imagenet_c",
    frost_textures: Path | str | None = None,
) -> Pixels:
    """Lay a random piece of a frost texture over the image: `kept` · image + `added` · texture.

    A texture that is smaller than the image is enlarged. `frost_textures` is the folder of `draw_texture`.
    """
    kept, added = p
    cv2 = opencv()
    texture = draw_texture(rng, frost_textures)
    if (scale := _FROST_SCALE[variant]) != 1:
        texture = cv2.resize(texture, (0, 0), fx=scale, fy=scale)
    height, width = pixels.shape[:2]
    factor = max(height / texture.shape[0], width / texture.shape[1])
    if factor > 1:
        size = (max(width, round(texture.shape[1] * factor)), max(height, round(texture.shape[0] * factor)))
        texture = cv2.resize(texture, size, interpolation=cv2.INTER_CUBIC)
    top = int(rng.integers(texture.shape[0] - height + 1))
    left = int(rng.integers(texture.shape[1] - width + 1))
    result: Floats = texture[top : top + height, left : left + width] * np.float32(added)
    result += pixels * np.float32(kept)
    return truncate(result)


def fog(pixels: Pixels, p: Parameters, rng: np.random.Generator, *, variant: str = "imagenet_c") -> Pixels:
    """Add a plasma fractal times `strength`, and scale back to the brightest value of the image.

    `imagenet_c` always draws the published map of 256 px: one of 512 px would be another fog, rougher and of other
    contrast. It is repeated over a larger image.
    """
    strength, decay = p
    height, width = pixels.shape[:2]
    brightest = float(pixels.max()) / 255
    haze = plasma(height, width, decay, rng, _FOG_SIDE[variant])
    haze *= 255 * strength
    result = pixels + haze[..., None]
    result *= brightest / (brightest + strength)
    return truncate(result)


def brightness(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Raise the HSV value, which is the highest channel, by `offset`; hue and saturation stay."""
    (offset,) = p
    highest, _ = extremes(pixels)
    values = np.arange(256)
    raised = np.minimum(values + 255 * offset, 255)
    growth = (raised / np.maximum(values, 1)).astype(np.float32)
    result = pixels * growth.take(highest)[..., None]
    result[highest == 0] = raised[0]
    return truncate(result)


def spatter(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Splash water, or mud if `mud` is 1.

    Drops are where normal noise with `mean` and `spread`, smoothed by `sigma`, exceeds `threshold`. Water is lit along
    its edges with `strength`; mud is opaque and smoothed by `strength`.
    """
    mean, spread, sigma, threshold, strength, mud = p
    layer = rng.standard_normal(pixels.shape[:2], dtype=np.float32)
    layer *= spread
    layer += mean
    layer = smooth(layer, sigma)
    picture = unit(pixels)
    if mud:
        cover = smooth((layer > threshold).astype(np.float32), strength)
        cover[cover < 0.8] = 0
        picture += (_MUD - picture) * cover[..., None]
        return to_bytes(picture)
    layer[layer < threshold] = 0
    drops = _water(to_bytes(layer))
    picture += drops[..., None] * np.float32(strength) * _WATER
    return to_bytes(picture)


def _water(layer: Pixels) -> Floats:
    """Return how bright the drops of a layer are, by the distance to their edges, at most 1.

    The layer is [height, width], 0…255.
    """
    cv2 = opencv()
    edges = cv2.Canny(layer, 50, 150)
    distance = np.minimum(cv2.distanceTransform(255 - edges, cv2.DIST_L2, 5), 20)
    relief = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
    relief = cv2.filter2D(relief, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    drops: Floats = layer * cv2.blur(relief, (3, 3)).astype(np.float32)
    # A tiny image may have no drop.
    return drops / max(float(drops.max()), 1.0)
