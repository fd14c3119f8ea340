"""The light of the sky in photometric units: Preetham's daylight with clouds, starlight, darkness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Sky:
    """A sky: where the sun stands (degrees), how hazy it is, how much cloud; `kind` is day, space or night."""

    kind: str = "day"
    sun_azimuth: float = 40.0
    sun_elevation: float = 45.0
    turbidity: float = 3.0
    cloud: float = 0.4
    seed: int = 0
    key_lux: float = 60000.0

    @property
    def sun_direction(self) -> Array:
        """Unit vector towards the sun."""
        a, e = np.radians(self.sun_azimuth), np.radians(self.sun_elevation)
        return np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])

    def sun(self) -> Array:
        """The sun's illuminance on a surface that faces it, in klx, as RGB; overcast hides it."""
        if self.kind == "space":
            return np.array([1.0, 1.0, 1.0]) * self.key_lux / 1000
        if self.kind == "night" or self.cloud >= 1:
            return np.zeros(3)
        s = max(np.sin(np.radians(self.sun_elevation)), 0.02)
        air_mass = 1 / (s + 0.15 * (self.sun_elevation + 3.885) ** -1.253)
        depth = 0.04 * self.turbidity * air_mass * np.array([0.75, 1.0, 1.45]) + 0.06 * air_mass * np.array([0.5, 1, 2])
        return np.asarray(128.0 * np.exp(-depth))

    def image(self, height: int = 1536) -> Array:
        """The sky as a latitude-longitude picture, luminance in kcd/m²."""
        width = 2 * height
        v, u = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
        theta, azimuth = v * np.pi, u * 2 * np.pi
        directions = np.stack(
            [np.sin(theta) * np.sin(azimuth), np.sin(theta) * np.cos(azimuth), np.cos(theta)], axis=-1
        )
        if self.kind == "day":
            return self._day(directions)
        rng = np.random.default_rng(self.seed)
        picture = np.full((height, width, 3), 1e-5)
        if self.kind == "space":
            stars = rng.random((height, width)) < 0.0022
            picture[stars] = rng.exponential(2.5, (int(stars.sum()), 1)) * rng.uniform(0.8, 1.0, (int(stars.sum()), 3))
            return picture
        up = np.clip(directions[..., 2:], 0, 1)
        return np.asarray(
            picture + np.array([2.0, 2.2, 3.2]) * 1e-6 + np.array([5.0, 3.4, 2.2]) * 4e-6 * np.exp(-6 * up)
        )

    def _day(self, directions: Array) -> Array:
        up = np.clip(directions[..., 2], 0.015, 1.0)
        toward_sun = np.clip(directions @ self.sun_direction, -1, 1)
        picture = preetham(up, toward_sun, np.radians(90 - self.sun_elevation), self.turbidity)
        density = self._cloud_density(directions)
        edge = 1 + 1.6 * np.exp(-4 * np.arccos(toward_sun)) * (1 - density)
        sunlight = self.sun() + 18.0 * np.sin(np.radians(max(self.sun_elevation, 4)))
        if self.cloud >= 1:
            sunlight = np.full(3, 45.0 * np.sin(np.radians(max(self.sun_elevation, 8))))
        lit = sunlight * ((0.40 - 0.20 * density) * edge)[..., None]
        cover = np.clip(density * 1.6, 0, 1) * np.clip((directions[..., 2] - 0.01) / 0.10, 0, 1)
        if self.cloud >= 1:
            cover = np.ones_like(cover)
        picture = picture * (1 - cover[..., None]) + lit * cover[..., None]
        ground = directions[..., 2] < -0.01
        picture[ground] = picture[~ground].mean(axis=0) * np.array([0.28, 0.27, 0.25])
        return np.asarray(picture)

    def _cloud_density(self, directions: Array) -> Array:
        up = np.maximum(directions[..., 2], 0.02) + 0.08
        x, y = directions[..., 0] / up * 1.1 + 31.7, directions[..., 1] / up * 1.1 + 17.3
        noise = fractal_noise(x, y, self.seed, octaves=8)
        threshold = 0.62 - 0.32 * self.cloud
        return np.clip((noise - threshold) / 0.22, 0, 1)


def fractal_noise(x: Array, y: Array, seed: int, octaves: int = 5) -> Array:
    """Smooth noise between 0 and 1 with detail at every scale."""
    rng = np.random.default_rng(seed)
    total, weight = np.zeros(x.shape), 0.0
    for octave in range(octaves):
        lattice = rng.random((64, 64))
        px, py = x * 2**octave, y * 2**octave
        i, j = np.floor(px).astype(int), np.floor(py).astype(int)
        fx, fy = px - i, py - j
        fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
        a, b = lattice[i % 64, j % 64], lattice[(i + 1) % 64, j % 64]
        c, d = lattice[i % 64, (j + 1) % 64], lattice[(i + 1) % 64, (j + 1) % 64]
        total += 0.5**octave * ((a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy)
        weight += 0.5**octave
    return total / weight


def preetham(up: Array, toward_sun: Array, sun_zenith: float, turbidity: float) -> Array:
    """Clear-sky luminance in kcd/m² as linear sRGB (Preetham, Shirley, Smits 1999, appendix A)."""
    t, th = turbidity, sun_zenith
    gamma = np.arccos(toward_sun)

    def perez(a: float, b: float, c: float, d: float, e: float) -> Array:
        def f(cos_theta: Array | float, angle: Array | float) -> Array:
            bow = 1 + c * np.exp(d * np.asarray(angle)) + e * np.cos(angle) ** 2
            return np.asarray((1 + a * np.exp(b / np.asarray(cos_theta))) * bow)

        return f(up, gamma) / f(1.0, th)

    zenith = (4.0453 * t - 4.9710) * np.tan((4 / 9 - t / 120) * (np.pi - 2 * th)) - 0.2155 * t + 2.4192
    powers, haze = np.array([th**3, th**2, th, 1]), np.array([t * t, t, 1])
    mx = np.array(
        [[0.00166, -0.00375, 0.00209, 0], [-0.02903, 0.06377, -0.03202, 0.00394], [0.11693, -0.21196, 0.06052, 0.25886]]
    )
    my = np.array(
        [[0.00275, -0.00610, 0.00317, 0], [-0.04214, 0.08970, -0.04153, 0.00516], [0.15346, -0.26756, 0.06670, 0.26688]]
    )
    luminance = zenith * perez(
        0.1787 * t - 1.4630, -0.3554 * t + 0.4275, -0.0227 * t + 5.3251, 0.1206 * t - 2.5771, -0.0670 * t + 0.3703
    )
    cx = (
        haze
        @ mx
        @ powers
        * perez(
            -0.0193 * t - 0.2592, -0.0665 * t + 0.0008, -0.0004 * t + 0.2125, -0.0641 * t - 0.8989, -0.0033 * t + 0.0452
        )
    )
    cy = (
        haze
        @ my
        @ powers
        * perez(
            -0.0167 * t - 0.2608, -0.0950 * t + 0.0092, -0.0079 * t + 0.2102, -0.0441 * t - 1.6537, -0.0109 * t + 0.0529
        )
    )
    xyz = np.stack([cx / cy, np.ones_like(cx), (1 - cx - cy) / cy], axis=-1) * np.maximum(luminance, 0)[..., None]
    return np.asarray(np.clip(xyz @ XYZ_TO_RGB.T, 0, None))
