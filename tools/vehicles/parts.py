"""The smallest words: meshes (boxes, lofts, revolved profiles, tubes) and the model that collects them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vehicles.materials import Material

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int64]]
"""Vertices (n, 3) in metres (x forward, y left, z up) and triangles (m, 3)."""


@dataclass(frozen=True)
class Lamp:
    """A lamp that throws light: `candela` along `direction`, falling to nothing at `beam` degrees off it."""

    position: tuple[float, float, float]
    direction: tuple[float, float, float]
    candela: float
    beam: float = 40.0
    color: tuple[float, float, float] = (1.0, 0.93, 0.8)


@dataclass
class Model:
    """A vehicle or a piece of scenery: triangles by material, and the lamps that it carries."""

    meshes: list[tuple[Material, Mesh]] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)

    def add(self, material: Material, *meshes: Mesh) -> None:
        """Put meshes of one material into the model."""
        self.meshes.extend((material, mesh) for mesh in meshes)

    def place(self, other: Model, at: Sequence[float] = (0, 0, 0), turn: float = 0.0, scale: float = 1.0) -> None:
        """Put another model into this one, turned by `turn` degrees about z and moved."""
        for material, mesh in other.meshes:
            self.add(material, move(turned(scaled(mesh, scale), turn), at))
        rotation = _rotation(turn)
        for lamp in other.lamps:
            x, y, z = rotation @ (np.array(lamp.position) * scale) + np.array(at, dtype=float)
            dx, dy, dz = rotation @ np.array(lamp.direction)
            self.lamps.append(Lamp((x, y, z), (dx, dy, dz), lamp.candela, lamp.beam, lamp.color))

    def vertices(self) -> Array:
        """All vertices, for framing."""
        return np.concatenate([mesh[0] for _, mesh in self.meshes])

    def by_material(self) -> dict[Material, Mesh]:
        """One merged mesh per material."""
        groups: dict[Material, list[Mesh]] = {}
        for material, mesh in self.meshes:
            groups.setdefault(material, []).append(mesh)
        return {material: merged(meshes) for material, meshes in groups.items()}


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(v) for v, _ in meshes)])
    faces = [f + start for (_, f), start in zip(meshes, starts, strict=False)]
    return np.concatenate([v for v, _ in meshes]), np.concatenate(faces)


def _rotation(degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def move(mesh: Mesh, by: Sequence[float]) -> Mesh:
    """The mesh, translated."""
    return mesh[0] + np.asarray(by, dtype=float), mesh[1]


def turned(mesh: Mesh, degrees: float) -> Mesh:
    """The mesh, turned about the vertical axis."""
    return mesh[0] @ _rotation(degrees).T, mesh[1]


def scaled(mesh: Mesh, factor: float) -> Mesh:
    """The mesh, scaled about the origin."""
    return mesh[0] * factor, mesh[1]


def mirrored(mesh: Mesh) -> Mesh:
    """The mesh on the other side of the vehicle (y → -y)."""
    return mesh[0] * np.array([1.0, -1.0, 1.0]), mesh[1][:, ::-1]


def both(mesh: Mesh) -> tuple[Mesh, Mesh]:
    """A mesh and its mirror image."""
    return mesh, mirrored(mesh)


def flat(mesh: Mesh) -> Mesh:
    """The same triangles without shared vertices, so that every edge is sharp."""
    vertices, faces = mesh
    return vertices[faces.ravel()], np.arange(faces.size).reshape(-1, 3)


def _grid_faces(rows: int, columns: int, closed: bool) -> NDArray[np.int64]:
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j
    quads = np.stack([a, b, c, a, c, d], axis=-1)
    return quads.reshape(-1, 3)


def loft(sections: ArrayLike, closed: bool = True, caps: bool = True) -> Mesh:
    """A skin over sections (n, m, 3); closed sections are loops, caps close both ends with a fan."""
    points = np.asarray(sections, dtype=float)
    rows, columns, _ = points.shape
    mesh: Mesh = (points.reshape(-1, 3), _grid_faces(rows, columns, closed))
    if not (caps and closed):
        return mesh
    return merged([mesh, fan(points[0][::-1]), fan(points[-1])])


def fan(loop: ArrayLike) -> Mesh:
    """A flat face over a loop of points that its centre sees whole."""
    points = np.asarray(loop, dtype=float)
    n = len(points)
    rim = np.arange(n)
    faces = np.stack([rim, (rim + 1) % n, np.full(n, n)], axis=1)
    return flat((np.vstack([points, points.mean(axis=0)]), faces))


def box(center: Sequence[float], size: Sequence[float], bevel: float = 0.0) -> Mesh:
    """A box by its centre and size, its edges chamfered by `bevel`."""
    hx, hy, hz = (s / 2 for s in size)
    b = min(bevel, hx * 0.9, hy * 0.9, hz * 0.9)

    def ring(inset: float, z: float) -> Array:
        x, y = hx - inset, hy - inset
        return np.array(
            [
                [x, -y + b, z],
                [x, y - b, z],
                [x - b, y, z],
                [-x + b, y, z],
                [-x, y - b, z],
                [-x, -y + b, z],
                [-x + b, -y, z],
                [x - b, -y, z],
            ]
        )

    rings = [ring(0, -hz), ring(0, hz)] if b == 0 else [ring(b, -hz), ring(0, b - hz), ring(0, hz - b), ring(b, hz)]
    return move(flat(loft(np.array(rings))), center)


def prism(outline: ArrayLike, low: float, high: float, axis: str = "y") -> Mesh:
    """An outline extruded along an axis: in (x, z) for axis y, (x, y) for z, (y, z) for x."""
    points = np.asarray(outline, dtype=float)
    loops = []
    for value in (low, high):
        columns = [points[:, 0], points[:, 1]]
        columns.insert({"x": 0, "y": 1, "z": 2}[axis], np.full(len(points), value))
        loops.append(np.stack(columns, axis=1))
    return flat(loft(np.array(loops)))


def revolve(profile: ArrayLike, axis: str = "y", segments: int = 40, center: Sequence[float] = (0, 0, 0)) -> Mesh:
    """A profile of (radius, along) pairs turned about an axis through `center`."""
    r, along = np.asarray(profile, dtype=float).T
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    u = r[:, None] * np.cos(angle)
    v = r[:, None] * np.sin(angle)
    a = np.broadcast_to(along[:, None], u.shape)
    order = {"x": (a, u, v), "y": (u, a, v), "z": (u, v, a)}[axis]
    return move(loft(np.stack(order, axis=-1), caps=False), center)


def tube(path: ArrayLike, radius: float | Sequence[float], segments: int = 8) -> Mesh:
    """A round bar along a path; a sequence of radii tapers it."""
    points = np.asarray(path, dtype=float)
    radii = np.broadcast_to(np.asarray(radius, dtype=float), (len(points),))
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    side = np.cross(tangent, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, tangent)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)[:, None]
    rings = [
        p + r * (np.cos(angle) * s + np.sin(angle) * u) for p, r, s, u in zip(points, radii, side, up, strict=True)
    ]
    return loft(np.array(rings))


def ellipsoid(center: Sequence[float], radii: Sequence[float], segments: int = 24) -> Mesh:
    """An ellipsoid by its centre and three radii."""
    t = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    vertices, faces = revolve(np.stack([np.cos(t), np.sin(t)], axis=1), "z", segments)
    return move((vertices * np.asarray(radii, dtype=float), faces), center)


def sheet(points: ArrayLike) -> Mesh:
    """An open surface over a grid of points (n, m, 3)."""
    return loft(points, closed=False, caps=False)


Painter = Callable[[Array, Array, Array], dict[Material, NDArray[np.bool_]]]
"""Says, from the coordinates of face centres, which faces get which material; later entries win."""


def painted(model: Model, mesh: Mesh, base: Material, painter: Painter) -> None:
    """Add a dense mesh whose faces take their material from where they lie, like paint on a body."""
    vertices, faces = mesh
    x, y, z = vertices[faces].mean(axis=1).T
    choice = np.zeros(len(faces), dtype=int)
    names = [base]
    for material, where in painter(x, y, z).items():
        names.append(material)
        choice[where] = len(names) - 1
    for index, material in enumerate(names):
        chosen = faces[choice == index]
        if len(chosen):
            used, renumbered = np.unique(chosen, return_inverse=True)
            model.add(material, (vertices[used], renumbered.reshape(-1, 3)))


def inside(x: Array, z: Array, polygon: ArrayLike) -> NDArray[np.bool_]:
    """Which points lie in a polygon (even-odd rule)."""
    corners = np.asarray(polygon, dtype=float)
    result = np.zeros(x.shape, dtype=bool)
    for (x0, z0), (x1, z1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if z0 != z1:
            result ^= ((z0 > z) != (z1 > z)) & (x < (x1 - x0) * (z - z0) / (z1 - z0) + x0)
    return result


def curve(x: ArrayLike, points: ArrayLike, soft: float = 0.0) -> Array:
    """A profile line through (x, value) points at evenly spaced `x`, its corners rounded over `soft` metres."""
    where = np.asarray(x, dtype=float)
    knots = np.asarray(points, dtype=float)
    knots = knots[np.argsort(knots[:, 0], kind="stable")]
    values = np.interp(where, knots[:, 0], knots[:, 1])
    steps = int(soft / abs(where[1] - where[0])) if soft else 0
    if steps < 1:
        return np.asarray(values)
    kernel = np.hanning(2 * steps + 3)[1:-1]
    padded = np.pad(values, steps, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def rounded_rectangle(half_width: float, low: float, high: float, radius: float, points: int = 6) -> Array:
    """A loop of (y, z) points: a rectangle with round corners."""
    loop: list[tuple[float, float]] = []
    for cy, cz, start in (
        (half_width - radius, low + radius, -90),
        (half_width - radius, high - radius, 0),
        (-half_width + radius, high - radius, 90),
        (-half_width + radius, low + radius, 180),
    ):
        angle = np.radians(np.linspace(start, start + 90, points))
        loop.extend(zip(cy + radius * np.cos(angle), cz + radius * np.sin(angle), strict=True))
    return np.array(loop)
