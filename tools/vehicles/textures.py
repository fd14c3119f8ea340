"""Bitmaps for surfaces that a colour alone would make look like plastic: asphalt, grass, concrete, brick."""

from __future__ import annotations

from functools import cache
from typing import Any

import mitsuba as mi
import numpy as np
from numpy.typing import NDArray

from vehicles.materials import Material
from vehicles.sky import fractal_noise

SIZE = 512


@cache
def bitmap(name: str) -> NDArray[np.float32]:
    """The named texture as linear RGB around 1, to be multiplied by the material's colour."""
    rng = np.random.default_rng(sum(map(ord, name)))
    v, u = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE), indexing="ij")
    grain = rng.normal(0, 1, (SIZE, SIZE))
    blotch = _wrapped(u, v, 4, 5) - 0.5
    if name == "asphalt":
        value = 1 + 0.30 * grain + 0.9 * blotch
    elif name == "grass":
        value = 1 + 0.35 * grain + 2.0 * blotch + 1.2 * (_wrapped(u, v, 32, 2) - 0.5)
    elif name == "concrete":
        joint = (np.abs(u - 0.5) > 0.496) | (np.abs(v - 0.5) > 0.496)
        value = np.where(joint, 0.45, 1 + 0.10 * grain + 0.7 * blotch)
    elif name == "brick":
        row = np.floor(v * 24)
        joint = (np.mod(v * 24, 1) < 0.14) | (np.mod(u * 10 + 0.5 * np.mod(row, 2), 1) < 0.06)
        tone = rng.normal(1, 0.16, (24, 21))[row.astype(int) % 24, (u * 20).astype(int)]
        value = np.where(joint, 1.5, tone) + 0.08 * grain
    else:
        message = f"no texture {name!r}; there are asphalt, grass, concrete, brick"
        raise ValueError(message)
    return np.repeat(np.clip(value, 0.15, 2.5)[..., None], 3, axis=2).astype(np.float32)


def _wrapped(u: NDArray[np.float64], v: NDArray[np.float64], cells: int, octaves: int) -> NDArray[np.float64]:
    return fractal_noise(u * cells, v * cells, cells, octaves)


def texture(material: Material) -> dict[str, Any] | None:
    """The renderer's description of a material's bitmap, laid from above, `scale` metres a tile."""
    if not material.texture:
        return None
    pixels = np.clip(bitmap(material.texture) * np.array(material.color, dtype=np.float32), 0, 0.95)
    scale = 1 / material.scale
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(pixels.astype(np.float32)),
        "raw": True,
        "to_uv": mi.ScalarTransform3f().scale([scale, scale]),
    }
