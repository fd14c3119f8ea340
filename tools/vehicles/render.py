"""From a scene to a plate: linear radiance, depth and coverage masks, by mitsuba, cached on disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import mitsuba as mi
import numpy as np
import pyoidn
from numpy.typing import NDArray

from vehicles.materials import Material
from vehicles.parts import Array, Lamp, Mesh
from vehicles.plate import Plate
from vehicles.scenes import Camera, Scene
from vehicles.sky import Sky
from vehicles.textures import texture

VERSION = 3
"""Part of the cache key: raise it when the renderer's settings change."""


def start(variant: str = "") -> None:
    """Choose the renderer's variant: the given one, else $TIERBENCH_RENDER_VARIANT, else scalar_rgb."""
    mi.set_variant(variant or os.environ.get("TIERBENCH_RENDER_VARIANT", "scalar_rgb"))
    mi.set_log_level(mi.LogLevel.Error)


def plate(scene: Scene, cache: Path, samples: int = 64, seed: int = 0) -> Plate:
    """Render a scene, or read it from the cache; light and geometry are kept apart, light being the dear one."""
    key = cache / f"{scene.name}-{_fingerprint(scene, samples, seed)}"
    light, shape = key.with_suffix(".npz"), key.with_suffix(".geometry.npz")
    cache.mkdir(parents=True, exist_ok=True)
    if not (light.exists() and shape.exists()):
        with tempfile.TemporaryDirectory() as folder:
            files = _written(scene, Path(folder))
            if not light.exists():
                np.savez_compressed(light, radiance=_radiance(scene, files, samples, seed))
            if not shape.exists():
                np.savez_compressed(shape, **_geometry(scene, files))
    with np.load(light) as stored:
        radiance = stored["radiance"].astype(np.float64)
    with np.load(shape) as stored:
        depth, solid, vehicle = (stored[name].astype(np.float64) for name in ("depth", "solid", "vehicle"))
        return Plate(radiance, depth, solid, vehicle, float(stored["occlusion"]))


def _fingerprint(scene: Scene, samples: int, seed: int) -> str:
    digest = hashlib.sha256(repr((VERSION, scene.camera, scene.sky, scene.lamps_on(), samples, seed)).encode())
    for model in scene.models():
        digest.update(repr(model.lamps).encode())
        for material, (vertices, faces) in model.meshes:
            digest.update(repr(material).encode())
            digest.update(np.round(vertices, 4).tobytes())
            digest.update(faces.tobytes())
    return digest.hexdigest()[:12]


Files = list[tuple[int, Material, Path]]
"""Meshes on disk: whose they are (0 the vehicle's, 1 the setting's, 2 the occluder's), material, path."""


def _written(scene: Scene, folder: Path) -> Files:
    files: Files = []
    for index, model in enumerate(scene.models()):
        for number, (material, mesh) in enumerate(model.by_material().items()):
            path = folder / f"{index}_{number}.ply"
            write_ply(path, mesh)
            files.append((index, material, path))
    return files


def _radiance(scene: Scene, files: Files, samples: int, seed: int) -> NDArray[np.float32]:
    """The denoised light of the scene in kcd/m²."""
    description: dict[str, Any] = {"type": "scene", "sensor": _sensor(scene.camera, samples, seed)}
    description["integrator"] = {
        "type": "aov",
        "aovs": "normal:sh_normal,albedo:albedo",
        "image": {"type": "path", "max_depth": 7},
    }
    description |= _lights(scene)
    for _, material, path in files:
        shape: dict[str, Any] = {"type": "ply", "filename": str(path), "bsdf": material.bsdf(texture(material))}
        if material.glow:
            shape["emitter"] = {"type": "area", "radiance": {"type": "rgb", "value": list(material.glow)}}
        description[f"shape_{path.stem}"] = shape
    pixels = _pixels(description, samples, seed)
    limit = 50 * float(np.percentile(pixels[..., :3], 99.5))  # a stray path may not outshine the picture
    color = np.ascontiguousarray(np.minimum(pixels[..., :3], limit))
    normal, albedo = pixels[..., -6:-3], np.clip(pixels[..., -3:], 0, 1)
    scale = np.float32(1.0 / max(float(color.mean()), 1e-9))
    clean = pyoidn.denoise(
        color * scale, albedo=np.ascontiguousarray(albedo), normal=np.ascontiguousarray(normal), hdr=True
    )
    return np.asarray(clean / scale, dtype=np.float32)


def _geometry(scene: Scene, files: Files) -> dict[str, Any]:
    """Depth, what is solid, what is the vehicle, and the share of it that the occluder hides."""
    depth, seen = _coverage(scene, files)
    solid = seen.sum(axis=-1)
    occlusion = 0.0
    if scene.occluder.meshes and not scene.empty:
        _, whole = _coverage(scene, [entry for entry in files if entry[0] != 2])
        occlusion = float(1 - seen[..., 0].sum() / whole[..., 0].sum())
    planes = {
        "depth": np.where(solid > 0.02, depth / np.maximum(solid, 0.02), 0.0),
        "solid": solid,
        "vehicle": seen[..., 0],
    }
    return {name: plane.astype(np.float32) for name, plane in planes.items()} | {"occlusion": occlusion}


