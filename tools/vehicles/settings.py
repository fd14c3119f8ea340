"""Where vehicles are photographed: open sea, a road with houses and trees, an apron, the void."""

from __future__ import annotations

import numpy as np

from vehicles.materials import BLACK, STEEL, Material, glow, matte, plastic
from vehicles.parts import Array, Lamp, Mesh, Model, box, ellipsoid, move, prism, sheet, tube
from vehicles.sky import fractal_noise

WATER = plastic(0.006, 0.022, 0.032, 0.09)
GREEN_WATER = plastic(0.012, 0.04, 0.038, 0.09)
FOAM = matte(0.62, 0.66, 0.68)
ASPHALT = Material("matte", (0.075, 0.075, 0.078), texture="asphalt", scale=2.5)
CONCRETE = Material("matte", (0.34, 0.33, 0.31), texture="concrete", scale=7.0)
PAVING = Material("matte", (0.30, 0.29, 0.27), texture="concrete", scale=0.8)
GRASS = Material("matte", (0.07, 0.115, 0.028), texture="grass", scale=6.0)
MARKING = matte(0.62, 0.62, 0.60)


def sea(seed: int = 0, height: float = 0.6, length: float = 18.0, eye: tuple[float, float] = (0, 0)) -> Model:
    """A sea to the horizon: a sum of wind waves with a mean crest `height`, finest near the camera at `eye`."""
    rng = np.random.default_rng(seed)
    radius = np.concatenate([np.linspace(0, 30, 60), np.geomspace(30.2, 40000, 560)])
    angle = np.linspace(0, 2 * np.pi, 900)
    x = eye[0] + radius[:, None] * np.cos(angle)
    y = eye[1] + radius[:, None] * np.sin(angle)
    spacing = np.maximum(np.gradient(radius)[:, None], radius[:, None] * (angle[1] - angle[0]))
    z = np.zeros(x.shape)
    for wavelength in np.geomspace(length * 1.6, length / 30, 44):
        k = 2 * np.pi / wavelength
        direction = rng.normal(0.6, 0.55)
        phase = k * (x * np.cos(direction) + y * np.sin(direction)) + rng.uniform(0, 2 * np.pi)
        keep = np.clip(wavelength / (2.5 * spacing) - 1, 0, 1)
        z += keep * 0.27 * height * (wavelength / length) ** 0.85 * (1 - 2 * np.abs(np.sin(phase / 2)) ** 0.8 + 0.27)
    model = Model()
    model.add(WATER, sheet(np.stack([x, y, z - 0.15 * height], axis=-1)))
    return model


def wake(length: float, beam: float, bow: float, seed: int = 0, strength: float = 1.0) -> Model:
    """Foam along a hull that moves towards +x: a bow wave, a seam at the waterline, a trail astern."""
    rng = np.random.default_rng(seed)
    model = Model()
    n = int(2600 * strength)
    along = bow - rng.uniform(0, 1.0, n) ** 1.2 * length * 1.35
    spread = beam * 0.5 * np.clip((bow - along) / (0.22 * length), 0.02, 1) ** 0.5
    spread = np.where(along < bow - length, beam * rng.uniform(0, 0.62, n), spread)
    drift = np.abs(rng.normal(0, 0.09, n)) * beam * (0.4 + (bow - along) / length)
    side = np.where(rng.random(n) < 0.5, -1, 1)
    size = beam * rng.uniform(0.012, 0.05, n)
    patches: list[Mesh] = []
    for px, py, s in zip(along, side * (spread + drift), size, strict=True):
        patches.append(ellipsoid((px, py, 0.02 * beam * rng.random()), (s * 2.2, s, s * 0.35), 6))
    model.add(FOAM, *patches)
    return model


def hills(seed: int, distance: float, height: float, turn: float, color: tuple[float, float, float]) -> Model:
    """A far coast or range of hills, across the view at azimuth `turn`."""
    across = np.linspace(-4.5 * distance, 4.5 * distance, 500)
    ridge = fractal_noise(across / distance * 4.0 + 60, np.full(across.shape, 9.5), seed, 6)
    ridge = np.clip(ridge - 0.22, 0, None) * 1.5 * height
    rows = [
        np.stack([np.full(across.shape, distance + k * height * 3), across, ridge * k - 2], axis=1)
        for k in (0.0, 0.35, 0.7, 1.0)
    ]
    model, turned_in = Model(), Model()
    model.add(matte(*color), sheet(np.array(rows)))
    turned_in.place(model, turn=turn)
    return turned_in


