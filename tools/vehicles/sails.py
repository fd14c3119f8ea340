"""Sailing boats: a sloop, a schooner and a trimaran, with sails that belly, rigging and crew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vehicles.materials import BLACK, GLASS, STEEL, Color, Material, matte, plastic
from vehicles.parts import Array, Mesh, Model, box, ellipsoid, loft, painted, sheet, tube

CLOTH = matte(0.80, 0.79, 0.75)
SEAM = matte(0.55, 0.54, 0.50)
WOOD = plastic(0.28, 0.13, 0.05)
SPAR = plastic(0.55, 0.56, 0.58)


def boat_hull(length: float, beam: float, board: float, depth: float = 0.5, transom: float = 0.75) -> Array:
    """Sections of a yacht's hull: fine bow with overhang, round bilge, open at the deck."""
    t = np.linspace(0, 1, 70)
    rows = []
    for s in t:
        x = length * (s - 0.5)
        half = beam / 2 * min(1.0, transom + (1 - transom) * s * 2.6) * (1 - max(0.0, (s - 0.42) / 0.58) ** 2.2)
        keel = -depth * (1 - max(0.0, (s - 0.55) / 0.45) ** 2) * min(1.0, 0.2 + s * 3)
        top = board * (1 + 0.28 * s**2)
        angle = np.linspace(0, np.pi, 27)
        y = half * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.55
        z = top - (top - keel) * np.sin(angle) ** 1.3
        overhang = 0.09 * length * max(0.0, s - 0.7) / 0.3 * (z - keel) / (top - keel)
        rows.append(np.stack([x + overhang, y, z], axis=1))
    return np.array(rows)


def sail(
    tack: Sequence[float],
    clew: Sequence[float],
    head: Sequence[float],
    belly: float,
    side: float = 1.0,
    peak: Sequence[float] | None = None,
) -> Mesh:
    """A sail between its corners (a fourth, the peak, for a gaff sail) that the wind bellies to one side."""
    n = 36
    u, v = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    a, b, c = (np.asarray(p, dtype=float) for p in (tack, clew, head))
    d = np.asarray(peak, dtype=float) if peak is not None else c + (b - a) * 0.03
    low, high = a + u[..., None] * (b - a), c + u[..., None] * (d - c)
    points = low * (1 - v[..., None]) + high * v[..., None]
    chord = float(np.linalg.norm(b - a))
    roach = 0.10 * chord * np.sin(np.pi * v) * u
    points[..., 0] -= roach * np.sign(a[0] - b[0])
    points[..., 1] += (
        side * belly * chord * np.sin(np.pi * np.clip(u, 0, 1) ** 0.75) * np.sin(np.pi * (0.12 + 0.83 * v))
    )
    return sheet(points)


