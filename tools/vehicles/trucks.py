"""Articulated lorries: an American tractor with a long nose, a European one with its cab over the engine."""

from __future__ import annotations

import numpy as np

from vehicles.coachwork import Where, coach_body, face
from vehicles.materials import (
    AMBER,
    BLACK,
    CHROME,
    DARK,
    GLASS,
    LAMP,
    RED_LAMP,
    STEEL,
    Color,
    glow,
    paint,
    plastic,
)
from vehicles.parts import Lamp, Model, both, box, ellipsoid, loft, painted, prism, revolve, tube
from vehicles.wheels import PLATE_US, axle, flat_text, lorry_mirrors, plate, wheel


def _trailer(
    model: Model, x0: float, x1: float, shell: Color, accent: Color, floor: float = 1.15, top: float = 3.95
) -> None:
    """A box trailer: ribbed sides, rails, rear doors, legs, side guards, reflectors, lettering."""
    half = 1.27
    length, middle = x1 - x0, (x0 + x1) / 2
    skin, mark = plastic(*shell, 0.3), plastic(*accent, 0.3)
    model.add(skin, box((middle, 0, (floor + top) / 2), (length, 2 * half, top - floor), 0.05))
    for x in np.arange(x0 + 0.3, x1 - 0.1, 0.6):
        model.add(skin, *both(box((x, half + 0.008, (floor + top) / 2), (0.05, 0.03, top - floor - 0.3))))
    model.add(
        STEEL,
        *both(box((middle, half + 0.015, floor + 0.06), (length, 0.04, 0.14))),
        *both(box((middle, half + 0.015, top - 0.05), (length, 0.04, 0.12))),
    )
    model.add(mark, *both(box((middle - 0.4, half + 0.012, floor + 0.62), (length * 0.86, 0.03, 0.22))))
    flat_text(model, mark, (middle, half + 0.03, top - 1.05), 9, 0.95)
    flat_text(model, mark, (middle, -half - 0.03, top - 1.05), 9, 0.95)
    model.add(
        RED_LAMP,
        *[
            box((x, s * (half + 0.03), floor + 0.06), (0.28, 0.02, 0.06))
            for x in np.arange(x0 + 0.6, x1, 1.4)
            for s in (-1, 1)
        ],
    )
    model.add(BLACK, box((middle, 0, floor - 0.18), (length, 1.0, 0.3)), box((x0 + 0.1, 0, 0.62), (0.12, 2.3, 0.14)))
    model.add(
        STEEL,
        *[box((x0 - 0.02, y, (floor + top) / 2), (0.04, 0.05, top - floor - 0.2)) for y in (-0.9, -0.3, 0.3, 0.9)],
    )
    model.add(DARK, box((x0 - 0.01, 0, (floor + top) / 2), (0.03, 0.04, top - floor)))
    model.add(RED_LAMP, *both(box((x0 - 0.02, 1.0, floor - 0.1), (0.05, 0.36, 0.14), 0.02)))
    model.add(
        BLACK,
        *both(box((x1 - 3.2, 0.8, 0.62), (0.14, 0.14, 0.95))),
        *both(box((x1 - 3.2, 0.8, 0.12), (0.36, 0.3, 0.06))),
    )
    model.add(
        STEEL,
        *both(box((middle + 0.4, 1.2, 0.62), (length * 0.34, 0.04, 0.12))),
        *both(box((middle + 0.4, 1.2, 0.86), (length * 0.34, 0.04, 0.12))),
    )


def _flaps(model: Model, xs: tuple[float, ...]) -> None:
    for x in xs:
        model.add(BLACK, *both(box((x, 1.0, 0.42), (0.03, 0.55, 0.5))))