def tree(seed: int, height: float = 9.0, tint: float = 1.0) -> Model:
    """A broad-leaved tree: trunk, boughs, and some thousand leaves in clumps."""
    rng = np.random.default_rng(seed)
    model = Model()
    trunk = np.array([[0, 0, 0], [0.05, 0, 0.3], [0.12, 0.05, 0.6]]) * height
    bark = matte(0.07, 0.05, 0.035)
    model.add(bark, tube(trunk, [0.030 * height, 0.022 * height, 0.012 * height]))
    clumps = rng.normal(0, 1, (26, 3)) * np.array([0.17, 0.17, 0.14]) * height + np.array([0, 0, 0.66 * height])
    leaves: list[Array] = []
    for clump in clumps:
        model.add(bark, tube(np.array([trunk[1], (trunk[1] + clump) / 2 + [0, 0, 0.05], clump]), 0.006 * height, 5))
        count = 420
        centers = clump + rng.normal(0, 1, (count, 3)) * np.array([0.075, 0.075, 0.06]) * height
        size = 0.0135 * height
        u, v = rng.normal(0, size, (count, 3)), rng.normal(0, size, (count, 3))
        leaves.append(np.stack([centers - u, centers + u, centers + v], axis=1))
    triangles = np.concatenate(leaves)
    half = len(triangles) // 2
    for part, shade in ((triangles[:half], 1.0), (triangles[half:], 0.7)):
        mesh = (part.reshape(-1, 3), np.arange(len(part) * 3).reshape(-1, 3))
        model.add(matte(0.075 * shade * tint, 0.13 * shade, 0.028 * shade), mesh)
    return model


def house(seed: int) -> Model:
    """A two-storey house, front towards -y, with windows, door, gable roof and chimney."""
    rng = np.random.default_rng(seed)
    walls = [(0.55, 0.50, 0.42), (0.42, 0.20, 0.14), (0.62, 0.60, 0.56), (0.50, 0.40, 0.28), (0.36, 0.40, 0.42)]
    wall = matte(*walls[seed % len(walls)])
    width, depth, eaves = rng.uniform(9, 13), 8.0, rng.uniform(5.2, 6.0)
    model = Model()
    model.add(wall, box((0, depth / 2, eaves / 2), (width, depth, eaves)))
    roof = [(-0.5, eaves), (depth / 2, eaves + 3.2), (depth + 0.5, eaves)]
    model.add(
        matte(0.16, 0.08, 0.06) if seed % 2 else matte(0.09, 0.09, 0.10),
        prism(roof, -width / 2 - 0.4, width / 2 + 0.4, "x"),
    )
    model.add(matte(0.3, 0.14, 0.1), box((width / 4, depth / 2, eaves + 3.2), (0.7, 0.7, 1.8)))
    glass, frame = Material("glass", (0.02, 0.025, 0.03)), matte(0.7, 0.7, 0.68)
    for storey in (1.6, 4.2):
        for k in range(4):
            x = -width / 2 + width * (k + 0.5) / 4
            if storey < 2 and k == 1:
                model.add(matte(0.12, 0.05, 0.03), box((x, -0.02, 1.05), (1.0, 0.08, 2.1)))
                continue
            model.add(frame, box((x, -0.02, storey), (1.3, 0.08, 1.5)))
            model.add(
                glass,
                box((x - 0.29, -0.05, storey), (0.52, 0.08, 1.34)),
                box((x + 0.29, -0.05, storey), (0.52, 0.08, 1.34)),
            )
    return model


