"""Wheels, lamps, plates and mirrors: what every road vehicle has."""

from __future__ import annotations

import numpy as np

from vehicles.materials import BLACK, CHROME, DARK, GLASS, RUBBER, STEEL, Material, plastic
from vehicles.parts import Model, both, box, ellipsoid, move, revolve, tube

PLATE = plastic(0.75, 0.74, 0.68)
PLATE_US = plastic(0.62, 0.66, 0.72)


def wheel(radius: float, width: float, spokes: int = 5, rim: Material = STEEL, share: float = 0.66) -> Model:
    """A wheel standing at the origin's height `radius`, its outer face towards +y."""
    model = Model()
    w, inner = width / 2, radius * share
    tyre = [
        (inner, -w),
        (radius * 0.93, -w),
        (radius, -w * 0.7),
        (radius, w * 0.7),
        (radius * 0.985, w * 0.86),
        (radius * 0.93, w),
        (inner * 1.06, w * 0.96),
        (inner, w * 0.86),
    ]
    model.add(RUBBER, revolve(tyre, "y", 56, (0, 0, radius)))
    model.add(
        RUBBER,
        *[
            move(
                revolve([(radius * 1.001, k * w * 0.4 - 0.004), (radius * 1.002, k * w * 0.4 + 0.004)], "y", 40),
                (0, 0, radius),
            )
            for k in (-1, 0, 1)
        ],
    )
    model.add(
        rim,
        revolve(
            [(inner, w * 0.86), (inner * 0.97, w * 0.90), (inner * 0.90, w * 0.80), (inner * 0.88, w * 0.3)],
            "y",
            56,
            (0, 0, radius),
        ),
    )
    model.add(DARK, revolve([(inner * 0.95, w * 0.25), (0.01, w * 0.2)], "y", 40, (0, 0, radius)))
    if spokes:
        for k in range(spokes):
            a = 2 * np.pi * k / spokes + 0.3
            for off in (-0.09, 0.09):
                path = [
                    (
                        s * inner * np.cos(a + off * (1 - s)),
                        w * (0.62 + 0.16 * s),
                        radius + s * inner * np.sin(a + off * (1 - s)),
                    )
                    for s in (0.12, 0.5, 0.93)
                ]
                model.add(rim, tube(path, [0.085 * inner, 0.07 * inner, 0.075 * inner], 6))
        model.add(
            rim, revolve([(0.2 * inner, w * 0.6), (0.18 * inner, w * 0.76), (0.01, w * 0.78)], "y", 20, (0, 0, radius))
        )
    else:
        model.add(
            rim,
            revolve(
                [
                    (inner * 0.9, w * 0.5),
                    (inner * 0.62, w * 0.35),
                    (inner * 0.45, w * 0.45),
                    (inner * 0.42, w * 0.9),
                    (inner * 0.3, w * 0.98),
                    (0.01, w * 0.98),
                ],
                "y",
                40,
                (0, 0, radius),
            ),
        )
        for a in np.linspace(0, 2 * np.pi, 10, endpoint=False):
            model.add(
                DARK,
                ellipsoid(
                    (0.75 * inner * np.cos(a), w * 0.42, radius + 0.75 * inner * np.sin(a)),
                    (0.08 * inner, 0.02, 0.08 * inner),
                    8,
                ),
            )
            model.add(
                CHROME,
                ellipsoid(
                    (0.53 * inner * np.cos(a), w * 0.42, radius + 0.53 * inner * np.sin(a)),
                    (0.035 * inner, 0.03, 0.035 * inner),
                    6,
                ),
            )
    return model


def axle(model: Model, x: float, track: float, one: Model, twin: bool = False, gauge: float = 0.3) -> None:
    """Put wheels left and right at x, doubled inwards for a lorry's driven axle."""
    for offset in (0.0, gauge) if twin else (0.0,):
        model.place(one, (x, track - offset, 0), 0)
        model.place(one, (x, -track + offset, 0), 180)


def plate(model: Model, x: float, z: float, front: bool = True, material: Material = PLATE, wide: float = 0.52) -> None:
    """A number plate with its characters."""
    sign = 1 if front else -1
    model.add(material, box((x, 0, z), (0.02, wide, 0.115), 0.004))
    for k in range(7):
        y = (k - 3) * wide / 8.2
        model.add(DARK, box((x + sign * 0.011, y, z), (0.004, wide * 0.022, 0.075)))
        model.add(
            DARK, box((x + sign * 0.011, y + wide * 0.03, z + (0.03 if k % 2 else -0.03)), (0.004, wide * 0.06, 0.016))
        )


def mirrors(model: Model, x: float, y: float, z: float, shell: Material, size: float = 1.0) -> None:
    """Car mirrors on short arms at both sides."""
    model.add(shell, *both(ellipsoid((x, y + 0.10 * size, z), (0.07 * size, 0.12 * size, 0.085 * size), 16)))
    model.add(BLACK, *both(tube([[x, y - 0.06, z - 0.05], [x, y, z - 0.05], [x, y + 0.07, z - 0.04]], 0.025)))
    model.add(GLASS, *both(box((x - 0.06 * size, y + 0.10 * size, z), (0.02, 0.18 * size, 0.11 * size))))


def lorry_mirrors(model: Model, x: float, y: float, z: float) -> None:
    """Tall mirrors on a bracket, as on lorries and buses."""
    model.add(
        BLACK, *both(tube([[x, y, z + 0.35], [x + 0.12, y + 0.22, z + 0.35], [x + 0.12, y + 0.22, z - 0.45]], 0.022))
    )
    model.add(BLACK, *both(box((x + 0.10, y + 0.25, z), (0.10, 0.22, 0.48), 0.04)))


def flat_text(
    model: Model,
    material: Material,
    at: tuple[float, float, float],
    letters: int,
    height: float,
    along: str = "x",
    step: float = 1.0,
) -> None:
    """Lettering as blocks: strokes in the rhythm of capitals, not a word."""
    rng = np.random.default_rng(letters + int(height * 100))
    x, y, z = at
    pitch = height * 0.8 * step
    for k in range(letters):
        offset = (k - (letters - 1) / 2) * pitch
        strokes = [(-0.22, 0.0, 0.13, 1.0)] + [(0.0, dz, 0.5, 0.13) for dz in (-0.43, 0.0, 0.43) if rng.random() < 0.7]
        if rng.random() < 0.6:
            strokes.append((0.22, 0.0, 0.13, 1.0))
        for du, dz, su, sz in strokes:
            u = offset + du * height
            if along == "x":
                model.add(
                    material, box((x + (u if y < 0 else -u), y, z + dz * height), (su * height, 0.02, sz * height))
                )
            else:
                model.add(material, box((x, y + u, z + dz * height), (0.02, su * height, sz * height)))