def american(
    color: Color = (0.42, 0.02, 0.02),
    trailer: Color = (0.76, 0.76, 0.74),
    accent: Color = (0.05, 0.12, 0.4),
    lit: bool = False,
) -> Model:
    """A long-nosed tractor with sleeper, chrome stacks and grille, and a 12 m box trailer."""
    model = Model()
    skin = paint(*color, 0.3)
    pane = plastic(0.02, 0.02, 0.025) if lit else GLASS
    cab = coach_body(3.2, 6.0, 1.18, 0.95, 3.35, 0.24, front=0.12, rake=0.45)

    def livery(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Where:
        side = np.abs(y) > 1.0
        window = side & (z > 2.05) & (z < 2.88) & (x > 4.75) & (x < 5.68 - 0.45 * np.clip(z - 2.05, 0, 2) * 0.6)
        screen = (x > 5.25) & (z > 2.12) & (z < 2.92) & (np.abs(y) < 1.0) & (np.abs(y) > 0.025)
        sleeper = side & (np.abs(x - 3.95) < 0.24) & (np.abs(z - 2.45) < 0.22)
        seam = side & (z < 2.95) & ((np.abs(x - 4.62) < 0.015) | (np.abs(x - 5.8) < 0.012))
        stripe = side & (np.abs(z - 1.72) < 0.05)
        return {plastic(*accent): stripe, DARK: seam, pane: window | screen | sleeper}

    for part in (cab, face(cab, 6.0), face(cab, 3.2, front=False)):
        painted(model, loft(part, caps=False), skin, livery)
    rows = []
    for s in np.linspace(0, 1, 40):
        half = 0.98 - 0.16 * s
        top = 2.08 - 0.22 * s - 0.18 * max(0.0, s - 0.9) * 10 * 0.3
        a = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        yy = half * np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.35
        zz = (0.95 + top) / 2 + (top - 0.95) / 2 * np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.35
        rows.append(np.stack([np.full(60, 5.75 + 2.0 * s), yy, zz], axis=1))
    model.add(skin, loft(np.array(rows)))
    model.add(CHROME, box((7.77, 0, 1.35), (0.06, 1.1, 1.05), 0.05))
    model.add(DARK, box((7.80, 0, 1.35), (0.03, 0.96, 0.92)))
    model.add(CHROME, *[box((7.82, y, 1.35), (0.03, 0.035, 0.9)) for y in np.linspace(-0.44, 0.44, 11)])
    model.add(CHROME, box((7.92, 0, 0.66), (0.14, 2.36, 0.40), 0.06), box((7.80, 0, 1.93), (0.05, 0.3, 0.10), 0.02))
    arc = np.linspace(-0.1, np.pi * 0.92, 22)
    guard = [(6.75 + 0.72 * np.cos(t), 0.52 + 0.72 * np.sin(t)) for t in arc] + [
        (6.75 + 0.62 * np.cos(t), 0.52 + 0.62 * np.sin(t)) for t in arc[::-1]
    ]
    for lo, hi in ((0.78, 1.2),):
        for k in range(len(arc) - 1):
            quad = [guard[k], guard[k + 1], guard[-2 - k], guard[-1 - k]]
            model.add(skin, *both(prism(quad, lo, hi, "y")))
    lamp = glow(60, 56, 46) if lit else LAMP
    model.add(CHROME, *both(box((7.56, 0.94, 1.2), (0.18, 0.36, 0.32), 0.06)))
    model.add(lamp, *both(ellipsoid((7.65, 0.94, 1.2), (0.04, 0.13, 0.12))))
    model.add(CHROME, *both(tube([[3.05, 1.1, 0.9], [3.05, 1.1, 2.4], [3.05, 1.1, 4.0], [2.98, 1.1, 4.15]], 0.085, 14)))
    model.add(
        CHROME,
        *both(
            revolve([(0.30, -0.75), (0.32, -0.7), (0.32, 0.7), (0.30, 0.75), (0.01, 0.76)], "x", 28, (4.35, 0.98, 0.72))
        ),
    )
    model.add(AMBER, *[ellipsoid((5.35, y, 3.40), (0.08, 0.05, 0.05), 10) for y in (-0.8, -0.4, 0, 0.4, 0.8)])
    model.add(skin, prism([(3.2, 3.2), (3.2, 3.9), (3.6, 3.85), (4.9, 3.3)], -1.0, 1.0, "y"))
    model.add(CHROME, *both(tube([[5.0, 1.0, 3.42], [5.3, 1.0, 3.42], [5.5, 1.0, 3.42]], [0.03, 0.04, 0.07])))
    model.add(BLACK, box((4.5, 0, 0.85), (6.4, 0.9, 0.3)))
    lorry_mirrors(model, 5.7, 1.15, 2.4)
    plate(model, 8.0, 0.62, material=PLATE_US, wide=0.32)
    one = wheel(0.52, 0.30, 0, CHROME)
    axle(model, 6.75, 1.06, one)
    for x in (2.9, 1.65, -6.3, -7.5):
        axle(model, x, 1.10, one, twin=True)
    _trailer(model, -8.2, 3.0 - 0.15, trailer, accent)
    _flaps(model, (0.95, -8.15))
    model.lamps += [Lamp((7.75, y, 1.2), (1, 0, -0.06), 20000, 35) for y in (-0.94, 0.94)]
    return model


def european(
    color: Color = (0.05, 0.15, 0.42),
    trailer: Color = (0.70, 0.72, 0.74),
    accent: Color = (0.62, 0.20, 0.03),
    lit: bool = False,
) -> Model:
    """A cab-over tractor with a 12 m curtain-sided trailer."""
    model = Model()
    skin = paint(*color, 0.3)
    cab = coach_body(4.9, 7.2, 1.24, 0.75, 3.55, 0.20, front=0.22, rake=0.35)

    def livery(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Where:
        side = np.abs(y) > 1.1
        window = side & (z > 1.95) & (z < 2.75) & (x > 5.85) & (x < 6.95 - 0.25 * (z - 1.95))
        screen = (x > 6.5) & (z > 1.92) & (z < 2.80) & (np.abs(y) < 1.1)
        grille = (x > 6.9) & (z > 0.95) & (z < 1.72) & (np.abs(y) < 0.85) & (np.mod(z, 0.13) > 0.03)
        seam = side & (z < 2.85) & ((np.abs(x - 5.75) < 0.014) | (np.abs(x - 6.98) < 0.012) & (z < 1.95))
        return {BLACK: (z < 0.98) & side & (x < 6.6), DARK: seam | grille, GLASS: window | screen}

    for part in (cab, face(cab, 7.2), face(cab, 4.9, front=False)):
        painted(model, loft(part, caps=False), skin, livery)
    model.add(skin, prism([(4.95, 3.5), (4.95, 3.98), (5.7, 3.92), (6.6, 3.5)], -1.1, 1.1, "y"))
    model.add(BLACK, box((7.0, 0, 2.98), (0.35, 2.2, 0.07), 0.02), *both(box((5.0, 1.2, 2.6), (0.5, 0.06, 2.4))))
    flat_text(model, STEEL, (7.26, 0, 1.82), 6, 0.14, "y")
    model.add(plastic(color[0] * 0.7, color[1] * 0.7, color[2] * 0.7), box((7.16, 0, 0.60), (0.25, 2.44, 0.46), 0.08))
    lamp = glow(60, 56, 46) if lit else LAMP
    model.add(DARK, *both(box((7.22, 0.92, 0.82), (0.18, 0.50, 0.22), 0.05)))
    model.add(
        lamp,
        *both(ellipsoid((7.29, 0.84, 0.82), (0.05, 0.12, 0.08))),
        *both(ellipsoid((7.27, 1.05, 0.82), (0.05, 0.07, 0.07))),
    )
    model.add(AMBER, *both(box((7.15, 1.2, 0.82), (0.16, 0.06, 0.14), 0.02)))
    model.add(BLACK, *both(box((5.5, 1.0, 0.62), (0.9, 0.5, 0.5), 0.06)), box((3.8, 0, 0.85), (6.0, 0.9, 0.3)))
    lorry_mirrors(model, 7.05, 1.22, 2.45)
    plate(model, 7.31, 0.55)
    one = wheel(0.52, 0.32, 0, plastic(0.55, 0.56, 0.57))
    axle(model, 6.1, 1.09, one)
    axle(model, 2.6, 1.10, one, twin=True)
    for x in (-4.2, -5.5, -6.8):
        axle(model, x, 1.10, one)
    _trailer(model, -8.0, 4.6, trailer, accent)
    model.add(STEEL, *both(revolve([(0.01, -0.6), (0.30, -0.6), (0.30, 0.6), (0.01, 0.6)], "x", 24, (4.2, 0.95, 0.68))))
    _flaps(model, (1.9, -7.5))
    model.lamps += [Lamp((7.35, y, 0.82), (1, 0, -0.05), 20000, 35) for y in (-0.9, 0.9)]
    return model
