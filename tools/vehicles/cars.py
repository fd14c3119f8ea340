"""Cars: one body generator and the profiles that make a saloon, an estate, a taxi, a coupé, a people carrier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
from vehicles.parts import Array, Lamp, Model, both, box, curve, ellipsoid, inside, loft, painted, prism, tube
from vehicles.profiles import SALOON, Profile
from vehicles.wheels import axle, flat_text, mirrors, plate, wheel


def _spline(points: Array, count: int) -> Array:
    """Catmull-Rom through control points (stations, k, 2), `count` samples a segment."""
    first, last = points[:, :1], points[:, -1:]
    padded = np.concatenate(
        [
            2 * first - points[:, 1:2],
            points,
            last * [-1.0, 1.0] + (points[:, -2:-1] * [1, 1] - points[:, -2:-1]) * 0 + [0, 0],
        ],
        axis=1,
    )
    padded[:, -1] = points[:, -2] * np.array([-1.0, 1.0])
    pieces = []
    t = np.linspace(0, 1, count, endpoint=False)[None, :, None]
    for k in range(points.shape[1] - 1):
        a, b, c, d = (padded[:, None, k + j] for j in range(4))
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*pieces, last], axis=1)


def shell(p: Profile) -> tuple[Array, Array]:
    """The body's sections and the arch line: loops open at the sill, from the left over the roof to the right."""
    half_length = p.length / 2
    t = np.linspace(-1, 1, 520)
    xs = half_length * np.sign(t) * (1 - (1 - np.abs(t)) ** 1.25)
    even = np.linspace(-half_length, half_length, 2000)
    top = np.interp(xs, even, curve(even, p.top, 0.09))
    belt = np.interp(xs, even, curve(even, p.belt, 0.25))
    belt = np.minimum(belt, top - 0.035)
    ends = np.abs(xs) / half_length
    half = p.width / 2 * (1 - 0.10 * ends**3 - 0.16 * np.clip((ends - 0.86) / 0.14, 0, 1) ** 2.2)
    low = p.sill + 0.10 * np.clip((ends - 0.9) / 0.1, 0, 1)
    for axle_x in p.axles:
        reach = p.wheel + 0.055
        arch = p.wheel + np.sqrt(np.clip(reach**2 - (xs - axle_x) ** 2, 0, None))
        low = np.where(np.abs(xs - axle_x) < reach, np.maximum(arch, low), low)
    cabin = np.clip((top - belt) / 0.45, 0, 1.3)
    tuck = np.clip((p.sill + 0.5 - low) / 0.5, 0, 1)
    roof_half = half * (0.93 - p.tumble * cabin - 0.08 * (1 - np.clip(cabin * 4, 0, 1)))
    crown = 0.025 + 0.03 * cabin
    rise = np.maximum(belt - low, 0.05)
    controls = np.stack(
        [
            np.stack([half * (1 - 0.06 * tuck), low], axis=1),
            np.stack([half * 0.995, low + rise * 0.35], axis=1),
            np.stack([half, low + rise * 0.68], axis=1),
            np.stack([half * 0.955, belt], axis=1),
            np.stack([roof_half, top - crown], axis=1),
            np.stack([roof_half * 0.55, top - crown * 0.22], axis=1),
            np.stack([np.zeros_like(top), top], axis=1),
        ],
        axis=1,
    )
    left = _spline(controls, 26)
    points = np.concatenate([left, (left * [-1.0, 1.0])[:, -2::-1]], axis=1)
    return np.concatenate([np.broadcast_to(xs[:, None, None], (*points.shape[:2], 1)), points], axis=2), low


def _end(sections: Array, front: bool) -> Array:
    loop = sections[-1] if front else sections[0]
    rings = []
    for k in np.linspace(1, 0, 60):
        ring = loop * np.array([1, k, 1])
        ring[:, 0] += (1 if front else -1) * 0.09 * (1 - k**2)
        rings.append(ring)
    return np.array(rings)


