"""What stands between a scene and its picture: fog, rain, failing light, and a camera with a real sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from vehicles.parts import Array, Lamp
from vehicles.plate import Plate
from vehicles.scenes import Scene
from vehicles.sky import LUMA

KOSCHMIEDER = 3.912
"""Extinction times visibility at a contrast threshold of 2 % (Koschmieder 1924)."""

FAR = 30000.0
"""How far away the sky is taken to be, for fog in front of it, in metres."""


@dataclass(frozen=True)
class Condition:
    """The air and the light: visibility in metres, illuminance in lux (None: the scene's own), rain in mm/h.

    `meter` says what the photographer exposes for: the whole picture, or the vehicle.
    """

    visibility: float | None = None
    illuminance: float | None = None
    rain: float = 0.0
    meter: str = "scene"
    exposure: float = 0.0


@dataclass(frozen=True)
class Sensor:
    """A small camera: pixels of 3 µm behind an f/2 lens, photon noise, read noise, a limited shutter and gain."""

    f_number: float = 2.0
    longest: float = 1 / 15
    electrons_per_lux_second: float = 18400.0
    read_noise: float = 1.6
    full_well: float = 9000.0
    faintest_white: float = 9.0

    def expose(self, radiance: Array, wanted: float, rng: np.random.Generator) -> Array:
        """Linear picture values, with noise, of luminances in kcd/m²; `wanted` kcd/m² should come out as 1."""
        per_second = np.pi / (4 * self.f_number**2) * 1000 * self.electrons_per_lux_second
        shutter = min(self.longest, self.full_well / (per_second * wanted))
        white = max(per_second * shutter * wanted, self.faintest_white)
        electrons = np.clip(radiance, 0, 40 * wanted) * per_second * shutter
        counted = rng.poisson(np.minimum(electrons, 1e7)) + rng.normal(0, self.read_noise, electrons.shape)
        return np.asarray(np.clip(counted, 0, None) / white)


def picture(
    scene: Scene, plate: Plate, condition: Condition, seed: int, exposed_for: tuple[Scene, Plate] | None = None
) -> Image.Image:
    """The photograph that a camera takes of a scene under a condition.

    `exposed_for` is the scene by which the camera was set, if it is another one: the vehicle may have left since.
    """
    rng = np.random.default_rng(seed)
    radiance = arriving(scene, plate, condition, rng)
    metered_on, metered_plate = radiance, plate
    if exposed_for:
        metered_on, metered_plate = arriving(*exposed_for, condition, np.random.default_rng(seed)), exposed_for[1]
    wanted = metered(metered_on, metered_plate.vehicle, condition.meter) * 2.0**-condition.exposure
    return develop(Sensor().expose(radiance, wanted, rng))


def arriving(scene: Scene, plate: Plate, condition: Condition, rng: np.random.Generator) -> Array:
    """The light that reaches the camera through the air of a condition, in kcd/m²."""
    radiance = plate.radiance
    if condition.visibility:
        radiance = fog(scene, radiance, plate.depth, plate.solid, condition.visibility)
    if condition.rain:
        radiance = rain(scene, radiance, condition.rain, rng)
    if condition.illuminance:
        radiance = radiance * (condition.illuminance / scene.illuminance())
    return radiance


def airlight(scene: Scene) -> Array:
    """Luminance of endless fog, in kcd/m²: what diffuse light from all sides makes of a white scatterer."""
    if scene.sky.kind != "day":
        return np.full(3, 2e-5)
    level = 0.22 * scene.illuminance_at(np.zeros(3), np.array([0.0, 0.0, 1.0]))
    image = scene.sky.image(96)
    low = image[28:48].mean(axis=(0, 1))  # the sky's lower third, all round
    tint = 0.5 + 0.5 * low / float(low @ LUMA)
    return np.asarray(level * tint)


def fog(scene: Scene, radiance: Array, depth: Array, solid: Array, visibility: float) -> Array:
    """Koschmieder's law per pixel, and the light of lamps scattered once towards the camera."""
    extinction = KOSCHMIEDER / visibility
    through = solid * np.exp(-extinction * depth) + (1 - solid) * np.exp(-extinction * FAR)
    result = radiance * through[..., None] + airlight(scene) * (1 - through[..., None])
    reach = np.where(solid > 0.5, depth, FAR)
    for lamp in scene.lamps_on():
        result = result + scattered(scene, lamp, reach, extinction)
    return np.asarray(result)


def scattered(scene: Scene, lamp: Lamp, reach: Array, extinction: float, steps: int = 90) -> Array:
    """Single scattering of one lamp along every view ray, isotropic, with the lamp's beam, in kcd/m²."""
    eye = np.array(scene.camera.eye)
    rays = scene.camera.rays()
    source, direction = np.array(lamp.position), np.array(lamp.direction)
    nearest = np.clip((source - eye) @ rays.reshape(-1, 3).T, 0.1, None).reshape(reach.shape)
    total = np.zeros(reach.shape)
    offsets = np.sinh(np.linspace(-4.5, 4.5, steps))
    offsets *= 40 / offsets[-1]
    widths = np.gradient(offsets)
    for offset, width in zip(offsets, widths, strict=True):
        along = nearest + offset
        valid = (along > 0) & (along < reach)
        away = eye + rays * along[..., None] - source
        distance = np.maximum(np.linalg.norm(away, axis=-1), 0.12)
        angle = np.degrees(np.arccos(np.clip(away @ direction / distance, -1, 1)))
        beam = np.clip((lamp.beam - angle) / (0.65 * lamp.beam), 0, 1) + 0.012
        light = lamp.candela / 1000 * beam / distance**2 * np.exp(-extinction * (distance + np.abs(along)))
        total += np.where(valid, light * width, 0)
    return np.asarray(total[..., None] * np.array(lamp.color) * extinction / (4 * np.pi))


def rain(scene: Scene, radiance: Array, rate: float, rng: np.random.Generator) -> Array:
    """Streaks of falling drops near the camera; their number grows with the rate as Marshall and Palmer say."""
    height, width, _ = radiance.shape
    scale = 3
    sheet = Image.new("L", (width * scale, height * scale))
    draw = ImageDraw.Draw(sheet)
    slant = rng.normal(0.10, 0.03)
    for _ in range(int(95 * rate**0.63)):
        distance = rng.uniform(0.35, 1.0)
        length = scale * 26 / distance * rng.uniform(0.5, 1.0)
        x, y = rng.uniform(0, width * scale), rng.uniform(-60, height * scale)
        tone = int(rng.uniform(25, 80) * (0.5 + 0.5 / distance / 2.9))
        draw.line([(x, y), (x + slant * length, y + length)], fill=tone, width=max(1, int(scale * 0.42 / distance)))
    soft = sheet.filter(ImageFilter.GaussianBlur(scale * 0.5)).resize((width, height), Image.Resampling.BOX)
    share = np.asarray(soft, dtype=np.float64)[..., None] / 255
    return np.asarray(radiance * (1 - 0.8 * share) + 1.5 * airlight(scene) * share)


def metered(radiance: Array, vehicle: Array, meter: str) -> float:
    """The luminance that the exposure turns into white, from the scene's or the vehicle's light."""
    y = radiance @ LUMA
    high = float(np.percentile(y, 97))
    if meter == "vehicle":
        own = y[vehicle > 0.5] if (vehicle > 0.5).sum() > 30 else y.ravel()
        return float(max(np.mean(own) * 3.2, np.percentile(own, 92) * 0.9))
    middle = float(np.exp(np.mean(np.log(np.maximum(y, high * 1e-3)))))
    return max(middle * 3.4, high * 0.72)


def develop(linear: Array) -> Image.Image:
    """Linear values to an sRGB picture, through a film-like curve with a soft shoulder (ACES, as Narkowicz fits it)."""
    x = np.asarray(linear) * 0.66
    curve = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    encoded: NDArray[np.float64] = np.where(curve < 0.0031308, 12.92 * curve, 1.055 * curve ** (1 / 2.4) - 0.055)
    return Image.fromarray((encoded * 255 + 0.5).astype(np.uint8))
