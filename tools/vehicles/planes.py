"""Aeroplanes: an airliner, a regional turboprop and a fighter jet."""

from __future__ import annotations

import numpy as np

from vehicles.airframe import fuselage, gear_leg, jet_engine, wing
from vehicles.materials import BLACK, DARK, GLASS, STEEL, Color, Material, glow, matte, paint, plastic
from vehicles.parts import Array, Lamp, Model, both, box, ellipsoid, mirrored, painted, revolve, tube


def airliner(
    body: Color = (0.78, 0.79, 0.80), tail: Color = (0.03, 0.10, 0.38), gear: bool = True, lit: bool = False
) -> Model:
    """A 38 m twin-jet; ground at z = 0 with its gear down."""
    model = Model()
    white, accent = paint(*body, 0.3), paint(*tail, 0.3)
    z, r = 4.1, 1.98
    spine = [
        (-19.0, 1.15, 0.14, 0.2),
        (-17.5, 0.98, 0.55, 0.62),
        (-14.5, 0.62, 1.15, 1.25),
        (-11.0, 0.25, 1.68, 1.72),
        (-7.5, 0.04, 1.93, 1.95),
        (-5.0, 0, r, r),
        (11.0, 0, r, r),
    ]
    spine += [
        (11 + 7.4 * s, -0.55 * s**2.4, r * (1 - s**2.3) ** 0.62 + 0.01, r * (1 - s**2.3) ** 0.62 + 0.01)
        for s in np.linspace(0.08, 1, 22)
    ]
    windows = plastic(0.9, 0.75, 0.45) if lit else DARK
    pane = glow(3.0, 2.4, 1.5) if lit else windows

    def livery(x: Array, y: Array, zz: Array) -> dict[Material, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        h = zz - z
        side = np.abs(y) > 1.2
        row = (np.abs(h - 0.48) < 0.17) & (np.abs(np.mod(x, 0.62) - 0.31) < 0.13) & (x > -12.5) & (x < 13.3) & side
        cockpit = (
            (x > 15.4)
            & (x < 17.05)
            & (h > 0.30 + 0.05 * (17 - x))
            & (h < 1.02 - 0.34 * (x - 15.4))
            & (np.abs(np.mod(np.abs(y), 0.62) - 0.05) > 0.03)
        )
        door = [(np.abs(np.abs(x - at) - 0.45) < 0.04) & (np.abs(h - 0.25) < 0.95) & side for at in (14.2, -13.2)]
        swoosh = (x < -9.5) & (h > 0.6 * (x + 14.5))
        belly = h < -1.15
        return {
            paint(0.5, 0.51, 0.53): belly,
            accent: swoosh & ~belly,
            plastic(0.45, 0.46, 0.47): door[0] | door[1],
            pane: row,
            GLASS: cockpit,
        }

    vertices, faces = fuselage([(a, b + z, c, d) for a, b, c, d in spine], 200, 900)
    painted(model, (vertices, faces), white, livery)
    letters = [(8.5 - 0.95 * k) for k in range(7)]
    for side in (-1, 1):
        for k, x in enumerate(letters):
            model.add(
                accent,
                box((x, side * 1.66, z + 1.10), (0.16, 0.06, 0.6)),
                box((x - 0.22, side * 1.66, z + (1.32 if k % 2 else 1.1)), (0.4, 0.06, 0.14)),
            )
    grey, slat = paint(0.55, 0.56, 0.58, 0.4), paint(0.68, 0.69, 0.7, 0.3)
    main = wing(
        [
            (4.6, 1.2, 3.1, 7.4),
            (2.2, 5.6, 3.45, 4.4),
            (-3.6, 16.6, 4.5, 1.6),
            (-4.5, 17.3, 5.4, 1.0),
            (-5.4, 17.6, 6.5, 0.5),
        ]
    )
    model.add(grey, main, mirrored(main))
    model.add(slat, *both(ellipsoid((0.6, 0.0, 2.75), (6.4, 1.95, 1.0))))
    stab = wing([(-14.2, 0.4, 5.0, 3.3), (-17.2, 6.2, 5.5, 1.3)], 0.09)
    model.add(grey, stab, mirrored(stab))
    model.add(accent, wing([(-10.6, 5.6, 0, 6.4), (-12.6, 6.8, 0, 5.0), (-17.0, 12.0, 0, 2.2)], 0.09, upright=True))
    for side in (-1, 1):
        for material, mesh in jet_engine(5.2, side * 5.6, 2.15, 1.12, 4.4, white if body[0] > 0.5 else accent):
            model.add(material, mesh)
        model.add(grey, box((2.2, side * 5.6, 3.2), (3.4, 0.3, 0.9), 0.12))
        for y in (8.2, 11.2, 13.6):
            model.add(
                grey, ellipsoid((-0.2 - 0.52 * y + 2.1, side * y, 3.1 + 0.09 * (y - 5.6) * 1.0), (1.6, 0.2, 0.28), 12)
            )
        model.add(
            glow(9, 0.4, 0.2) if side > 0 else glow(0.3, 8, 1.2),
            ellipsoid((-3.4, side * 17.0, 4.9), (0.2, 0.1, 0.1), 8),
        ) if lit else None
    if gear:
        gear_leg(model, 13.4, 0, 0, 2.4, 0.42)
        for out in (-2.9, 2.9):
            gear_leg(model, -1.1, out, 0, 3.0, 0.58)
    if lit:
        model.add(
            glow(400, 390, 360),
            *[ellipsoid((4.4, s * 2.6, 3.0), (0.12, 0.16, 0.16), 10) for s in (-1, 1)],
            ellipsoid((13.6, 0, 1.5), (0.1, 0.14, 0.14), 10),
        )
        for out in (-1.0, 1.0):
            model.lamps.append(Lamp((4.6, out * 2.6, 3.0), (1, 0, -0.06), 60000, 25))
            model.lamps.append(Lamp((-12.5, out * 5.2, 5.6), (0.02, -out * 0.62, 0.78), 900, 38))
    return model


def turboprop(stripe: Color = (0.55, 0.05, 0.03)) -> Model:
    """A 27 m high-wing regional aeroplane with two propellers."""
    model = Model()
    white, accent = paint(0.78, 0.78, 0.77, 0.3), paint(*stripe, 0.3)
    z, r = 2.9, 1.4
    spine = [(-13.5, 1.1, 0.12, 0.15), (-10, 0.62, 0.75, 0.8), (-6, 0.1, 1.32, 1.33), (-4, 0, r, r), (8, 0, r, r)]
    spine += [
        (8 + 5.2 * s, -0.42 * s**2.2, r * (1 - s**2.2) ** 0.6 + 0.01, r * (1 - s**2.2) ** 0.6 + 0.01)
        for s in np.linspace(0.1, 1, 18)
    ]

    def livery(x: Array, y: Array, zz: Array) -> dict[Material, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        h, side = zz - z, np.abs(y) > 0.8
        row = (np.abs(h - 0.35) < 0.17) & (np.abs(np.mod(x, 0.8) - 0.4) < 0.16) & (x > -6) & (x < 8.5) & side
        cockpit = (
            (x > 10.6)
            & (x < 12.1)
            & (h > 0.22)
            & (h < 0.85 - 0.32 * (x - 10.6))
            & (np.abs(np.mod(np.abs(y), 0.5) - 0.05) > 0.03)
        )
        return {accent: (np.abs(h + 0.15) < 0.14) | ((x < -8) & (h > 0.5 * (x + 11))), DARK: row, GLASS: cockpit}

    painted(model, fuselage([(a, b + z, c, d) for a, b, c, d in spine], 160, 700), white, livery)
    main = wing([(2.2, 0.0, 4.4, 2.9), (2.2, 5.0, 4.4, 2.9), (1.4, 13.5, 4.6, 1.5)], 0.15)
    model.add(paint(0.6, 0.6, 0.61), main, mirrored(main))
    model.add(accent, wing([(-8.2, 3.6, 0, 5.0), (-10.6, 5.0, 0, 3.4), (-12.0, 8.4, 0, 2.4)], 0.1, upright=True))
    tail = wing([(-11.6, 0, 8.3, 2.2), (-12.4, 3.9, 8.35, 1.2)], 0.1)
    model.add(white, tail, mirrored(tail))
    for side in (-1, 1):
        nacelle = fuselage(
            [
                (-2.5, 4.0, 0.1, 0.1),
                (0, 4.05, 0.55, 0.6),
                (3.5, 4.05, 0.55, 0.62),
                (4.6, 4.05, 0.4, 0.42),
                (4.9, 4.05, 0.25, 0.25),
            ],
            30,
            60,
        )
        model.add(white, (nacelle[0] + np.array([0, side * 4.6, 0]), nacelle[1]))
        model.add(BLACK, ellipsoid((4.95, side * 4.6, 4.05), (0.45, 0.24, 0.24), 16))
        for k in range(6):
            a = np.pi / 3 * k + 0.3
            cy, cz = np.cos(a), np.sin(a)
            model.add(
                BLACK, tube([[5.0, side * 4.6 + cy * s, 4.05 + cz * s] for s in (0.2, 1.0, 1.9)], [0.09, 0.14, 0.06], 5)
            )
        gear_leg(model, 0.3, side * 2.1, 0, 1.9, 0.42)
        model.add(white, ellipsoid((0.3, side * 1.5, 1.9), (2.8, 0.75, 0.65)))
    gear_leg(model, 9.6, 0, 0, 1.8, 0.32)
    return model


def fighter(color: Color = (0.27, 0.29, 0.31), gear: bool = False) -> Model:
    """A 16 m twin-tail fighter jet with canopy, intakes and missiles."""
    model = Model()
    skin, dark = plastic(*color, 0.4), plastic(color[0] * 0.75, color[1] * 0.75, color[2] * 0.75, 0.4)
    z = 2.2
    body = [
        (-7.2, 0.05, 1.15, 0.45),
        (-5, 0.05, 1.55, 0.62),
        (-1, 0.05, 1.65, 0.68),
        (1.2, 0.08, 1.35, 0.68),
        (2.2, 0.12, 0.9, 0.70),
        (4.2, 0.12, 0.66, 0.66),
        (6.2, 0.0, 0.46, 0.46),
        (7.6, -0.12, 0.24, 0.24),
        (8.5, -0.2, 0.02, 0.02),
    ]
    panel = np.array([-6.0, -4.1, -2.4, 0.1, 1.9, 3.6, 5.9])

    def lines(x: Array, y: Array, zz: Array) -> dict[Material, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        seam = np.min(np.abs(x[:, None] - panel), axis=1) < 0.02
        return {dark: seam | (x > 7.4)}

    painted(model, fuselage([(a, b + z, c, d) for a, b, c, d in body], 100, 500), skin, lines)
    canopy = [
        (0.4, 0.62, 0.1, 0.06),
        (1.2, 0.72, 0.36, 0.30),
        (2.6, 0.74, 0.44, 0.48),
        (4.0, 0.62, 0.40, 0.40),
        (5.1, 0.42, 0.22, 0.16),
        (5.5, 0.35, 0.05, 0.04),
    ]
    model.add(GLASS, fuselage([(a, b + z, c, d) for a, b, c, d in canopy], 40, 80))
    model.add(skin, box((3.95, 0, z + 0.86), (0.09, 0.84, 0.36), 0.02))
    for side in (1, -1):
        pieces = [
            wing([(2.6, 1.0, z + 0.02, 6.6), (0.4, 2.0, z, 5.2), (-2.9, 5.3, z - 0.06, 1.7)], 0.045),
            wing([(-4.2, 1.2, z, 3.4), (-6.2, 3.6, z - 0.05, 1.3)], 0.05),
            wing([(5.0, 0.5, z + 0.1, 4.0), (2.6, 1.35, z + 0.06, 2.0)], 0.03),
        ]
        fin = wing([(-3.0, z + 0.4, 1.25, 3.3), (-5.4, z + 3.2, 1.75, 1.4)], 0.05, upright=True)
        for mesh in (*pieces, fin):
            model.add(skin, mesh if side > 0 else mirrored(mesh))
        model.add(dark, box((1.7, side * 1.12, z - 0.15), (1.8, 0.75, 0.95), 0.12))
        model.add(DARK, box((2.62, side * 1.12, z - 0.15), (0.05, 0.58, 0.75)))
        model.add(
            STEEL,
            revolve(
                [(0.55, -7.0), (0.62, -7.3), (0.48, -8.3), (0.42, -8.2), (0.3, -7.4), (0.01, -7.4)],
                "x",
                26,
                (0, side * 0.72, z + 0.05),
            ),
        )
        for y in (3.2, 5.35):
            model.add(
                plastic(0.7, 0.7, 0.68),
                revolve(
                    [(0.01, 1.6), (0.09, 1.2), (0.09, -1.3), (0.01, -1.3)],
                    "x",
                    12,
                    (-1.9, side * y, z - (0.35 if y < 5 else 0.06)),
                ),
            )
            model.add(
                dark,
                box((-2.0, side * y, z - 0.18), (1.5, 0.07, 0.3)),
                box((-2.9, side * y, z - (0.35 if y < 5 else 0.06)), (0.4, 0.5, 0.03)),
            )
    model.add(matte(0.05, 0.05, 0.06), revolve([(0.01, 9.4), (0.03, 9.0), (0.03, 8.3)], "x", 8, (0, 0, z - 0.2)))
    if gear:
        gear_leg(model, 4.2, 0, 0, 1.8, 0.3)
        for out in (-1.5, 1.5):
            gear_leg(model, -1.8, out, 0, 1.8, 0.4)
    return model
