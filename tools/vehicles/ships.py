"""Ships: a container ship, an ocean liner and a bulk carrier, each from a lofted hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vehicles.materials import BLACK, DARK, GLASS, STEEL, Color, Material, matte, paint, plastic
from vehicles.parts import Array, Model, box, loft, painted, prism, revolve, tube

BOXES: tuple[Color, ...] = (
    (0.45, 0.06, 0.04), (0.05, 0.12, 0.32), (0.62, 0.60, 0.56), (0.08, 0.25, 0.14), (0.55, 0.25, 0.05),
    (0.30, 0.07, 0.06), (0.08, 0.22, 0.36), (0.42, 0.36, 0.28), (0.60, 0.48, 0.08), (0.20, 0.22, 0.24),
)  # fmt: skip


def hull(length: float, beam: float, deck: float, sheer: float, flare: float = 0.5, stern: float = 0.85) -> Array:
    """Sections (n, m, 3) of a ship's hull, from 2 m under water to the deck, bow at +x, waterline at z = 0."""
    xs = np.linspace(-length / 2, length / 2, 160)
    t = (xs + length / 2) / length
    top = np.minimum(1.0, stern + (1 - stern) * t * 8) * np.clip((1 - t) / 0.16, 0, 1) ** 0.62
    low = np.clip(t / 0.13, 0, 1) ** 0.6 * np.clip((1 - t) / 0.22, 0, 1) ** 0.85
    height = deck + sheer * np.clip((t - 0.82) / 0.18, 0, 1) ** 1.5 + 0.2 * sheer * np.clip((0.1 - t) / 0.1, 0, 1)
    rows = []
    for x, wide, narrow, h, along in zip(xs, top, low, height, t, strict=True):
        z = np.linspace(-2.0, h, 28)
        s = np.clip(z / h, 0, 1) ** (1 + flare)
        y = beam / 2 * (narrow * (1 - s) + wide * s)
        rake = 0.05 * length * np.clip((along - 0.85) / 0.15, 0, 1) ** 2 * (z / h)
        port = np.stack([x + rake, y, z], axis=1)
        starboard = port[::-1] * np.array([1, -1, 1])
        rows.append(np.vstack([port, starboard]))
    return np.array(rows)


def _hull(model: Model, sections: Array, side: Material, boot: Material, stripe: Material | None, line: float) -> None:
    """Put a hull in: the boot topping under the waterline, an optional stripe, a deck."""

    def livery(x: Array, y: Array, z: Array) -> dict[Material, NDArray[np.bool_]]:
        colors: dict[Material, NDArray[np.bool_]] = {boot: z < 1.1}
        if stripe:
            colors[stripe] = np.abs(z - line) < 0.35
        return colors

    painted(model, loft(sections, caps=True), side, livery)
    half = sections.shape[1] // 2
    deck = np.stack([sections[:, half - 1], sections[:, half]], axis=1)
    deck[..., 2] -= 0.9
    model.add(matte(0.20, 0.11, 0.08), loft(deck, closed=False))


def _rails(model: Model, x0: float, x1: float, y: float, z: float, posts: int = 12) -> None:
    for side in (-y, y):
        for h in (0.5, 1.0):
            model.add(STEEL, tube([[x0, side, z + h], [(x0 + x1) / 2, side, z + h], [x1, side, z + h]], 0.06, 4))
        for x in np.linspace(x0, x1, posts):
            model.add(STEEL, box((x, side, z + 0.5), (0.1, 0.1, 1.0)))


def _tower(model: Model, x: float, beam: float, z: float, storeys: int, depth: float) -> None:
    """A white accommodation block with rows of windows, bridge wings, mast and radar."""
    white = plastic(0.74, 0.74, 0.71)
    for k in range(storeys):
        base = z + 2.9 * k
        model.add(white, box((x, 0, base + 1.4), (depth - 0.25 * k, beam * 0.62, 2.8), 0.15))
        model.add(matte(0.55, 0.55, 0.53), box((x, 0, base + 2.85), (depth + 1.2, beam * 0.68, 0.14)))
        if k % 2 == 0:
            _rails(model, x - depth / 2 - 0.5, x + depth / 2 + 0.5, beam * 0.34, base + 2.9)
        front = x + (depth - 0.25 * k) / 2 + 0.01
        model.add(
            GLASS, *[box((front, y, base + 1.6), (0.1, 1.1, 1.0)) for y in np.linspace(-beam * 0.27, beam * 0.27, 9)]
        )
        for side in (-1, 1):
            where = side * beam * 0.31
            model.add(
                GLASS,
                *[
                    box((x + dx, where, base + 1.6), (0.9, 0.1, 0.9))
                    for dx in np.linspace(-depth / 2 + 1, depth / 2 - 1, 4)
                ],
            )
    roof = z + 2.9 * storeys
    model.add(white, box((x + 0.6, 0, roof + 1.5), (depth * 0.7, beam * 1.0, 2.6), 0.2))
    model.add(GLASS, box((x + 0.6 + depth * 0.35, 0, roof + 1.9), (0.12, beam * 0.96, 1.1)))
    for side in (-1, 1):
        model.add(GLASS, box((x + 0.6, side * beam * 0.501, roof + 1.9), (depth * 0.6, 0.1, 1.1)))
    model.add(white, tube([[x, 0, roof + 2.8], [x, 0, roof + 6], [x, 0, roof + 10]], [0.5, 0.35, 0.15]))
    model.add(white, box((x, 0, roof + 6.2), (0.5, 4.5, 0.4)), box((x, 0, roof + 8.4), (0.4, 2.6, 0.3)))


