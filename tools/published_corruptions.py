"""Measure the published corruptions: write `expected_change.json` and `expected_values.json` for the tests.

The tests compare our corruptions with these numbers, and so need neither the published code nor its textures. This
script needs `imagecorruptions-imaug` (without its dependencies) and numba:

    pip install --no-deps imagecorruptions-imaug==1.1.5 && pip install numba
    python tools/published_corruptions.py

15 of the 19 come from that package; for the 32-px set its table of parameters is replaced. The other four are
reimplemented here from the published algorithm, because the package differs from it: elastic_transform (another
algorithm), frost (a sixth texture, enlarged), glass_blur and impulse_noise (seeded separately).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import json
import re
import textwrap
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import imagecorruptions.corruptions
import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from tierbench.corruptions import CORRUPTIONS, SEEDLESS, SEVERITIES, VARIANTS, parameters

Pixels = npt.NDArray[np.uint8]
Reference = Callable[[Pixels, Sequence[Any]], npt.NDArray[Any]]

SIDES = {"imagenet_c": 224, "cifar10_c": 32}
TARGET = Path(__file__).parent.parent / "tests" / "corruptions"
SAMPLED = 40


def photographs(side: int) -> list[Pixels]:
    """Return the centre crops of three photographs, [side, side, 3]; the tests use the same."""
    result = []
    for name in ("astronaut", "chelsea", "coffee"):
        pixels: Pixels = getattr(skimage.data, name)()
        image = Image.fromarray(pixels)
        shorter = min(image.size)
        left, top = (image.width - shorter) // 2, (image.height - shorter) // 2
        box = (left, top, left + shorter, top + shorter)
        result.append(np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box)))
    return result


def published(name: str, pixels: Pixels, severity: int, variant: str) -> Pixels:
    """Corrupt a picture with the published algorithm; randomness comes from NumPy's global generator."""
    row = parameters(name, severity, variant)
    if name == "frost":
        result = _frost(pixels, row, 0.2 if variant == "cifar10_c" else 1.0)
    elif name in _OWN:
        result = _OWN[name](pixels, row)
    else:
        result = np.asarray(_of_package(name)(Image.fromarray(pixels), _as_published(name, row)))
    return result.astype(np.uint8)


def _as_published(name: str, row: Sequence[Any]) -> object:
    """Return a row of parameters in the form of the published code."""
    if name == "zoom_blur":
        return np.arange(*row)
    return row[0] if len(row) == 1 else tuple(row)


def _of_package(name: str) -> Callable[[Image.Image, Any], npt.NDArray[Any]]:
    """Return a function of the package that takes the row of parameters as its second argument."""
    function = getattr(imagecorruptions.corruptions, name)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise TypeError(f"{name} of the package is not a function")
    for number, statement in enumerate(definition.body):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "c":
            definition.body[number] = ast.parse("c = severity").body[0]
            break
    else:
        raise ValueError(f"{name} of the package has no table `c`")
    names: dict[str, Any] = {}
    code = compile(ast.fix_missing_locations(tree), f"<{name}>", "exec")
    module = {**vars(imagecorruptions.corruptions), "clipped_zoom": _clipped_zoom}
    exec(code, module, names)  # noqa: S102 - an installed package's own source
    result: Callable[[Image.Image, Any], npt.NDArray[Any]] = names[name]
    return result


