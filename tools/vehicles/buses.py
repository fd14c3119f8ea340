"""Buses: an American school bus, a trolleybus and a minibus."""

from __future__ import annotations

import numpy as np

from vehicles.coachwork import Where, arches, coach_body, dense, face
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
from vehicles.parts import (
    Array,
    Lamp,
    Model,
    both,
    box,
    ellipsoid,
    inside,
    loft,
    painted,
    prism,
    revolve,
    rounded_rectangle,
    tube,
)
from vehicles.wheels import PLATE_US, axle, flat_text, lorry_mirrors, mirrors, plate, wheel

PANE = Material("glass", (0.016, 0.020, 0.022))


def school_bus(color: Color = (0.80, 0.38, 0.015), lit: bool = False) -> Model:
    """A 11 m yellow school bus with a bonnet, black rub rails and warning lamps."""
    model = Model()
    yellow = paint(*color, 0.35)
    half, low, high = 1.22, 0.62, 3.05
    body = coach_body(-5.6, 3.5, half, low, high, 0.30)
    pane = glow(0.012, 0.011, 0.009) if lit else PANE

    def livery(x: Array, y: Array, z: Array) -> Where:
        side = np.abs(y) > half * 0.9
        window = side & (z > 1.80) & (z < 2.46) & (np.abs(np.mod(x + 5.2, 0.72) - 0.36) < 0.30) & (x > -5.2) & (x < 2.0)
        bar = side & (np.abs(z - 2.13) < 0.02)
        rail = side & (
            (np.abs(z - 1.62) < 0.055)
            | (np.abs(z - 1.16) < 0.05)
            | (np.abs(z - 0.80) < 0.05)
            | (np.abs(z - 2.58) < 0.03)
        )
        screen = (x > 3.28) & (z > 1.72) & (z < 2.52) & (np.abs(y) < 1.05) & (np.abs(y) > 0.03)
        door = (y < -half * 0.9) & (x > 2.35) & (x < 3.2) & (z > 0.75) & (z < 2.5)
        driver = (y > half * 0.9) & (x > 2.3) & (x < 3.15) & (z > 1.75) & (z < 2.46)
        back = (x < -5.55) & (np.abs(y) < 1.0) & (z > 1.75) & (z < 2.5) & (np.abs(np.abs(y) - 0.42) > 0.06)
        return {
            BLACK: rail | bar & window,
            pane: (window & ~bar) | back,
            GLASS: screen | driver,
            DARK: door & (np.abs(x - 2.77) > 0.03),
        }

    painted(model, loft(body, caps=False), yellow, livery)
    painted(model, loft(face(body, 3.5), caps=False), yellow, livery)
    painted(model, loft(face(body, -5.6, front=False), caps=False), yellow, livery)
    for x in np.arange(-5.0, 3.2, 0.72):
        model.add(yellow, box((x, 0, high + 0.005), (0.07, 2.1, 0.03), 0.01))
    rows = []
    for s in np.linspace(0, 1, 40):
        k = 1 - 0.10 * s - 0.10 * max(0, s - 0.9) * 10
        top = 1.70 - 0.18 * s - 0.22 * max(0, s - 0.88) * 8
        rows.append(
            np.stack(
                [
                    np.full(0 + len(dense(rounded_rectangle(1.0, 0.7, 1.7, 0.2, 6))), 3.4 + 1.75 * s),
                    dense(rounded_rectangle(1.0, 0.7, 1.7, 0.2, 6))[:, 0] * k,
                    0.62 + (dense(rounded_rectangle(1.0, 0.7, 1.7, 0.2, 6))[:, 1] - 0.7) * (top - 0.62),
                ],
                axis=1,
            )
        )
    model.add(yellow, loft(np.array(rows)))
    model.add(BLACK, box((5.16, 0, 1.14), (0.06, 1.0, 0.55), 0.03), box((5.22, 0, 0.60), (0.22, 2.3, 0.30), 0.06))
    model.add(CHROME, *[box((5.2, 0, z), (0.03, 0.94, 0.03)) for z in np.linspace(0.94, 1.34, 6)])
    model.add(
        yellow,
        *both(
            prism(
                [
                    (x, z)
                    for x, z in zip(
                        4.25 + 0.72 * np.cos(np.linspace(0, np.pi, 14)),
                        0.62 + 0.62 * np.sin(np.linspace(0, np.pi, 14)),
                        strict=True,
                    )
                ],
                0.72,
                1.16,
                "y",
            )
        ),
    )
    lamp = glow(60, 56, 46) if lit else LAMP
    model.add(lamp, *both(ellipsoid((5.13, 0.72, 1.16), (0.06, 0.14, 0.13))))
    model.add(AMBER, *both(ellipsoid((5.08, 0.86, 1.38), (0.05, 0.09, 0.06))))
    arches(model, (-3.3,), half, 0.56, BLACK)
    arches(model, (4.25,), 1.162, 0.56, BLACK)
    one = wheel(0.49, 0.28, 0, plastic(0.5, 0.5, 0.5))
    axle(model, 4.25, 1.05, one)
    axle(model, -3.3, 1.10, one, twin=True)
    for y in (-0.95, -0.7, 0.7, 0.95):
        red = abs(y) > 0.8
        model.add(
            RED_LAMP if red else AMBER,
            ellipsoid((3.52, y, 2.84), (0.05, 0.09, 0.09)),
            ellipsoid((-5.62, y, 2.84), (0.05, 0.09, 0.09)),
        )
    model.add(BLACK, box((3.5, 0, 2.84), (0.05, 1.0, 0.26)))
    flat_text(model, yellow, (3.53, 0, 2.84), 8, 0.15, "y")
    flat_text(model, BLACK, (-1.6, half + 0.004, 1.40), 16, 0.2)
    flat_text(model, BLACK, (-1.6, -half - 0.004, 1.40), 16, 0.2)
    model.add(
        RED_LAMP,
        box((1.9, half + 0.05, 1.42), (0.4, 0.03, 0.4), 0.1),
        *both(ellipsoid((-5.66, 0.95, 1.35), (0.04, 0.1, 0.1))),
    )
    model.add(BLACK, box((-5.7, 0, 0.62), (0.2, 2.36, 0.26), 0.05), box((-0.5, 0, 0.5), (8, 1.2, 0.3)))
    model.add(
        BLACK,
        *both(tube([[3.5, 1.15, 2.4], [3.9, 1.45, 2.3], [3.9, 1.45, 1.8]], 0.025)),
        *both(box((3.9, 1.45, 2.05), (0.08, 0.2, 0.42), 0.03)),
    )
    model.add(
        BLACK,
        *both(tube([[4.9, 0.9, 1.5], [5.1, 1.15, 1.75], [5.12, 1.2, 1.9]], 0.02)),
        *both(ellipsoid((5.12, 1.2, 1.95), (0.1, 0.13, 0.13))),
    )
    plate(model, 5.34, 0.6, material=PLATE_US, wide=0.32)
    model.lamps += [Lamp((5.3, y, 1.1), (1, 0, -0.06), 18000, 35) for y in (-0.72, 0.72)]
    return model


