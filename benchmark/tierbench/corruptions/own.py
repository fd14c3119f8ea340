"""Rain and low light: this project's own corruptions, which are not part of any published set."""

from __future__ import annotations

import numpy as np

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.motion import line_blur
from tierbench.corruptions.pixels import Parameters, Pixels, to_bytes, unit

_STREAK = np.array([0.85, 0.9, 0.95], dtype=np.float32)
_GAMMA = 2.2
# As little light as this is black as well; the power of zero takes many times as long.
_BLACK = np.float32(1e-9)


def rain(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Add rain, slanted by up to 20 degrees.

    The share `density` of the pixels starts a streak of about 2·`radius` pixels with the opacity `strength`. Grey air
    replaces the share `veil` of the image.
    """
    density, radius, strength, veil = p
    height, width = pixels.shape[:2]
    # Streaks also enter from outside: without this margin, `line_blur` would stretch the drops on the border.
    steps = 2 * radius + 1
    around = (height + 2 * steps, width + 2 * steps)
    drops = (rng.random(around, dtype=np.float32) < density).astype(np.float32)
    # Drops near the camera are brighter than distant ones.
    drops *= rng.uniform(0.3, 1.0, around).astype(np.float32)
    streaks = smooth(line_blur(drops, radius, radius, -90 + rng.uniform(-20, 20)), 0.5)
    streaks = streaks[steps:-steps, steps:-steps]
    # Divide by the weight of the first step, so that a streak starts with the brightness of its drop.
    streaks *= np.exp(-(np.arange(steps) ** 2) / (2 * radius**2)).sum()
    cover = np.minimum(streaks, 1) * np.float32(strength)
    picture = unit(pixels)
    air = np.float32(0.75 * picture.mean())
    picture += (air - picture) * np.float32(veil)
    picture += (_STREAK - picture) * cover[..., None]
    return to_bytes(picture)


def low_light(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Simulate too little light.

    The share `exposure` of the light is left, in linear values before the gamma of 2.2. The sensor, which counts
    `photons` for white, adds photon noise, and read noise of the share `read` of white, before the gamma.
    """
    exposure, photons, read = p
    light = (np.linspace(0, 1, 256) ** _GAMMA * exposure).astype(np.float32).take(pixels)
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    # Photon noise and read noise are independent, so their variances add. Read noise is relative to the exposure.
    noise *= np.sqrt(light / photons + np.float32((read * exposure) ** 2))
    light += noise
    return to_bytes(np.maximum(light, _BLACK) ** np.float32(1 / _GAMMA))
