"""The textures of frost on a window: generated, or read from a folder."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Pixels, from_image, truncate
from tierbench.corruptions.plasma import plasma

_HEIGHT, _WIDTH = 400, 600
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
# The folder of the originals has a sixth texture that the published code never uses.
_NEVER_DRAWN = "frost6.jpg"


class _Frost(NamedTuple):
    """The look of one texture; brightness and contrast are those of the published textures."""

    colour: tuple[int, int, int]
    """Mean red, green and blue."""
    spread: int
    """Standard deviation of the brightness, in grey levels."""
    clouds: float
    """Share of the brightness that comes from clouds rather than crystals, 0 to 1."""
    feathers: int
    length: tuple[int, int]
    """Length of the shortest and the longest spine of a feather, in pixels."""


_FROSTS: Final = (
    _Frost((78, 149, 166), 19, 0.75, 500, (30, 110)),
    _Frost((201, 205, 214), 22, 0.45, 1500, (25, 100)),
    _Frost((201, 205, 214), 22, 0.45, 1500, (20, 80)),
    _Frost((138, 153, 165), 28, 0.45, 1500, (10, 35)),
    _Frost((112, 123, 135), 43, 0.40, 1300, (15, 60)),
)


def draw_texture(rng: np.random.Generator, folder: Path | str | None = None) -> Pixels:
    """Return a texture at random, all with the same probability.

    Args:
        rng: the source of randomness.
        folder: the textures to choose from, such as the originals of ImageNet-C; default: the generated ones.

    Raises:
        ValueError: if the folder cannot be read or contains no image, or if one of its files cannot be read.
    """
    if folder is None:
        return _texture(int(rng.integers(len(_FROSTS))))
    folder = Path(folder)
    try:
        files = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.name.lower() != _NEVER_DRAWN
        )
    except OSError as error:
        raise ValueError(f"cannot read the folder of frost textures {folder}: {error.strerror}") from error
    if not files:
        raise ValueError(f"no image in the folder of frost textures {folder}")
    path = files[int(rng.integers(len(files)))]
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Pixels:
    try:
        with Image.open(path) as image:
            return from_image(image)
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"cannot read the frost texture {path}: {error}") from error


@functools.cache
def _texture(number: int) -> Pixels:
    """Generate one of the textures; the same number always gives the same texture."""
    frost = _FROSTS[number]
    rng = np.random.default_rng([0xF2057, number])
    clouds = smooth(plasma(_HEIGHT, _WIDTH, 1.9, rng), 2)
    crystals = smooth(_feathers(frost, rng), 0.6)
    grain = rng.standard_normal((_HEIGHT, _WIDTH), dtype=np.float32)
    relief = frost.clouds * _standard(clouds) + (1 - frost.clouds) * _standard(crystals) + np.float32(0.1) * grain
    brightness = _standard(relief) * frost.spread
    return truncate(brightness[..., None] + np.array(frost.colour, dtype=np.float32))


def _standard(layer: Floats) -> Floats:
    result: Floats = (layer - layer.mean()) / max(float(layer.std()), 1e-6)
    return result


def _feathers(frost: _Frost, rng: np.random.Generator) -> Floats:
    """Draw ice feathers at random places, with the bright ones above the faint ones."""
    cv2 = opencv()
    canvas = np.zeros((_HEIGHT, _WIDTH), dtype=np.uint8)
    for shade in np.linspace(20, 255, frost.feathers):
        start = rng.uniform((0, 0), (_WIDTH, _HEIGHT))
        lines = _feather(start, rng.uniform(*frost.length), rng)
        # 4 fractional bits, so that the ends may lie between pixels.
        ends = [np.rint(line * 16).astype(np.int32) for line in lines]
        cv2.polylines(canvas, ends, False, float(shade), 1, cv2.LINE_AA, 4)
    bright: Floats = canvas.astype(np.float32)
    return bright


def _feather(start: npt.NDArray[np.float64], length: float, rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    """Return the lines of one feather, each [points, (x, y)]: a bent spine with uneven branches on both sides."""
    along = np.linspace(0, 1, max(4, int(length / 3)))
    angle = rng.uniform(0, 2 * np.pi) + rng.uniform(-0.9, 0.9) * along
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (length / along.size)
    spine = start + np.cumsum(steps, axis=0)
    # Branches shorten towards the tip; many hardly grow, which keeps the outline ragged.
    reach = rng.uniform(0.15, 0.4) * length * (1 - along) * rng.beta(0.7, 1.3, (2, along.size))
    lines = [spine]
    for side, reaches in zip((-1, 1), reach, strict=True):
        heading = angle + side * rng.uniform(0.5, 0.85) + rng.normal(0, 0.12, along.size)
        tips = spine + reaches[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        lines.extend(np.stack([spine, tips], axis=1))
    return lines