def _set(model: Model, mesh: Mesh, cloth: Material = CLOTH, panels: float = 1.6) -> None:
    low = mesh[0][:, 2].min()

    def seams(x: Array, y: Array, z: Array) -> dict[Material, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        return {SEAM: np.mod((z - low) + 0.12 * x, panels) < 0.05}

    fine = _refined(_refined(mesh))
    painted(model, fine, cloth, seams)


def _refined(mesh: Mesh) -> Mesh:
    vertices, faces = mesh
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    pieces = np.concatenate([np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return pieces.reshape(-1, 3), np.arange(len(pieces) * 3).reshape(-1, 3)


def _deck(sections: Array, drop: float = 0.06) -> Mesh:
    deck = np.stack([sections[:, 0], sections[:, -1]], axis=1)
    deck[..., 2] -= drop
    return loft(deck, closed=False)


def _crew(model: Model, x: float, y: float, z: float, coat: Color) -> None:
    model.add(matte(*coat), ellipsoid((x, y, z + 0.45), (0.2, 0.25, 0.42), 12))
    model.add(matte(0.5, 0.32, 0.23), ellipsoid((x, y, z + 1.0), (0.12, 0.12, 0.14), 10))


def _stay(model: Model, a: Sequence[float], b: Sequence[float], radius: float = 0.012) -> None:
    pa, pb = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    model.add(STEEL, tube([pa, (pa + pb) / 2, pb], radius, 5))


def _heel(model: Model, degrees: float) -> Model:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rotation = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    result = Model(lamps=list(model.lamps))
    for material, (vertices, faces) in model.meshes:
        result.add(material, (vertices @ rotation.T, faces))
    return result


def sloop(color: Color = (0.78, 0.78, 0.76), heel: float = 9.0, cloth: Material = CLOTH) -> Model:
    """A 12 m yacht under mainsail and jib."""
    model = Model()
    sections = boat_hull(12, 3.6, 1.15)
    hull, stripe = plastic(*color, 0.1), plastic(0.05, 0.08, 0.25)
    painted(
        model,
        loft(sections, closed=False),
        hull,
        lambda x, y, z: {stripe: np.abs(z - 0.85 - 0.02 * x) < 0.06, plastic(0.25, 0.03, 0.03): z < 0.12},
    )
    model.add(
        hull, loft(np.array([sections[0], np.broadcast_to(sections[0].mean(axis=0), sections[0].shape)]), closed=False)
    )
    model.add(matte(0.42, 0.30, 0.17), _deck(sections))
    white = plastic(0.75, 0.75, 0.73)
    model.add(white, box((0.6, 0, 1.42), (4.2, 1.9, 0.55), 0.2))
    model.add(GLASS, *[box((x, y, 1.45), (0.9, 0.02, 0.22)) for x in (-0.6, 0.7, 1.9) for y in (-0.96, 0.96)])
    model.add(
        SPAR,
        tube([[0.9, 0, 1.2], [0.9, 0, 9], [0.85, 0, 16.8]], 0.085),
        tube([[0.8, 0, 2.5], [-1.7, 0.5, 2.45], [-4.2, 1.0, 2.4]], 0.07),
    )
    _set(model, sail((0.75, 0, 2.65), (-4.1, 0.95, 2.55), (0.78, 0, 16.3), 0.11), cloth)
    _set(model, sail((6.3, 0, 1.75), (0.0, 1.1, 2.2), (1.05, 0, 14.4), 0.12), cloth)
    for y in (-1.55, 1.55):
        _stay(model, (0.7, y, 1.3), (0.87, 0, 16.0))
        _stay(model, (0.7, y, 1.3), (0.9, y * 0.5, 8.0))
        _stay(model, (0.9, y * 0.5, 8.0), (0.9, 0, 8.0), 0.02)
        for x in np.linspace(-5.4, 5.0, 8):
            wide = 1.72 * (1 - max(0.0, (x + 1) / 7.2) ** 2.2)
            _stay(model, (x, np.sign(y) * wide, 1.2), (x, np.sign(y) * wide, 1.85), 0.015)
        model.add(
            STEEL,
            tube(
                [
                    [x, np.sign(y) * 1.72 * (1 - max(0.0, (x + 1) / 7.2) ** 2.2), 1.85]
                    for x in np.linspace(-5.4, 5.4, 14)
                ],
                0.012,
                4,
            ),
        )
    _stay(model, (6.6, 0, 1.6), (0.87, 0, 16.5))
    _stay(model, (-6.0, 0, 1.2), (0.85, 0, 16.8))
    _crew(model, -3.6, -0.7, 1.0, (0.5, 0.04, 0.03))
    _crew(model, -2.6, -0.9, 1.0, (0.05, 0.08, 0.3))
    return _heel(model, heel)


def schooner(color: Color = (0.02, 0.035, 0.03), heel: float = 6.0, cloth: Material = CLOTH) -> Model:
    """A 26 m gaff schooner with two masts, bowsprit and three headsails."""
    model = Model()
    sections = boat_hull(26, 6.0, 2.1, 0.8, 0.55)
    painted(
        model,
        loft(sections, closed=False),
        plastic(*color, 0.12),
        lambda x, y, z: {
            plastic(0.7, 0.66, 0.5): np.abs(z - 1.75 - 0.0009 * (x + 13) ** 2) < 0.10,
            plastic(0.28, 0.05, 0.03): z < 0.2,
        },
    )
    model.add(
        plastic(*color, 0.12),
        loft(np.array([sections[0], np.broadcast_to(sections[0].mean(axis=0), sections[0].shape)]), closed=False),
    )
    model.add(matte(0.42, 0.29, 0.16), _deck(sections, 0.3))
    model.add(plastic(0.7, 0.68, 0.62), box((-5, 0, 2.4), (5, 2.4, 1.0), 0.2), box((2, 0, 2.4), (3, 2.2, 0.9), 0.2))
    model.add(GLASS, *[box((x, y, 2.5), (0.6, 0.02, 0.4)) for x in (-6.6, -5.3, -4, 1.4, 2.6) for y in (-1.22, 1.22)])
    for x, top in ((-3.0, 23.0), (5.0, 21.5)):
        model.add(WOOD, tube([[x, 0, 1.8], [x - 0.2, 0, 11], [x - 0.5, 0, top]], [0.22, 0.2, 0.08]))
    _set(model, sail((-3.5, 0, 4.0), (-14.0, 1.5, 3.8), (-3.5, 0, 15.0), 0.07, peak=(-11.0, 1.4, 19.5)), cloth)
    _set(model, sail((4.6, 0, 4.0), (-2.4, 1.3, 3.8), (4.5, 0, 14.5), 0.08, peak=(-1.5, 1.2, 18.5)), cloth)
    model.add(
        WOOD,
        tube([[-3.2, 0, 3.8], [-9, 0.8, 3.7], [-14.4, 1.5, 3.6]], 0.15),
        tube([[-3.2, 0, 15.1], [-7, 0.7, 17.3], [-11.2, 1.4, 19.7]], 0.12),
    )
    model.add(
        WOOD,
        tube([[4.8, 0, 3.8], [1, 0.7, 3.7], [-2.5, 1.3, 3.6]], 0.13),
        tube([[4.7, 0, 14.6], [1.5, 0.6, 16.6], [-1.7, 1.2, 18.7]], 0.1),
    )
    model.add(WOOD, tube([[12.5, 0, 2.7], [16, 0, 3.3], [20, 0, 4.0]], [0.2, 0.16, 0.1]))
    for x0, z0, clew, head in (
        (13.5, 3.2, (6.6, 1.3, 3.6), (5.2, 0, 14.5)),
        (16.6, 3.7, (9.5, 1.5, 4.0), (5.1, 0, 17.0)),
        (19.6, 4.1, (12.6, 1.5, 4.6), (5.0, 0, 19.6)),
    ):
        _set(model, sail((x0, 0, z0), clew, head, 0.10), cloth)
        _stay(model, (x0, 0, z0), head, 0.025)
    for x, top in ((-3.0, 21.0), (5.0, 20.0)):
        for y in (-2.9, 2.9):
            for dx in (-0.8, 0, 0.8):
                _stay(model, (x + dx, y, 2.3), (x - 0.4, 0, top * 0.8), 0.03)
            for k in range(1, 9):
                w = 1 - k / 10.5
                model.add(
                    BLACK,
                    tube(
                        [
                            [x - 0.8 * w, y * w, 2.3 + 1.4 * k],
                            [x, y * w, 2.3 + 1.4 * k],
                            [x + 0.8 * w, y * w, 2.3 + 1.4 * k],
                        ],
                        0.02,
                        4,
                    ),
                )
    for x, y in ((-10, -0.8), (-8.6, 0.9), (0, -1.2), (8, 0.6)):
        _crew(model, x, y, 2.0, (0.08, 0.1, 0.25))
    return _heel(model, heel)


def trimaran(color: Color = (0.70, 0.08, 0.03), cloth: Material = CLOTH) -> Model:
    """A 15 m racing trimaran: three slim hulls, cross beams, a tall rig."""
    model = Model()
    shell = plastic(*color, 0.08)
    main = boat_hull(15, 1.7, 1.3, 0.4, 0.6)
    model.add(shell, loft(main, closed=False), _deck(main))
    for side in (-1, 1):
        sections = boat_hull(12.5, 0.8, 1.1, 0.3, 0.35) + np.array([0.6, side * 5.2, 0.1])
        model.add(shell, loft(sections, closed=False), _deck(sections))
        for x in (-2.6, 2.6):
            model.add(shell, tube([[x, 0, 1.3], [x + 0.2, side * 2.6, 1.75], [x, side * 5.2, 1.2]], [0.34, 0.28, 0.22]))
        model.add(
            matte(0.03, 0.03, 0.03), sheet(np.array([[[x, side * y, 1.25] for y in (0.6, 5.0)] for x in (-2.4, 2.4)]))
        )
    model.add(plastic(0.05, 0.05, 0.06), box((0, 0, 1.55), (3.2, 1.1, 0.5), 0.2))
    model.add(BLACK, tube([[1.4, 0, 1.3], [1.3, 0, 11], [1.1, 0, 21]], [0.16, 0.15, 0.1]))
    _set(model, sail((1.2, 0, 2.6), (-5.8, 1.2, 2.5), (0.9, 0, 20.4), 0.10, peak=(-1.6, 0.7, 20.2)), cloth)
    _set(model, sail((8.0, 0, 1.9), (1.0, 1.6, 2.3), (1.4, 0, 17.8), 0.12), cloth)
    model.add(BLACK, tube([[1.3, 0, 2.4], [-2.5, 0.6, 2.35], [-6.0, 1.2, 2.35]], 0.1))
    for out in (-5.2, 5.2):
        _stay(model, (-0.5, out, 1.3), (1.2, 0, 17.5), 0.02)
    _crew(model, -3.6, 0.3, 1.2, (0.6, 0.45, 0.05))
    _crew(model, -4.4, -0.3, 1.2, (0.6, 0.45, 0.05))
    return _heel(model, 7)