def road(seed: int = 0, behind: str = "trees", width: float = 7.4, turn: float = 0.0, far_side: float = 1.0) -> Model:
    """A road along x with kerbs, markings and verge; `behind` puts trees, houses or both along its far side."""
    rng = np.random.default_rng(seed)
    model = Model()
    model.add(ASPHALT, box((0, far_side * 0, -0.5), (600, width, 1.0)))
    for side in (-1, 1):
        model.add(matte(0.36, 0.35, 0.33), box((0, side * (width / 2 + 0.08), -0.44), (600, 0.16, 1.12), 0.02))
        model.add(PAVING, box((0, side * (width / 2 + 1.25), -0.44), (600, 2.2, 1.1)))
        model.add(MARKING, box((0, side * (width / 2 - 0.3), 0.002), (600, 0.12, 0.006)))
    model.add(MARKING, *[box((x, 1.75 * far_side, 0.002), (3, 0.12, 0.006)) for x in np.arange(-150, 150, 9.0)])
    model.add(GRASS, box((0, 0, -0.62), (3000, 3000, 1.0)))
    edge = width / 2 + 2.4
    if behind in ("houses", "both"):
        for k in range(-5, 6):
            model.place(
                house(seed + k + 20),
                (k * 15.0 + rng.uniform(-1, 1), far_side * (edge + 5.5), -0.1),
                0 if far_side > 0 else 180,
            )
    if behind in ("trees", "both"):
        spots = [(x + rng.uniform(-2, 2), edge + rng.uniform(1.5, 4)) for x in np.arange(-48, 49, 8.0)]
        if behind == "trees":
            spots += [(x, edge + rng.uniform(9, 34)) for x in rng.uniform(-90, 90, 34)]
        forest = [tree(seed * 7 + k, tint=0.8 + 0.2 * k) for k in range(4)]
        for k, (x, y) in enumerate(spots):
            model.place(forest[k % 4], (x, far_side * y, -0.1), rng.uniform(0, 360), rng.uniform(0.7, 1.25))
    model.place(hills(seed + 5, 900, 60, 90 * far_side, (0.06, 0.085, 0.045)))
    turned_road = Model()
    turned_road.place(model, turn=turn)
    return turned_road


def street_lamp(at: tuple[float, float], candela: float, lean: float = -1.0, height: float = 7.5) -> Model:
    """A street lamp whose arm leans along y; it burns sodium yellow."""
    model = Model()
    x, y = at
    model.add(
        STEEL,
        tube([[x, y, 0], [x, y, height * 0.6], [x, y, height]], 0.07),
        tube([[x, y, height], [x, y + lean * 0.7, height + 0.15], [x, y + lean * 1.5, height + 0.15]], 0.04),
    )
    head = (x, y + lean * 1.7, height + 0.12)
    model.add(BLACK, box(head, (0.3, 0.7, 0.12)))
    model.add(glow(30, 22, 11), box((head[0], head[1], head[2] - 0.08), (0.2, 0.5, 0.04)))
    model.lamps.append(Lamp((head[0], head[1], head[2] - 0.2), (0, 0, -1), candela, 85.0, (1.0, 0.72, 0.38)))
    return model


def apron(seed: int = 0, terminal: bool = True, turn: float = 90.0) -> Model:
    """An airport's apron of concrete slabs with yellow lines, grass beyond, and a terminal at azimuth `turn`."""
    rng = np.random.default_rng(seed)
    model = Model()
    model.add(CONCRETE, box((0, 0, -0.5), (420, 260, 1.0)))
    model.add(GRASS, box((0, 0, -0.7), (8000, 8000, 1.0)))
    yellow = matte(0.6, 0.42, 0.03)
    model.add(yellow, box((0, 0, 0.004), (400, 0.3, 0.008)), box((24, 0, 0.004), (0.3, 120, 0.008)))
    if terminal:
        hall = Model()
        hall.add(matte(0.5, 0.5, 0.5), box((150, 0, 9), (30, 300, 18)))
        hall.add(
            Material("glass", (0.02, 0.03, 0.035)),
            *[box((134.9, y, 9), (0.4, 8.4, 11)) for y in np.arange(-140, 141, 10.0)],
        )
        hall.add(matte(0.35, 0.36, 0.38), box((118, -60, 5), (34, 3.4, 3.4)), box((118, 50, 5), (34, 3.4, 3.4)))
        hall.add(matte(0.4, 0.4, 0.42), *[box((150, y, 19), (10, 14, 3)) for y in (-90, -20, 60)])
        model.place(hall, turn=turn)
    model.place(hills(seed + 2, 2600, 150, turn, (0.075, 0.10, 0.075)))
    for x in rng.uniform(-300, 300, 30):
        clump = move(ellipsoid((0, 0, 4), (9, 9, 6), 10), (x, 0, 0))
        wood = Model()
        wood.add(matte(0.03, 0.05, 0.02), clump)
        place = Model()
        place.place(wood, (0, 0, 0), 0)
        model.place(place, (400 * np.cos(np.radians(turn)), 400 * np.sin(np.radians(turn)), 0), turn + 90)
    return model