def _clipped_zoom(picture: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    """Zoom as the package does, and trim the excess on both sides, which the package does not."""
    zoomed: npt.NDArray[Any] = imagecorruptions.corruptions.clipped_zoom(picture, factor)
    height, width = picture.shape[:2]
    top, left = (zoomed.shape[0] - height) // 2, (zoomed.shape[1] - width) // 2
    return zoomed[top : top + height, left : left + width]


def _impulse_noise(pixels: Pixels, row: Sequence[Any]) -> npt.NDArray[Any]:
    (amount,) = row
    flipped = np.random.uniform(size=pixels.shape) <= amount
    salted = np.random.uniform(size=pixels.shape) <= 0.5
    return np.where(flipped, np.where(salted, 255, 0), pixels)


def _glass_blur(pixels: Pixels, row: Sequence[Any]) -> npt.NDArray[Any]:
    sigma, reach, rounds = row
    spread = (sigma, sigma, 0)
    x = (gaussian_filter(pixels / 255, spread, mode="nearest") * 255).astype(np.uint8)
    height, width = x.shape[:2]
    for _ in range(rounds):
        for h in range(height - reach, reach, -1):
            for w in range(width - reach, reach, -1):
                dx, dy = np.random.randint(-reach, reach, size=2)
                x[h, w] = x[h + dy, w + dx]
    return np.clip(gaussian_filter(x / 255, spread, mode="nearest"), 0, 1) * 255


def _elastic_transform(pixels: Pixels, row: Sequence[Any]) -> npt.NDArray[Any]:
    alpha, sigma, tilt = row
    height, width = pixels.shape[:2]
    centre = np.array([height, width]) // 2
    s = min(height, width) // 3
    corners = np.array([centre + s, [centre[0] + s, centre[1] - s], centre - s], dtype=np.float32)
    moved = corners + np.random.uniform(-tilt, tilt, size=corners.shape).astype(np.float32)
    matrix = cv2.getAffineTransform(corners, moved)
    x = cv2.warpAffine(pixels.astype(np.float32) / 255, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    shifts = []
    for _ in range(2):
        draw = np.random.uniform(-1, 1, size=(height, width))
        field = gaussian_filter(draw, sigma, mode="reflect", truncate=3) if sigma > 0 else draw
        shifts.append(field * alpha)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    where = np.array([rows + shifts[1], columns + shifts[0]])
    channels = [map_coordinates(x[..., k], where, order=1, mode="reflect") for k in range(3)]
    return np.clip(np.stack(channels, axis=-1), 0, 1) * 255


def _frost(pixels: Pixels, row: Sequence[Any], scale: float) -> npt.NDArray[Any]:
    kept, added = row
    name = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")[np.random.randint(5)]
    data = files("imagecorruptions").joinpath("frost", name).read_bytes()
    texture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    if scale != 1:
        texture = np.asarray(cv2.resize(texture, (0, 0), fx=scale, fy=scale))
    height, width = pixels.shape[:2]
    top = np.random.randint(texture.shape[0] - height)
    left = np.random.randint(texture.shape[1] - width)
    crop = texture[top : top + height, left : left + width]
    result: npt.NDArray[Any] = np.clip(kept * pixels + added * crop, 0, 255)
    return result


_OWN: dict[str, Reference] = {
    "impulse_noise": _impulse_noise,
    "glass_blur": _glass_blur,
    "elastic_transform": _elastic_transform,
}


def changes(name: str, severity: int, variant: str, draws: int) -> npt.NDArray[np.float64]:
    """Return the mean absolute changes in grey levels, [photographs, draws]."""
    return np.array(
        [
            [np.abs(published(name, p, severity, variant).astype(float) - p).mean() for _ in range(draws)]
            for p in photographs(SIDES[variant])
        ]
    )


def sampled(name: str, severity: int, variant: str) -> list[int]:
    """Return values of the first corrupted photograph at random positions."""
    result = published(name, photographs(SIDES[variant])[0], severity, variant).ravel()
    places = np.random.default_rng(0).integers(result.size, size=SAMPLED)
    return [int(value) for value in result[places]]


def write(name: str, about: str, table: dict[str, Any]) -> None:
    """Write a table with a line for each corruption."""
    text = json.dumps({"_about": f"{about} Written by tools/published_corruptions.py.", **table}, indent=1)
    text = re.sub(r"\n    *", " ", text).replace("\n  ]", "]").replace("[ ", "[")
    (TARGET / name).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the files; takes some minutes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--draws", type=int, default=200, help="draws for each photograph and severity")
    draws = parser.parse_args().draws
    cv2.setNumThreads(1)
    values = {
        variant: {name: [sampled(name, severity, variant) for severity in SEVERITIES] for name in sorted(SEEDLESS)}
        for variant in VARIANTS
    }
    about = "Values at places drawn by default_rng(0), of the first photograph under the published corruptions."
    write("expected_values.json", about, values)
    table: dict[str, dict[str, list[float]]] = {}
    for variant in VARIANTS:
        table[variant] = {}
        for name in CORRUPTIONS:
            # The pixel loop of glass_blur is slow, and its draws hardly differ.
            count = 1 if name in SEEDLESS else min(draws, 10) if name == "glass_blur" else draws
            np.random.seed(0)
            rows = [changes(name, severity, variant, count) for severity in SEVERITIES]
            table[variant][name] = [round(float(row.mean()), 4) for row in rows]
            error = [float(row.std(axis=1).mean() / row.size**0.5 / row.mean()) for row in rows]
            print(variant, name, table[variant][name], f"standard error at most {max(error):.1%}", flush=True)
    about = "Mean absolute change in grey levels, of three photographs, at severities 1 to 5, as published."
    write("expected_change.json", about, table)


if __name__ == "__main__":
    main()
