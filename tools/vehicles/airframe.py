"""What aeroplanes are made of: aerofoils, wings, fuselages, jet engines, undercarriage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vehicles.materials import CHROME, DARK, RUBBER, STEEL, Material, plastic
from vehicles.parts import Array, Mesh, Model, loft, revolve, tube


def aerofoil(chord: float, thick: float, points: int = 15) -> Array:
    """A loop of (x, z), leading edge at x = 0, trailing edge at -chord (NACA 4-digit thickness)."""
    s = (1 - np.cos(np.linspace(0, np.pi, points))) / 2
    half = 5 * thick * (0.2969 * np.sqrt(s) - 0.126 * s - 0.3516 * s**2 + 0.2843 * s**3 - 0.1036 * s**4)
    upper = np.stack([-s, half * 1.15], axis=1)
    lower = np.stack([-s, -half * 0.85], axis=1)[::-1]
    return np.vstack([upper, lower[1:-1]]) * chord


def wing(stations: Sequence[tuple[float, float, float, float]], thick: float = 0.12, upright: bool = False) -> Mesh:
    """A wing through stations (leading edge x, span, height, chord); upright for a fin (span and height swap)."""
    sections = []
    for x, span, height, chord in stations:
        foil = aerofoil(chord, thick)
        if upright:
            sections.append(np.stack([x + foil[:, 0], height + foil[:, 1], np.full(len(foil), span)], axis=1))
        else:
            sections.append(np.stack([x + foil[:, 0], np.full(len(foil), span), height + foil[:, 1]], axis=1))
    return loft(np.array(sections))


def fuselage(spine: Sequence[tuple[float, float, float, float]], rings: int = 64, along: int = 340) -> Mesh:
    """A body through (x, middle height, half width, half height), softly interpolated."""
    knots = np.array(sorted(spine), dtype=float)
    xs = np.linspace(knots[0, 0], knots[-1, 0], along)
    z, w, h = (np.interp(xs, knots[:, 0], knots[:, k]) for k in (1, 2, 3))
    angle = np.linspace(0, 2 * np.pi, rings, endpoint=False)
    sections = np.stack(
        [
            np.broadcast_to(xs[:, None], (along, rings)),
            w[:, None] * np.cos(angle),
            z[:, None] + h[:, None] * np.sin(angle),
        ],
        axis=-1,
    )
    return loft(sections)


def jet_engine(
    x: float, y: float, z: float, radius: float, length: float, cowl: Material
) -> list[tuple[Material, Mesh]]:
    """A turbofan with intake lip, fan, spinner and core, its intake at x."""
    outer = [
        (radius * r, -length * a)
        for r, a in ((0.80, 0.10), (0.86, 0.0), (0.97, 0.03), (1.0, 0.15), (1.0, 0.45), (0.82, 0.8), (0.72, 0.82))
    ]
    inner = [(radius * 0.80, -0.1 * length), (radius * 0.78, -0.25 * length), (0.02, -0.25 * length)]
    cone = [(0.01, -0.08 * length), (radius * 0.18, -0.16 * length), (radius * 0.24, -0.25 * length)]
    core = [(radius * 0.55, -0.75 * length), (radius * 0.42, -length), (radius * 0.2, -length), (0.02, -1.12 * length)]
    at = (x, y, z)
    fan = [
        (
            STEEL,
            tube(
                [
                    [x - 0.22 * length, y, z],
                    [x - 0.22 * length, y + 0.39 * radius * np.cos(a), z + 0.39 * radius * np.sin(a)],
                    [x - 0.22 * length, y + 0.78 * radius * np.cos(a), z + 0.78 * radius * np.sin(a)],
                ],
                0.04 * radius,
                4,
            ),
        )
        for a in np.linspace(0, 2 * np.pi, 18, endpoint=False)
    ]
    return [
        (cowl, revolve(outer, "x", 36, at)),
        (CHROME, revolve(outer[:3], "x", 36, (x + 0.01, y, z))),
        (DARK, revolve(inner, "x", 32, at)),
        (plastic(0.5, 0.5, 0.5), revolve(cone, "x", 20, at)),
        (STEEL, revolve(core, "x", 24, at)),
        *fan,
    ]


def gear_leg(model: Model, x: float, y: float, ground: float, top: float, radius: float, pairs: int = 1) -> None:
    """An undercarriage leg with `pairs` of wheels on the ground."""
    model.add(STEEL, tube([[x, y, top], [x, y, (top + ground) / 2], [x, y, ground + radius]], 0.13))
    for k in range(pairs):
        dx = (k - (pairs - 1) / 2) * radius * 2.2
        for side in (-0.36, 0.36):
            at = (x + dx, y + side, ground + radius)
            model.add(
                RUBBER,
                revolve(
                    [
                        (radius * 0.6, -0.16),
                        (radius * 0.95, -0.16),
                        (radius, -0.08),
                        (radius, 0.08),
                        (radius * 0.95, 0.16),
                        (radius * 0.6, 0.16),
                    ],
                    "y",
                    28,
                    at,
                ),
            )
            model.add(
                STEEL,
                revolve([(radius * 0.6, -0.1), (0.02, -0.06)], "y", 20, at),
                revolve([(radius * 0.6, 0.1), (0.02, 0.06)], "y", 20, at),
            )