def container_ship(color: Color = (0.03, 0.07, 0.16), seed: int = 0, bays: int = 12) -> Model:
    """A 190 m container ship with its stacks and a bridge aft."""
    rng = np.random.default_rng(seed)
    model = Model()
    sections = hull(190, 30, 9.5, 4.5)
    _hull(model, sections, plastic(*color, 0.3), plastic(0.30, 0.05, 0.035), plastic(0.6, 0.6, 0.58), 8.4)
    start, pitch = -48.0, 12.9 * 10 / bays
    for bay in range(bays):
        x = start + bay * pitch
        across = 10 if bay < bays - 3 else (9 if bay < bays - 2 else 7 if bay < bays - 1 else 5)
        tiers = int(rng.integers(4, 7)) if bay < bays - 2 else 3
        model.add(matte(0.12, 0.12, 0.12), box((x + pitch / 2 - 0.3, 0, 12), (0.5, across * 2.55, 8)))
        for row in range(across):
            for tier in range(max(1, tiers - int(rng.random() < 0.2))):
                r, g, b = BOXES[int(rng.integers(len(BOXES)))]
                y = (row - (across - 1) / 2) * 2.62
                center = (x, y, 11.2 + 2.68 * tier)
                model.add(matte(r, g, b), box(center, (pitch * 0.91, 2.44, 2.59), 0.06))
                if row in (0, across - 1):
                    out = 1.25 if row else -1.25
                    shade = matte(r * 0.7, g * 0.7, b * 0.7)
                    model.add(
                        shade,
                        *[
                            box((x + dx, y + out, center[2]), (0.14, 0.06, 2.3))
                            for dx in np.linspace(-pitch * 0.4, pitch * 0.4, 9)
                        ],
                    )
    _tower(model, -64, 29, 8.8, 7, 11)
    model.add(plastic(*color), box((-77, 0, 21), (7, 8, 16), 0.8))
    model.add(BLACK, *[tube([[-77.0, y, 28.0], [-77.5, y, 30.0], [-78.0, y, 32.0]], 0.9) for y in (-2, 2)])
    model.add(plastic(0.6, 0.6, 0.58), tube([[86, 0, 12], [86, 0, 17], [86, 0, 23]], [0.6, 0.4, 0.2]))
    _rails(model, -92, -82, 13, 8.8)
    return model


