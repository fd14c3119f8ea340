"""Boxy bodies for buses and lorries: a box with round edges, its domed ends, wheel arches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vehicles.materials import DARK, Material
from vehicles.parts import Array, Model, both, prism, rounded_rectangle, tube

Where = dict[Material, NDArray[np.bool_]]
"""Which faces get which material."""


def coach_body(
    x0: float,
    x1: float,
    half: float,
    low: float,
    high: float,
    radius: float,
    front: float = 0.16,
    back: float = 0.1,
    rake: float = 0.0,
) -> Array:
    """Sections of a box with round edges along x from x0 to x1, its ends softened, its front leaning back by `rake`."""
    stations = [(x0, 0.86)] + [(x0 + back * s, 1 - 0.14 * (1 - s) ** 2) for s in (0.15, 0.4, 0.7, 1.0)]
    stations += [(float(x), 1.0) for x in np.linspace(x0 + back * 1.3, x1 - front * 1.2, int((x1 - x0) / 0.03))]
    stations += [(x1 - front * (1 - s), 1 - 0.14 * s**2.2) for s in (0.0, 0.3, 0.6, 0.85, 1.0)]
    rows = []
    middle = (low + high) / 2
    for x, k in stations:
        loop = dense(rounded_rectangle(half, low, high, radius, 9))
        y, z = loop[:, 0] * k, middle + (loop[:, 1] - middle) * (1 - (1 - k) * 0.5)
        ahead = np.clip((x - (x1 - 2.2)) / 2.2, 0, 1) ** 2
        rows.append(np.stack([x - rake * ahead * np.clip((z - low) / (high - low) - 0.3, 0, 1), y, z], axis=1))
    return np.array(rows)


def dense(loop: Array, step: float = 0.025) -> Array:
    """The loop with a point every `step` metres, so that paint keeps its edges."""
    closed = np.vstack([loop, loop[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    s = np.arange(0, length[-1], step)
    return np.stack([np.interp(s, length, closed[:, k]) for k in (0, 1)], axis=1)


def face(sections: Array, x: float, front: bool = True, step: int = 12) -> Array:
    """Rings that close the end of a body with a slightly domed face of many small panels."""
    loop = sections[-1] if front else sections[0]
    middle = loop.mean(axis=0)
    rings = []
    for k in np.linspace(1, 0.02, step * 4):
        ring = middle + (loop - middle) * k
        ring[:, 0] = loop[:, 0] * k + middle[0] * (1 - k) + (0.05 if front else -0.03) * (1 - k**2)
        rings.append(ring)
    return np.array(rings)


def arches(model: Model, xs: tuple[float, ...], half: float, radius: float, trim: Material) -> None:
    """Dark wheel arches with a lip, on both sides at each x."""
    for x in xs:
        a = np.linspace(-0.25, np.pi + 0.25, 26)
        disc = [(x + radius * np.cos(t), max(0.32, radius * 0.93 + radius * np.sin(t) - 0.02)) for t in a]
        model.add(DARK, *both(prism(disc, half - 0.5, half + 0.006, "y")))
        model.add(
            trim,
            *both(
                tube(
                    [[x + radius * np.cos(t), half + 0.01, max(0.34, radius * 0.93 + radius * np.sin(t))] for t in a],
                    0.035,
                    6,
                )
            ),
        )
