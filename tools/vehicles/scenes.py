"""A scene: vehicle, setting, sky and a camera that frames the vehicle as a photographer would."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vehicles.parts import Array, Lamp, Model
from vehicles.sky import Sky


@dataclass(frozen=True)
class Camera:
    """Where the camera stands, what it looks at, its horizontal field of view and its picture size."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float
    width: int = 360
    height: int = 320

    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors forward, right and up."""
        forward = np.array(self.target) - np.array(self.eye)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1])
        right /= np.linalg.norm(right)
        return forward, right, np.cross(right, forward)

    def project(self, points: Array) -> Array:
        """Points on the picture: (x, y) in picture widths from the centre, y upwards."""
        forward, right, up = self.axes()
        relative = points - np.array(self.eye)
        ahead = np.maximum(relative @ forward, 1e-3)
        scale = 0.5 / np.tan(np.radians(self.fov / 2))
        return np.stack([relative @ right / ahead * scale, relative @ up / ahead * scale], axis=1)

    def rays(self) -> Array:
        """Unit view directions (height, width, 3) through the pixel centres."""
        forward, right, up = self.axes()
        half = np.tan(np.radians(self.fov / 2))
        x = ((np.arange(self.width) + 0.5) / self.width * 2 - 1) * half
        y = (1 - (np.arange(self.height) + 0.5) / self.height * 2) * half * self.height / self.width
        rays = forward + x[None, :, None] * right + y[:, None, None] * up
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


@dataclass(frozen=True)
class View:
    """How to photograph: azimuth from the nose (90: the vehicle's left side), eye height or elevation, and size.

    `fill` is the share of the picture's width that the vehicle takes; `distance` (metres) overrules it.
    """

    azimuth: float = 40.0
    eye: float | None = None
    elevation: float = 8.0
    fov: float = 30.0
    fill: float = 0.78
    distance: float | None = None
    shift: tuple[float, float] = (0.0, 0.0)
    width: int = 360
    height: int = 320


@dataclass
class Scene:
    """All that the renderer needs; `occluder` is what stands between the camera and the vehicle.

    In an `empty` scene the vehicle is not shown: it only says where the camera stands and where light is measured.
    """

    name: str
    vehicle: Model
    setting: Model
    sky: Sky
    camera: Camera
    occluder: Model = field(default_factory=Model)
    lights_on: bool = False
    empty: bool = False

    def models(self) -> tuple[Model, Model, Model]:
        """What is to be seen: the vehicle, the setting, the occluder."""
        return Model() if self.empty else self.vehicle, self.setting, self.occluder

    def lamps_on(self) -> list[Lamp]:
        """The lamps that burn: the setting's always, the vehicle's when it is there and its lights are on."""
        return [*self.setting.lamps, *(self.vehicle.lamps if self.lights_on and not self.empty else [])]

    @property
    def distance(self) -> float:
        """Metres from the camera to the vehicle's middle."""
        vertices = self.vehicle.vertices()
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        return float(np.linalg.norm(middle - np.array(self.camera.eye)))

    def illuminance(self) -> float:
        """Lux on an upright surface of the vehicle that faces the camera, or on its top, whichever is more."""
        vertices = self.vehicle.vertices()
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        facing = np.array(self.camera.eye) - middle
        facing[2] = 0
        facing /= np.linalg.norm(facing)
        return 1000 * max(self.illuminance_at(middle, np.array([0.0, 0.0, 1.0])), self.illuminance_at(middle, facing))

    def illuminance_at(self, point: Array, normal: Array) -> float:
        """Kilolux on a surface at a point; what stands in the way of the light is not counted."""
        luma = np.array([0.2126, 0.7152, 0.0722])
        image = self.sky.image(96)
        height, width, _ = image.shape
        theta = (np.arange(height) + 0.5) / height * np.pi
        azimuth = (np.arange(width) + 0.5) / width * 2 * np.pi
        directions = np.stack(
            [
                np.sin(theta)[:, None] * np.sin(azimuth),
                np.sin(theta)[:, None] * np.cos(azimuth),
                np.broadcast_to(np.cos(theta)[:, None], (height, width)),
            ],
            axis=-1,
        )
        solid_angle = np.sin(theta)[:, None] * (np.pi / height) * (2 * np.pi / width)
        total = float(((image @ luma) * np.clip(directions @ normal, 0, None) * solid_angle).sum())
        total += float(self.sky.sun() @ luma) * max(float(self.sky.sun_direction @ normal), 0.0)
        for lamp in self.setting.lamps:
            away = np.array(lamp.position) - point
            distance = float(np.linalg.norm(away))
            angle = np.degrees(np.arccos(np.clip(-(away / distance) @ np.array(lamp.direction), -1, 1)))
            falloff = float(np.clip((lamp.beam - angle) / (0.65 * lamp.beam), 0, 1))
            total += lamp.candela / 1000 * falloff * max(float(away @ normal) / distance, 0.0) / distance**2
        return total


def photograph(vehicle: Model, view: View) -> Camera:
    """Place the camera so that the vehicle sits in the middle of the picture at the wanted size."""
    points = vehicle.vertices()
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    a = np.radians(view.azimuth)
    distance = view.distance or 3 * float(np.linalg.norm(high - low))
    target = middle.copy()
    for _ in range(25):
        rise = view.eye - middle[2] if view.eye is not None else distance * np.tan(np.radians(view.elevation))
        eye = middle + np.array([distance * np.cos(a), distance * np.sin(a), rise])
        camera = Camera(_three(eye), _three(target), view.fov, view.width, view.height)
        where = camera.project(points)
        left, right = where.min(axis=0), where.max(axis=0)
        size = (right - left) / np.array([1.0, 0.96 * view.height / view.width])
        if view.distance is None:
            distance *= float(max(size) / view.fill) ** 0.8
        offset = (left + right) / 2 - np.array(view.shift)
        _, aside, up = camera.axes()
        reach = float(np.linalg.norm(target - eye)) * 2 * np.tan(np.radians(view.fov / 2))
        target = target + (aside * offset[0] + up * offset[1]) * reach
    return Camera(_three(eye), _three(target), view.fov, view.width, view.height)


def _three(values: Array) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 4) for v in values)
    return x, y, z