def quay(turn: float, distance: float, seed: int = 0) -> Model:
    """A town and cranes on the shore at azimuth `turn`."""
    rng = np.random.default_rng(seed)
    model = Model()
    model.add(matte(0.3, 0.29, 0.27), box((distance + 60, 0, 0), (120, 6 * distance, 5)))
    for _ in range(90):
        y, h = rng.uniform(-2.5 * distance, 2.5 * distance), rng.uniform(8, 34)
        tone = rng.uniform(0.25, 0.6)
        model.add(
            matte(tone, tone * 0.95, tone * 0.88),
            box((distance + rng.uniform(25, 110), y, h / 2), (18, rng.uniform(12, 40), h)),
        )
    result = Model()
    result.place(model, turn=turn)
    result.place(hills(seed, distance * 2.2, distance * 0.16, turn, (0.07, 0.09, 0.07)))
    return result


def palings(eye: Array, vehicle: Model, share: float, seed: int = 0, near: float = 0.6, kind: str = "trunk") -> Model:
    """Tree trunks or timber piles between the camera and a vehicle that hide about `share` of its width."""
    rng = np.random.default_rng(seed)
    points = vehicle.vertices()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    line = np.array([middle[0] - eye[0], middle[1] - eye[1]])
    length = float(np.linalg.norm(line))
    line /= length
    across = np.array([-line[1], line[0]])
    extent = (points[:, :2] - middle[:2]) @ across
    span = float(extent.max() - extent.min()) * near
    count = 5 if kind == "trunk" else 7
    model = Model()
    for k in range(count):
        offset = float(extent.min()) * near + span * (k + 0.5 + rng.uniform(-0.22, 0.22)) / count
        x, y = np.array([eye[0], eye[1]]) + line * length * near + across * offset
        radius = span * share / count / 2 * rng.uniform(0.8, 1.2)
        tall = float(points[:, 2].max()) * (2.5 if kind == "trunk" else rng.uniform(0.6, 0.95))
        bark = matte(*(np.array([0.10, 0.075, 0.05]) * rng.uniform(0.7, 1.3)))
        lean = rng.normal(0, 0.01 * tall, 2)
        path = [[x + lean[0] * s, y + lean[1] * s, -1 + (tall + 1) * s] for s in (0, 0.2, 0.4, 0.7, 1.0)]
        model.add(bark, tube(path, [radius * r for r in (1.35, 1.08, 1.0, 0.95, 0.9)], 16))
        if kind == "pile":
            model.add(
                matte(0.3, 0.3, 0.28),
                tube([[*path[-1][:2], tall - 0.05 * tall], [*path[-1][:2], tall]], radius * 1.15, 16),
            )
    return model


def lit_windows(model: Model, radiance: tuple[float, float, float]) -> Model:
    """The same vehicle with light behind its windows."""
    return Model([(glow(*radiance) if m.kind == "glass" else m, mesh) for m, mesh in model.meshes], list(model.lamps))


def floodlights(*lamps: tuple[tuple[float, float, float], float]) -> Model:
    """Nothing but light: lamps (position, candela) that shine at the origin."""
    model = Model()
    for position, candela in lamps:
        toward = -np.array(position) / np.linalg.norm(position)
        model.lamps.append(
            Lamp(position, (float(toward[0]), float(toward[1]), float(toward[2])), candela, 60.0, (1.0, 0.9, 0.75))
        )
    return model