def liner(color: Color = (0.78, 0.78, 0.76), funnel: Color = (0.05, 0.10, 0.35), decks: int = 7) -> Model:
    """A passenger liner: white decks of balconies and portholes, lifeboats, a raked funnel."""
    model = Model()
    sections = hull(230, 31, 13, 4.0, flare=0.8, stern=0.7)
    half = sections.shape[1]
    side = plastic(*color, 0.25)
    portholes = np.arange(-95, 90, 3.0)

    def livery(x: Array, y: Array, z: Array) -> dict[Material, NDArray[np.bool_]]:
        return {plastic(0.05, 0.08, 0.22): z < 1.4, plastic(0.06, 0.10, 0.35): np.abs(z - 11.8) < 0.25}

    painted(model, loft(sections), side, livery)
    deck = np.stack([sections[:, half // 2 - 1], sections[:, half // 2]], axis=1)
    model.add(matte(0.35, 0.24, 0.14), loft(deck, closed=False))
    for z in (6.0, 9.0):
        for x in portholes:
            t = (x + 115) / 230
            wide = 15.55 * min(1.0, 0.7 + 2.4 * t) * min(1.0, max(0.0, (1 - t) / 0.25)) ** 0.5
            if t < 0.80:
                model.add(DARK, *[box((x, s * wide, z), (0.9, 0.5, 0.9), 0.2) for s in (-1, 1)])
    white = plastic(0.80, 0.80, 0.78)
    for k in range(decks):
        aft, fore = -100 + 4.5 * k, 74 - 4.2 * k
        base = 13 + 2.9 * k
        width = 30 - (0 if k < 5 else 3 * (k - 4))
        outline = [
            (aft, -width / 2),
            (fore - 9, -width / 2),
            (fore, -width / 4),
            (fore, width / 4),
            (fore - 9, width / 2),
            (aft, width / 2),
        ]
        inner = [(x * 0.995, y * 0.93) for x, y in outline]
        model.add(white, prism(outline, base + 2.5, base + 2.9, "z"), prism(inner, base, base + 2.5, "z"))
        model.add(
            white,
            *[box((0.5 * (aft + fore - 9), s * width / 2, base + 0.45), (fore - 9 - aft, 0.12, 0.9)) for s in (-1, 1)],
        )
        for x in np.arange(aft + 2, fore - 9, 3.4):
            for s in (-1, 1):
                model.add(GLASS, box((x, s * width * 0.466, base + 1.2), (2.2, 0.2, 2.0)))
                model.add(white, box((x + 1.7, s * width * 0.485, base + 1.3), (0.2, width * 0.03, 2.6)))
        model.add(
            GLASS,
            *[
                box((fore * 0.995 + 0.05, y, base + 1.4), (0.3, 2.0, 1.3))
                for y in np.linspace(-width / 4.6, width / 4.6, 5)
            ],
        )
    orange = plastic(0.75, 0.22, 0.03)
    for x in np.arange(-62, 42, 13.0):
        for s in (-1, 1):
            boat = loft(
                np.array(
                    [
                        [
                            [x + u, s * 15.6 + 1.5 * w * np.cos(a), 16.2 + 1.2 * w * np.sin(a)]
                            for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
                        ]
                        for u, w in ((-4.6, 0.3), (-4, 0.85), (0, 1), (4, 0.85), (4.6, 0.3))
                    ]
                )
            )
            model.add(orange, boat)
    top = 13 + 2.9 * decks
    model.add(white, box((58 - 4.2 * decks + 12, 0, top + 1.2), (14, 31, 2.6), 0.3))
    model.add(GLASS, box((58 - 4.2 * decks + 19.05, 0, top + 1.5), (0.2, 29, 1.2)))
    stack = [
        [
            [-38 - 0.45 * h + 8 * c * np.cos(a), 4.2 * c * np.sin(a), top + h]
            for a in np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ]
        for h, c in ((0, 1.1), (6, 1.0), (12, 0.9))
    ]
    model.add(paint(*funnel), loft(np.array(stack)))
    cap = [
        [
            [-38 - 0.45 * h + 8 * c * np.cos(a), 4.2 * c * np.sin(a), top + h]
            for a in np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ]
        for h, c in ((10.5, 0.94), (12.2, 0.92))
    ]
    model.add(BLACK, loft(np.array(cap)))
    model.add(
        white,
        tube([[10, 0, top], [8, 0, top + 7], [6, 0, top + 14]], [0.9, 0.6, 0.2]),
        box((8, 0, top + 8), (0.8, 8, 0.5)),
    )
    model.add(white, revolve([(0, 3), (2, 2.2), (2.6, 0), (2, -2)], "z", 16, (-8, 0, top + 2)))
    return model


def bulk_carrier(color: Color = (0.24, 0.045, 0.03)) -> Model:
    """A 160 m bulk carrier with hatches and four deck cranes."""
    model = Model()
    _hull(
        model, hull(160, 26, 8.0, 4.0), plastic(*color, 0.35), plastic(0.10, 0.03, 0.03), plastic(0.6, 0.6, 0.58), 7.2
    )
    sand, crane = matte(0.36, 0.13, 0.07), plastic(0.62, 0.45, 0.08)
    for x in (-32.0, -9.0, 14.0, 37.0):
        model.add(sand, box((x, 0, 8.9), (16, 15, 2.6), 0.3))
        model.add(matte(0.25, 0.09, 0.05), *[box((x + d, 0, 10.3), (0.5, 15, 0.3)) for d in (-4, 0, 4)])
    for x in (-20.5, 2.5, 25.5, 48.0):
        model.add(crane, box((x, 0, 12), (2.6, 2.6, 12)), box((x, 0, 19.5), (4, 4, 4), 0.4))
        model.add(crane, tube([[x + 2, 0, 19], [x + 10, 0, 22], [x + 19, 0, 25.5]], [0.9, 0.7, 0.4], 4))
        model.add(STEEL, tube([[x, 0, 22], [x + 9, 0, 24], [x + 19, 0, 25.6]], 0.12, 4))
    _tower(model, -58, 25, 7.2, 5, 10)
    model.add(plastic(*color), box((-68, 0, 17), (5, 6, 12), 0.6))
    model.add(BLACK, tube([[-68.0, 0.0, 22.0], [-68.4, 0.0, 24.0], [-69.0, 0.0, 26.0]], 1.1))
    model.add(plastic(0.6, 0.6, 0.58), tube([[72, 0, 11], [72, 0, 15], [72, 0, 20]], [0.5, 0.35, 0.2]))
    return model