def trolleybus(color: Color = (0.62, 0.06, 0.04), lit: bool = False, poles: bool = True) -> Model:
    """A 12 m city bus with big windows, a destination sign and (as a trolleybus) two poles on the roof."""
    model = Model()
    main, cream = paint(*color, 0.3), paint(0.75, 0.72, 0.62, 0.3)
    half, low, high = 1.27, 0.32, 3.0
    body = coach_body(-6, 6, half, low, high, 0.22, front=0.25, rake=0.25)
    pane = glow(0.012, 0.011, 0.009) if lit else PANE

    def livery(x: Array, y: Array, z: Array) -> Where:
        side = np.abs(y) > half * 0.93
        window = (
            side & (z > 1.22) & (z < 2.42) & (np.abs(np.mod(x + 5.7, 1.46) - 0.73) < 0.68) & (x > -5.7) & (x < 5.55)
        )
        door = (y < -half * 0.93) & ((np.abs(x - 4.9) < 0.62) | (np.abs(x - 0.3) < 0.66)) & (z > 0.42) & (z < 2.42)
        door &= (np.abs(np.mod(x - 0.3, 2.3)) > 0.03) & (np.abs(x - 4.9) > 0.03)
        screen = (x > 5.55) & (z > 1.0) & (z < 2.36) & (np.abs(y) < 1.13)
        back = (x < -5.9) & (np.abs(y) < 1.0) & (z > 1.5) & (z < 2.35)
        band = (z > 1.05) & (z < 2.62)
        return {cream: band, BLACK: side & (z < 0.46), pane: window | back, GLASS: screen | door}

    for part in (body, face(body, 6.0), face(body, -6.0, front=False)):
        painted(model, loft(part, caps=False), main, livery)
    sign = glow(0.16, 0.08, 0.005) if lit else plastic(0.8, 0.42, 0.03)
    model.add(DARK, box((5.80, 0, 2.62), (0.12, 1.9, 0.30), 0.03))
    flat_text(model, sign, (5.87, 0, 2.62), 11, 0.17, "y")
    model.add(BLACK, box((6.05, 0, 0.42), (0.14, 2.3, 0.2), 0.05))
    lamp = glow(60, 56, 46) if lit else LAMP
    model.add(DARK, *both(box((6.0, 0.86, 0.72), (0.10, 0.52, 0.22), 0.05)))
    model.add(
        lamp,
        *both(ellipsoid((6.04, 0.78, 0.72), (0.05, 0.1, 0.09))),
        *both(ellipsoid((6.04, 1.0, 0.72), (0.05, 0.08, 0.08))),
    )
    model.add(
        BLACK,
        *[
            tube([[5.98 - 0.1 * s, y, 1.0], [5.98 - 0.1 * s, y + 0.3, 1.3], [5.92, y + 0.5, 1.7]], 0.015, 5)
            for y, s in ((-0.9, 0), (0.1, 0))
        ],
    )
    model.add(RED_LAMP, *both(box((-6.04, 1.05, 1.1), (0.05, 0.14, 0.4), 0.03)))
    arches(model, (3.3, -2.9), half, 0.56, BLACK)
    one = wheel(0.48, 0.28, 0, plastic(0.45, 0.45, 0.46))
    axle(model, 3.3, 1.155, one)
    axle(model, -2.9, 1.155, one, twin=True)
    lorry_mirrors(model, 5.85, 1.2, 2.1)
    plate(model, 6.13, 0.45)
    model.add(cream, box((-1.5, 0, 3.1), (5.5, 1.7, 0.28), 0.1), box((3.6, 0, 3.08), (1.6, 1.4, 0.2), 0.08))
    if poles:
        for y in (-0.35, 0.35):
            model.add(BLACK, tube([[-1.8, y, 3.3], [-5.5, y * 1.2, 4.6], [-8.2, y * 1.4, 5.5]], [0.05, 0.04, 0.03]))
    model.lamps += [Lamp((6.15, y, 0.72), (1, 0, -0.05), 18000, 35) for y in (-0.85, 0.85)]
    return model


