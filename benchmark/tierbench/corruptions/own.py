"""Rain and low light: this project's own corruptions, not of any published set."""

from __future__ import annotations

import numpy as np

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.motion import line_blur
from tierbench.corruptions.pixels import Parameters, Pixels, to_bytes, unit

_STREAK = np.array([0.85, 0.9, 0.95], dtype=np.float32)
_GAMMA = 2.2


def rain(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Let it rain, slanted by up to 20 degrees.

    `density` of the pixels start a streak of about 2·`radius` pixels, `strength` opaque; `veil` of the
    picture is lost to grey air and wet gloom.
    """
    density, radius, strength, veil = p
    height, width = pixels.shape[:2]
    # Streaks also come in from outside: beyond the border `line_blur` would draw out what lies on it.
    steps = 2 * radius + 1
    around = (height + 2 * steps, width + 2 * steps)
    drops = (rng.random(around, dtype=np.float32) < density).astype(np.float32)
    # Near drops are brighter than far ones.
    drops *= rng.uniform(0.3, 1.0, around).astype(np.float32)
    streaks = smooth(line_blur(drops, radius, radius, -90 + rng.uniform(-20, 20)), 0.5)
    streaks = streaks[steps:-steps, steps:-steps]
    # Divide by the weight of the first step, so that a streak starts at its drop's own brightness.
    streaks *= np.exp(-(np.arange(steps) ** 2) / (2 * radius**2)).sum()
    cover = np.minimum(streaks, 1) * np.float32(strength)
    picture = unit(pixels)
    air = np.float32(0.75 * picture.mean())
    picture += (air - picture) * np.float32(veil)
    picture += (_STREAK - picture) * cover[..., None]
    return to_bytes(picture)


def low_light(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Take the picture with too little light.

    `exposure` of the light is left (linear, before the gamma of 2.2); the sensor, which would count `photons`
    for white, adds photon noise, and read noise of `read` of white before the gain of the gamma.
    """
    exposure, photons, read = p
    light = (np.linspace(0, 1, 256) ** _GAMMA * exposure).astype(np.float32)[pixels]
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    # Photon and read noise are independent: their variances add. Reading is relative to the exposure left.
    noise *= np.sqrt(light / photons + np.float32((read * exposure) ** 2))
    light += noise
    return to_bytes(np.maximum(light, 0) ** np.float32(1 / _GAMMA))
