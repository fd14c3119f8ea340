"""Lorries in one piece: a fire engine and a removal van."""

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
    Material,
    glow,
    matte,
    paint,
    plastic,
)
from vehicles.parts import Lamp, Model, both, box, ellipsoid, loft, painted, prism, tube
from vehicles.wheels import PLATE, axle, flat_text, lorry_mirrors, plate, wheel


def _cab_over(model: Model, x0: float, x1: float, skin: Material, height: float, lit: bool) -> None:
    """A plain cab with windscreen, doors, grille and lamps, shared by the rigid lorries."""
    cab = coach_body(x0, x1, 1.2, 0.55, height, 0.18, front=0.2, rake=0.28)

    def livery(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Where:
        side = np.abs(y) > 1.06
        belt = 1.55
        window = side & (z > belt) & (z < height - 0.32) & (np.abs(np.mod(x1 - x, 1.25) - 0.72) < 0.46) & (x < x1 - 0.2)
        screen = (x > x1 - 0.7) & (z > belt - 0.08) & (z < height - 0.3) & (np.abs(y) < 1.05) & (np.abs(y) > 0.02)
        grille = (x > x1 - 0.2) & (np.abs(z - 1.08) < 0.16) & (np.abs(y) < 0.6) & (np.mod(z, 0.08) > 0.02)
        seam = side & (z < height - 0.25) & (np.mod(x1 - x, 1.25) < 0.024)
        return {DARK: seam | grille, GLASS: window | screen}

    for part in (cab, face(cab, x1), face(cab, x0, front=False)):
        painted(model, loft(part, caps=False), skin, livery)
    model.add(BLACK, box((x1 + 0.02, 0, 0.55), (0.3, 2.4, 0.3), 0.06))
    model.add(DARK, *both(box((x1 - 0.02, 0.86, 0.90), (0.14, 0.5, 0.24), 0.04)))
    model.add(glow(60, 56, 46) if lit else LAMP, *both(ellipsoid((x1 + 0.05, 0.86, 0.90), (0.05, 0.14, 0.09))))
    model.add(AMBER, *both(box((x1 - 0.08, 1.15, 0.9), (0.1, 0.1, 0.2), 0.02)))
    lorry_mirrors(model, x1 - 0.15, 1.2, 2.0)
    plate(model, x1 + 0.18, 0.55, material=PLATE)
    model.lamps += [Lamp((x1 + 0.1, y, 0.9), (1, 0, -0.05), 20000, 35) for y in (-0.86, 0.86)]


def fire_engine(color: Color = (0.52, 0.015, 0.012), lit: bool = False) -> Model:
    """A 9 m fire engine: crew cab, lockers with roller shutters, ladder, blue and red beacons."""
    model = Model()
    skin, white = paint(*color, 0.25), plastic(0.75, 0.75, 0.73)
    _cab_over(model, 1.0, 4.5, skin, 2.75, lit)
    model.add(skin, box((-1.8, 0, 1.75), (5.4, 2.42, 2.3), 0.06))
    for x in (-0.1, -1.5, -3.6):
        model.add(plastic(0.50, 0.51, 0.53, 0.3), *both(box((x, 1.215, 1.95), (1.15, 0.03, 1.5))))
        model.add(
            matte(0.25, 0.25, 0.26),
            *[box((x, s * 1.232, z), (1.13, 0.01, 0.018)) for z in np.arange(1.28, 2.68, 0.1) for s in (-1, 1)],
        )
    model.add(
        plastic(0.7, 0.62, 0.08),
        *both(box((-1.8, 1.222, 1.06), (5.3, 0.02, 0.12))),
        *both(box((2.7, 1.215, 1.12), (3.3, 0.03, 0.12))),
    )
    model.add(white, *both(box((2.7, 1.21, 0.98), (3.3, 0.03, 0.12))))
    for y in (-0.55, 0.0):
        model.add(
            CHROME, *[tube([[-4.4, yy, 3.22], [-0.5, yy, 3.22], [3.6, yy, 3.22]], 0.045, 6) for yy in (y, y + 0.5)]
        )
        model.add(
            CHROME,
            *[
                tube([[x, y, 3.22], [x, y + 0.25, 3.22], [x, y + 0.5, 3.22]], 0.03, 5)
                for x in np.arange(-4.3, 3.6, 0.36)
            ],
        )
    model.add(STEEL, *[box((x, 0, 3.0), (0.08, 2.0, 0.35)) for x in (-4, -1.5, 1.2)])
    beacon = glow(2, 6, 60) if lit else plastic(0.02, 0.08, 0.55, 0.05)
    model.add(white, box((3.9, 0, 2.80), (0.35, 1.9, 0.08), 0.03))
    model.add(beacon, box((3.9, 0.6, 2.93), (0.32, 0.66, 0.2), 0.06), box((3.9, -0.6, 2.93), (0.32, 0.66, 0.2), 0.06))
    model.add(
        RED_LAMP, box((3.9, 0, 2.93), (0.3, 0.5, 0.18), 0.05), *both(box((-4.52, 1.05, 1.0), (0.04, 0.2, 0.4), 0.02))
    )
    flat_text(model, white, (4.62, 0, 1.38), 4, 0.2, "y")
    flat_text(model, plastic(0.75, 0.66, 0.2), (2.8, 1.235, 1.36), 8, 0.2)
    flat_text(model, plastic(0.75, 0.66, 0.2), (2.8, -1.235, 1.36), 8, 0.2)
    model.add(BLACK, box((-0.2, 0, 0.62), (8.6, 1.6, 0.3)))
    for x in (3.25, -2.55):
        model.add(
            DARK,
            *both(
                prism(
                    [(x + 0.66 * np.cos(t), 0.52 + 0.66 * np.sin(t)) for t in np.linspace(-0.1, np.pi + 0.1, 20)],
                    0.8,
                    1.238,
                    "y",
                )
            ),
        )
        model.add(
            STEEL,
            *both(
                tube(
                    [[x + 0.66 * np.cos(t), 1.24, 0.52 + 0.66 * np.sin(t)] for t in np.linspace(0, np.pi, 20)], 0.03, 6
                )
            ),
        )
    one = wheel(0.52, 0.3, 0, plastic(0.6, 0.6, 0.6))
    axle(model, 3.25, 1.11, one)
    axle(model, -2.55, 1.11, one, twin=True)
    return model


def moving_van(color: Color = (0.72, 0.45, 0.04), body: Color = (0.74, 0.73, 0.70), lit: bool = False) -> Model:
    """A 7.5 m removal van: a tall box behind and over the cab."""
    model = Model()
    _cab_over(model, 2.2, 4.2, paint(*color), 2.5, lit)
    shell, mark = plastic(*body, 0.3), plastic(*color, 0.3)
    model.add(shell, box((-0.9, 0, 2.2), (5.9, 2.46, 2.7), 0.06))
    model.add(shell, prism([(2.0, 2.62), (2.0, 3.54), (3.3, 3.5), (3.7, 3.2), (3.7, 2.62)], -1.22, 1.22, "y"))
    model.add(mark, *both(box((-0.9, 1.235, 1.05), (5.8, 0.02, 0.34))))
    flat_text(model, mark, (-0.8, 1.25, 2.65), 8, 0.75)
    flat_text(model, mark, (-0.8, -1.25, 2.65), 8, 0.75)
    flat_text(model, mark, (3.72, 0, 2.98), 8, 0.3, "y")
    model.add(
        STEEL, *both(box((-0.9, 1.24, 0.86), (5.9, 0.03, 0.06))), *both(box((-0.9, 1.24, 3.52), (5.9, 0.03, 0.06)))
    )
    model.add(RED_LAMP, *both(box((-3.86, 1.0, 0.78), (0.05, 0.4, 0.14))))
    model.add(BLACK, box((-0.2, 0, 0.68), (7.2, 1.3, 0.26)), *both(box((-0.2, 1.1, 0.6), (1.8, 0.06, 0.35))))
    for x in (3.1, -2.2):
        model.add(
            DARK,
            *both(
                prism(
                    [(x + 0.55 * np.cos(t), 0.44 + 0.55 * np.sin(t)) for t in np.linspace(-0.1, np.pi + 0.1, 20)],
                    0.8,
                    1.208,
                    "y",
                )
            ),
        )
    one = wheel(0.44, 0.28, 0, plastic(0.6, 0.6, 0.6))
    axle(model, 3.1, 1.09, one)
    axle(model, -2.2, 1.12, one, twin=True)
    return model