def minibus(color: Color = (0.74, 0.75, 0.76), stripe: Color | None = (0.06, 0.22, 0.42)) -> Model:
    """A 7 m minibus with a sloping bonnet and a row of windows."""
    model = Model()
    shell = paint(*color, 0.3)
    xs = np.linspace(-3.4, 3.4, 320)
    top = np.interp(xs, [-3.4, -3.3, 1.35, 1.6, 2.45, 3.1, 3.32, 3.4], [2.55, 2.7, 2.72, 2.62, 1.50, 1.22, 1.05, 0.75])
    wide = np.interp(xs, [-3.4, -3.3, 2.2, 3.1, 3.33, 3.4], [0.93, 0.99, 1.0, 0.95, 0.86, 0.78])
    template = dense(rounded_rectangle(1.0, 0.3, 2.7, 0.26, 9), 0.02)
    rows = []
    for x, h, w in zip(xs, top, wide, strict=True):
        z = 0.34 + (template[:, 1] - 0.3) / 2.4 * (h - 0.34)
        tumble = 1 - 0.10 * np.clip((z - 1.25) / 1.4, 0, 1) ** 1.3
        rows.append(np.stack([np.full(len(z), x), template[:, 0] * w * tumble, z], axis=1))
    body = np.array(rows)

    def livery(x: Array, y: Array, z: Array) -> Where:
        side = np.abs(y) > 0.78
        window = (
            side & (z > 1.38) & (z < 2.22) & (np.abs(np.mod(x + 3.2, 1.12) - 0.56) < 0.51) & (x > -3.2) & (x < 1.25)
        )
        front = side & inside(x, z, [(1.32, 1.34), (1.32, 2.22), (1.62, 2.22), (2.22, 1.42), (2.15, 1.34)])
        height = np.interp(x, [1.6, 2.45], [2.62, 1.5])
        screen = (x > 1.68) & (x < 2.42) & (np.abs(z - height) < 0.12) & (np.abs(y) < 0.82)
        back = (x < -3.38) & (np.abs(y) < 0.75) & (z > 1.4) & (z < 2.2) & (np.abs(y) > 0.05)
        colors: Where = {}
        if stripe:
            colors[paint(*stripe)] = (z > 0.86) & (z < 1.14) & (x < 3.0)
        seam = side & (z > 0.5) & (z < 2.3) & ((np.abs(x - 1.28) < 0.015) | (np.abs(x - 2.28) < 0.012) & (z < 1.4))
        return colors | {
            DARK: seam,
            BLACK: (z < 0.48) | ((x > 3.33) & (z < 0.62)),
            GLASS: window | front | screen | back,
        }

    painted(model, loft(body, caps=False), shell, livery)
    painted(model, loft(face(body, 3.4), caps=False), shell, livery)
    painted(model, loft(face(body, -3.4, front=False), caps=False), shell, livery)
    model.add(BLACK, box((3.40, 0, 0.82), (0.10, 0.9, 0.22), 0.04), box((3.42, 0, 0.46), (0.14, 1.7, 0.2), 0.06))
    model.add(
        CHROME,
        box((3.46, 0, 0.82), (0.02, 0.8, 0.03)),
        revolve([(0.07, 0), (0.05, 0.02), (0.01, 0.02)], "x", 20, (3.46, 0, 0.83)),
    )
    model.add(LAMP, *both(ellipsoid((3.24, 0.68, 0.92), (0.14, 0.17, 0.13))))
    model.add(AMBER, *both(ellipsoid((3.16, 0.82, 0.95), (0.12, 0.06, 0.09))))
    model.add(RED_LAMP, *both(box((-3.42, 0.86, 1.05), (0.04, 0.1, 0.5), 0.02)))
    arches(model, (2.25, -1.9), 1.0, 0.43, BLACK)
    one = wheel(0.36, 0.24, 0, plastic(0.5, 0.5, 0.5))
    axle(model, 2.25, 0.905, one)
    axle(model, -1.9, 0.905, one)
    mirrors(model, 2.0, 1.0, 1.45, BLACK, 1.5)
    plate(model, 3.50, 0.5)
    model.add(matte(0.6, 0.6, 0.6), box((-0.8, 0, 2.78), (1.2, 1.2, 0.2), 0.08))
    model.add(STEEL, *both(box((0.4, 1.0, 1.1), (0.16, 0.03, 0.04))))
    model.lamps += [Lamp((3.5, y, 0.9), (1, 0, -0.05), 15000, 35) for y in (-0.7, 0.7)]
    return model