def _coverage(scene: Scene, files: Files, samples: int = 16) -> tuple[Array, Array]:
    """Mean depth per pixel (the sky counts as 0), and how much of it is vehicle and anything else."""
    description: dict[str, Any] = {"type": "scene", "sensor": _sensor(scene.camera, samples, 1)}
    description["integrator"] = {"type": "aov", "aovs": "depth:depth,flag:albedo"}
    for index, _, path in files:
        flag = {"type": "rgb", "value": [0.0, 1.0, 0.0] if index else [1.0, 0.0, 0.0]}
        nested = {"type": "diffuse", "reflectance": flag}
        bsdf = {"type": "twosided", "nested": nested}
        description[f"flag_{path.stem}"] = {"type": "ply", "filename": str(path), "bsdf": bsdf}
    pixels = _pixels(description, samples, 1).astype(np.float64)
    return pixels[..., -4], np.clip(pixels[..., -3:-1], 0, 1)


def _pixels(description: dict[str, Any], samples: int, seed: int) -> NDArray[np.float32]:
    rendered = mi.render(mi.load_dict(description), seed=seed, spp=samples)
    return np.array(rendered, dtype=np.float32)


def _sensor(camera: Camera, samples: int, seed: int) -> dict[str, Any]:
    return {
        "type": "perspective",
        "fov": camera.fov,
        "fov_axis": "x",
        "near_clip": 0.05,
        "far_clip": 1e6,
        "to_world": mi.ScalarTransform4f().look_at(list(camera.eye), list(camera.target), [0, 0, 1]),
        "film": {
            "type": "hdrfilm",
            "width": camera.width,
            "height": camera.height,
            "pixel_format": "rgb",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "independent", "sample_count": samples, "seed": seed},
    }


@lru_cache(maxsize=4)  # a third of a scene's time, and scenes share their skies
def _sky_pixels(sky: Sky) -> NDArray[np.float32]:
    return sky.image().astype(np.float32)


def _lights(scene: Scene) -> dict[str, Any]:
    sky = scene.sky
    lights: dict[str, Any] = {
        "sky": {
            "type": "envmap",
            "bitmap": mi.Bitmap(_sky_pixels(sky)),
            "to_world": mi.ScalarTransform4f().rotate([1, 0, 0], 90),
        }
    }
    sun = sky.sun()
    if sun.any():
        lights["sun"] = {
            "type": "directional",
            "direction": (-sky.sun_direction).tolist(),
            "irradiance": {"type": "rgb", "value": sun.tolist()},
        }
    for number, lamp in enumerate(scene.lamps_on()):
        lights[f"lamp{number}"] = _spot(lamp)
    return lights


def _spot(lamp: Lamp) -> dict[str, Any]:
    start_at, direction = np.array(lamp.position), np.array(lamp.direction)
    return {
        "type": "spot",
        "to_world": mi.ScalarTransform4f().look_at(
            start_at.tolist(), (start_at + direction).tolist(), [0, 1, 0] if abs(direction[2]) > 0.9 else [0, 0, 1]
        ),
        "intensity": {"type": "rgb", "value": [lamp.candela / 1000 * c for c in lamp.color]},
        "cutoff_angle": lamp.beam,
        "beam_width": lamp.beam * 0.35,
    }


def write_ply(path: Path, mesh: Mesh) -> None:
    """Write a mesh, with texture coordinates from above, as binary PLY; shared vertices get smooth normals."""
    vertices, faces = mesh
    points = np.empty(len(vertices), dtype=[(n, "<f4") for n in ("x", "y", "z", "nx", "ny", "nz", "u", "v")])
    normals = smooth_normals(vertices, faces)
    for axis, name in enumerate("xyz"):
        points[name] = vertices[:, axis]
        points["n" + name] = normals[:, axis]
    points["u"], points["v"] = vertices[:, 0], vertices[:, 1]
    triangles = np.empty(len(faces), dtype=[("n", "u1"), ("i", "<i4", (3,))])
    triangles["n"], triangles["i"] = 3, faces
    header = "ply\nformat binary_little_endian 1.0\n" + f"element vertex {len(vertices)}\n"
    header += "".join(f"property float {name}\n" for name in points.dtype.names or ())
    header += f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    path.write_bytes(header.encode() + points.tobytes() + triangles.tobytes())


def smooth_normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Vertex normals: the area-weighted mean of the adjacent faces'."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, faces[:, k], face_normals)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0, normals / np.maximum(length, 1e-30), [[0.0, 0.0, 1.0]])