def car(p: Profile, color: Color, lit: bool = False, style: int = 0) -> Model:
    """A car of a given profile and colour; `style` varies grille, lamps and rims."""
    model = Model()
    skin = paint(*color, 0.3)
    sections, _ = shell(p)
    front, rear = p.length / 2, -p.length / 2
    nose = p.top[-2][1]
    tail = p.top[1][1]

    def livery(x: Array, y: Array, z: Array) -> dict[Material, NDArray[np.bool_]]:
        ay = np.abs(y)
        roofline = np.interp(x, [a for a, _ in p.top], [b for _, b in p.top])
        over = z > roofline - 0.075
        panes = np.zeros(x.shape, dtype=bool)
        frame = np.zeros(x.shape, dtype=bool)
        for polygon in p.glass:
            middle = np.mean(np.array(polygon), axis=0)
            panes |= inside(x, z, polygon)
            frame |= inside(x, z, [tuple(middle + (np.array(c) - middle) * [1.06, 1.10]) for c in polygon])
        limit = p.width / 2 * (0.93 - p.tumble * np.clip((roofline - 0.95) / 0.45, 0, 1.3)) - 0.07
        screen = over & (x > p.windscreen[0]) & (x < p.windscreen[1]) & (ay < limit)
        back = over & (x > p.rear_window[0]) & (x < p.rear_window[1]) & (ay < limit - 0.01)
        side = ay > 0.6
        seam = (
            side
            & (np.min([np.abs(x - d + 0.06 * (z - 0.6)) for d in p.doors], axis=0) < 0.008)
            & (z < np.interp(x, [a for a, _ in p.belt], [b for _, b in p.belt]) + 0.04)
            & (z > p.sill + 0.08)
        )
        bonnet = (x > p.windscreen[1] + 0.05) & (x < front - 0.22) & (np.abs(ay - 0.66 + 0.05 * x) < 0.008) & over
        lower = z < p.sill + 0.06
        mouth = (x > front - 0.10) & (z < nose - 0.26) & (z > p.sill + 0.07) & (ay < 0.62)
        grille = (
            (x > front - 0.12)
            & (np.abs(z - nose + 0.13) < (0.075, 0.05, 0.10)[style % 3])
            & (ay < (0.46, 0.36, 0.40)[style % 3])
        )
        plinth = (x < rear + 0.1) & (z < p.sill + 0.20)
        shut = (x < rear + 0.02) & (np.abs(z - 0.62) < 0.008) & (ay < 0.6)
        return {
            BLACK: lower | frame & side | plinth,
            DARK: seam | bonnet | mouth | grille | shut,
            GLASS: panes & side | screen | back,
        }

    for grid in (sections, _end(sections, True), _end(sections, False)):
        painted(model, loft(grid, closed=False, caps=False), skin, livery)
    _front(model, p, skin, front, nose, lit, style)
    _rear(model, p, rear, tail, lit)
    _below(model, p)
    for side in (-1, 1):
        for d in p.doors[1:]:
            belt = float(np.interp(d, *np.array(sorted(p.belt)).T))
            model.add(
                CHROME if style % 2 else skin,
                box((d + 0.16, side * p.width / 2 * 0.985, belt - 0.10), (0.19, 0.035, 0.028), 0.01),
            )
    first = p.glass[-1][-2][0] if p.glass else 0.80
    belt = float(np.interp(first, *np.array(sorted(p.belt)).T))
    mirrors(model, first - 0.10, p.width / 2 * 0.97, belt + 0.10, skin)
    if lit:  # keeps the lamps' light out of the wheel arches
        model.add(DARK, *[box((x, 0, 0.50), (0.04, p.width * 0.84, 0.56)) for x in (p.length * 0.43, -p.length * 0.43)])
    if not p.roof:
        _open_top(model, skin)
    return model


def _front(model: Model, p: Profile, skin: Material, front: float, nose: float, lit: bool, style: int) -> None:
    lamp = glow(55, 52, 44) if lit else LAMP
    y, z = p.width / 2 * 0.60, nose - 0.10
    model.add(DARK, *both(ellipsoid((front - 0.02, y, z), (0.09, 0.20, 0.075), 28)))
    model.add(lamp, *both(ellipsoid((front + 0.025, y - 0.07, z), (0.07, 0.085, 0.058), 24)))
    model.add(lamp, *both(ellipsoid((front - 0.01, y + 0.08, z), (0.08, 0.08, 0.055), 24)))
    model.add(AMBER, *both(ellipsoid((front - 0.10, y + 0.17, z), (0.10, 0.05, 0.035), 16)))
    wide = (0.44, 0.34, 0.38)[style % 3]
    for k in range(3):
        model.add(CHROME, box((front + 0.085, 0, nose - 0.13 + 0.04 * (k - 1)), (0.012, 2 * wide * 0.96, 0.009)))
    model.add(CHROME, ellipsoid((front + 0.10, 0, nose - 0.125), (0.015, 0.055, 0.045), 16))
    model.add(BLACK, box((front + 0.05, 0, p.sill + 0.10), (0.10, p.width * 0.66, 0.05), 0.02))
    model.add(
        lamp if lit else plastic(0.6, 0.6, 0.6, 0.05),
        *both(ellipsoid((front - 0.01, p.width / 2 * 0.56, p.sill + 0.16), (0.06, 0.06, 0.05), 16)),
    )
    plate(model, front + 0.115, nose - 0.30)
    model.lamps += [Lamp((front + 0.12, side * (y - 0.06), z), (1, 0, -0.05), 15000, 35) for side in (-1, 1)]


