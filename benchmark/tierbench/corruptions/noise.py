"""Noise of the sensor: gaussian, shot, impulse and speckle."""

from __future__ import annotations

import numpy as np

from tierbench.corruptions.pixels import Floats, Parameters, Pixels, truncate


def gaussian_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add normal noise of one spread everywhere, as of a sensor in low light."""
    (sigma,) = p
    noise = _normal(rng, pixels.shape)
    noise *= sigma * 255
    noise += pixels
    return truncate(noise)


def shot_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Count photons: white is `count` of them on average, and the count follows Poisson."""
    (count,) = p
    levels = np.arange(256) * (count / 255)
    photons = rng.poisson(levels[pixels])
    # In integers, so that a whole grey level is not lost to rounding.
    photons *= 255
    photons //= int(count)
    result: Pixels = np.minimum(photons, 255).astype(np.uint8)
    return result


def impulse_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Set values to black or white, each channel for itself; half of `amount` each."""
    (amount,) = p
    draw = rng.random(pixels.shape, dtype=np.float32)
    result = pixels.copy()
    result[draw < amount / 2] = 0
    result[draw >= 1 - amount / 2] = 255
    return result


def speckle_noise(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add normal noise that grows with the brightness of the value."""
    (sigma,) = p
    factor = _normal(rng, pixels.shape)
    factor *= sigma
    factor += 1
    factor *= pixels
    return truncate(factor)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)
