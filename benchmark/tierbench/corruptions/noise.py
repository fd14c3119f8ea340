"""The noise corruptions: gaussian, shot, impulse and speckle."""

from __future__ import annotations

import numpy as np

from tierbench.corruptions.pixels import Floats, Parameters, Pixels, truncate


def gaussian_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add normal noise with the same spread everywhere, like a sensor in low light."""
    (sigma,) = p
    noise = _normal(rng, pixels.shape)
    noise *= sigma * 255
    noise += pixels
    return truncate(noise)


def shot_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Replace each value by a Poisson number of photons; white is `count` photons on average."""
    (count,) = p
    levels = np.arange(256) * (count / 255)
    photons = rng.poisson(levels.take(pixels))
    # In integers, so that rounding does not lose a whole grey level.
    photons *= 255
    photons //= int(count)
    result: Pixels = np.minimum(photons, 255).astype(np.uint8)
    return result


def impulse_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Set random values to black or white, half of `amount` each, independently in each channel."""
    (amount,) = p
    draw = rng.random(pixels.shape, dtype=np.float32)
    result = pixels.copy()
    result[draw < amount / 2] = 0
    result[draw >= 1 - amount / 2] = 255
    return result


def speckle_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add normal noise that is proportional to the value."""
    (sigma,) = p
    factor = _normal(rng, pixels.shape)
    factor *= sigma
    factor += 1
    factor *= pixels
    return truncate(factor)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)