def _rear(model: Model, p: Profile, rear: float, tail: float, lit: bool) -> None:
    red = glow(4.0, 0.12, 0.08) if lit else RED_LAMP
    z = tail - 0.17
    model.add(red, *both(ellipsoid((rear + 0.01, p.width / 2 * 0.62, z), (0.11, 0.17, 0.08), 24)))
    model.add(
        plastic(0.6, 0.6, 0.58, 0.05), *both(ellipsoid((rear - 0.05, p.width / 2 * 0.44, z), (0.06, 0.06, 0.045), 14))
    )
    plate(model, rear - 0.105, 0.66, front=False)
    model.add(
        CHROME,
        box((rear - 0.09, 0, 0.76), (0.02, 0.7, 0.02)),
        *both(tube([[rear + 0.2, 0.5, 0.26], [rear + 0.05, 0.5, 0.26], [rear - 0.04, 0.5, 0.26]], 0.03)),
    )


def _below(model: Model, p: Profile) -> None:
    model.add(DARK, box((0, 0, p.sill + 0.12), (p.length * 0.92, p.width * 0.70, 0.2)))
    for x in p.axles:
        a = np.linspace(0, np.pi, 20)
        r = p.wheel + 0.06
        model.add(
            DARK,
            *both(
                prism(
                    [(x + r * np.cos(t), p.wheel * 0.9 + r * np.sin(t)) for t in a],
                    p.width * 0.28,
                    p.width / 2 - 0.22,
                    "y",
                )
            ),
        )
    one = wheel(p.wheel, 0.22, 5 if p.wheel < 0.34 else 7, STEEL)
    for x in p.axles:
        axle(model, x, p.width / 2 - 0.125, one)


def _open_top(model: Model, skin: Material) -> None:
    """What an open car shows: a raked windscreen in its frame, seats, a wheel, folded hood."""
    n = 14
    y = np.linspace(-0.72, 0.72, n)
    low = np.stack([0.98 - 0.10 * (y / 0.72) ** 2 - 0.05, y, np.full(n, 0.88)], axis=1)
    high = np.stack([0.30 - 0.08 * (y / 0.72) ** 2, y * 0.86, np.full(n, 1.23)], axis=1)
    model.add(GLASS, loft(np.stack([low, high]), closed=False, caps=False))
    model.add(
        skin,
        tube(high, 0.025),
        tube(np.array([low[0], (low[0] + high[0]) / 2, high[0]]), 0.03),
        tube(np.array([low[-1], (low[-1] + high[-1]) / 2, high[-1]]), 0.03),
    )
    leather = plastic(0.20, 0.07, 0.03, 0.4)
    model.add(
        matte(0.02, 0.02, 0.02), prism([(-0.9, 0.90), (0.45, 0.885), (0.45, 0.86), (-0.9, 0.86)], -0.66, 0.66, "y")
    )
    for side in (-0.36, 0.36):
        model.add(
            leather,
            box((-0.48, side, 0.98), (0.16, 0.46, 0.34), 0.07),
            box((-0.52, side, 1.20), (0.10, 0.24, 0.14), 0.05),
        )
    model.add(
        BLACK,
        tube([[0.28, 0.36 + 0.17 * np.cos(t), 0.97 + 0.15 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 20)], 0.014),
    )
    model.add(matte(0.03, 0.03, 0.03), box((-1.08, 0, 0.97), (0.42, 1.24, 0.10), 0.04))


def taxi(color: Color = (0.80, 0.42, 0.012), lit: bool = False) -> Model:
    """A yellow cab: the saloon with a roof sign, chequered band and lettering."""
    model = car(SALOON, color, lit, 0)
    model.add(glow(1.5, 1.3, 0.8) if lit else plastic(0.8, 0.78, 0.7), box((0.05, 0, 1.55), (0.24, 0.62, 0.16), 0.04))
    model.add(BLACK, box((0.05, 0, 1.465), (0.3, 0.7, 0.03)))
    flat_text(model, BLACK, (0.18, 0, 1.55), 4, 0.1, "y")
    for k in range(22):
        model.add(BLACK, *both(box((-1.0 + 0.1 * k, 0.915, 0.71 + 0.05 * (k % 2)), (0.1, 0.012, 0.05))))
    flat_text(model, BLACK, (-0.62, 0.915, 0.58), 4, 0.14)
    flat_text(model, BLACK, (-0.62, -0.915, 0.58), 4, 0.14)
    return model
