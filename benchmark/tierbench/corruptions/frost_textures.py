"""The textures of frost on a window: generated, or read from a folder."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.kept_textures import kept_texture
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Pixels, from_image, truncate
from tierbench.corruptions.plasma import plasma

# A power of two: clouds wrap around at the edges of such a square, so that its spectrum has no edges.
_SIDE = 512
# Spatial frequencies, in cycles per 224 px, at which the bands of a spectrum begin.
_BANDS: Final = (0, 1, 3, 6, 12, 24, 48, 80, 112)
_PERCENTILES: Final = (0.1, 1, 5, 25, 50, 75, 95, 99, 99.9)
_ROUNDS = 6
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
# The folder of the originals has a sixth texture that the published code never uses.
_NEVER_DRAWN = "frost6.jpg"


class _Frost(NamedTuple):
    """The look of one texture, after a published one: see `tools/measure_frost.py` for how like it is."""

    colour: tuple[int, int, int]
    """Mean red, green and blue."""
    spectrum: tuple[float, ...]
    """Strength of the detail in each of `_BANDS`, root mean square in grey levels, such that windows of 224 px have the
    strengths of the published texture."""
    levels: tuple[int, ...]
    """Brightness of the published texture at each of `_PERCENTILES`."""
    clouds: float
    """Share of the relief that comes from clouds rather than crystals, 0 to 1, before it gets its spectrum."""
    feathers: int
    length: tuple[int, int]
    """Length of the shortest and the longest spine of a feather, in pixels."""
    gain: tuple[float, float, float] = (1, 1, 1)
    """How much of the relief each channel shows."""
    tint: tuple[float, float, float] = (0, 0, 0)
    """Standard deviation of the blotches of colour, in grey levels, with the sign of each channel."""


_WHITE_SPECTRUM = (10.5, 4.3, 5.8, 6.6, 7.9, 7.8, 7.2, 4.5, 1.6)
_WHITE_LEVELS = (106, 141, 166, 195, 210, 222, 236, 245, 251)
# The second and the third published texture are the same picture.
_FROSTS: Final = (
    _Frost(
        colour=(78, 149, 166),
        spectrum=(11.9, 8.0, 4.0, 3.1, 3.4, 5.1, 5.9, 4.1, 1.6),
        levels=(92, 97, 104, 118, 129, 142, 163, 177, 194),
        clouds=0.75,
        feathers=500,
        length=(30, 110),
        gain=(1.39, 0.89, 0.72),
        tint=(-10.9, 3.1, 7.9),
    ),
    _Frost((201, 205, 214), _WHITE_SPECTRUM, _WHITE_LEVELS, clouds=0.45, feathers=1500, length=(25, 100)),
    _Frost((201, 205, 214), _WHITE_SPECTRUM, _WHITE_LEVELS, clouds=0.45, feathers=1500, length=(20, 80)),
    _Frost(
        colour=(138, 153, 165),
        spectrum=(14.2, 7.7, 5.1, 7.5, 9.8, 12.8, 12.4, 8.2, 2.9),
        levels=(51, 82, 104, 134, 152, 169, 199, 234, 251),
        clouds=0.45,
        feathers=1500,
        length=(10, 35),
    ),
    _Frost(
        colour=(112, 123, 135),
        spectrum=(25.4, 5.3, 12.6, 13.6, 13.1, 13.7, 11.9, 9.8, 5.9),
        levels=(35, 45, 60, 92, 119, 151, 203, 238, 254),
        clouds=0.40,
        feathers=1300,
        length=(15, 60),
    ),
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
    return kept_texture(number, _SIDE, _generated)


def _generated(number: int) -> Pixels:
    """Generate one of the textures; the same number always gives the same texture."""
    frost = _FROSTS[number]
    rng = np.random.default_rng([0xF2057, number])
    clouds = smooth(plasma(_SIDE, _SIDE, 1.9, rng), 2)
    crystals = smooth(_feathers(frost, rng), 0.6)
    grain = rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)
    relief = frost.clouds * _standard(clouds) + (1 - frost.clouds) * _standard(crystals) + np.float32(0.1) * grain
    for _ in range(_ROUNDS):
        # Either changes what the other has set, less and less.
        relief = _with_levels(_with_spectrum(relief, frost.spectrum), frost.levels)
    blotches = _standard(smooth(plasma(_SIDE, _SIDE, 1.9, rng), 4))
    relief -= relief.mean()
    channels = [
        mean + gain * relief + tint * blotches
        for mean, gain, tint in zip(frost.colour, frost.gain, frost.tint, strict=True)
    ]
    return truncate(np.stack(channels, axis=-1))


@functools.cache
def _frequencies() -> npt.NDArray[np.float64]:
    """Return the spatial frequency of each value of a real Fourier transform, in cycles per 224 px."""
    frequencies: npt.NDArray[np.float64] = 224 * np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE))
    return frequencies


def _with_spectrum(relief: Floats, spectrum: tuple[float, ...]) -> Floats:
    """Return a relief whose detail in each band is as strong as in `spectrum`; edges and lines stay where they are."""
    waves = np.fft.rfft2(relief - relief.mean())
    frequencies = _frequencies()
    bands = np.searchsorted(_BANDS, frequencies, side="right") - 1
    # A real transform leaves out the mirrored half, except for its first and last column.
    weights = np.full(frequencies.shape, 2.0)
    weights[:, [0, -1]] = 1
    power = np.bincount(bands.ravel(), (weights * np.abs(waves) ** 2).ravel()) / relief.size**2
    gains = np.array(spectrum) / np.sqrt(power)
    # From the middle of one band to that of the next, as steps would ring.
    middles = np.sqrt(np.maximum(_BANDS, 0.4) * np.array([*_BANDS[1:], frequencies.max()]))
    smoothed = np.interp(np.log(np.maximum(frequencies, 0.1)), np.log(middles), np.log(gains))
    result: Floats = np.fft.irfft2(waves * np.exp(smoothed), relief.shape).astype(np.float32)
    return result


def _with_levels(relief: Floats, levels: tuple[int, ...]) -> Floats:
    """Return a relief whose brightness has the given percentiles; what was brighter stays brighter."""
    ranks = np.empty(relief.size)
    ranks[_order(relief)] = np.linspace(0, 100, relief.size)
    return np.interp(ranks, _PERCENTILES, levels).reshape(relief.shape).astype(np.float32)


def _order(relief: Floats) -> npt.NDArray[np.intp]:
    """Return what a stable argsort of all values returns, in a fourth of the time: numbers sort faster than places.

    Each number has the value in its upper half, such that numbers are in the order of the values, and the place below.
    """
    bits = (relief.ravel() + np.float32(0)).view(np.int32)
    ordered = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64)
    numbers = (ordered << 32) | np.arange(relief.size)
    numbers.sort()
    return numbers & 0xFFFFFFFF


def _standard(layer: Floats) -> Floats:
    result: Floats = (layer - layer.mean()) / max(float(layer.std()), 1e-6)
    return result


def _feathers(frost: _Frost, rng: np.random.Generator) -> Floats:
    """Draw ice feathers at random places, with the bright ones above the faint ones."""
    cv2 = opencv()
    canvas = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    for shade in np.linspace(20, 255, frost.feathers):
        start = rng.uniform((0, 0), (_SIDE, _SIDE))
        lines = _feather(start, rng.uniform(*frost.length), rng)
        # 4 fractional bits, so that the ends may lie between pixels.
        spine, *branches = (np.rint(part * 16).astype(np.int32) for part in lines)
        ends = [spine, *(branch for side in branches for branch in side)]
        cv2.polylines(canvas, ends, False, float(shade), 1, cv2.LINE_AA, 4)
    bright: Floats = canvas.astype(np.float32)
    return bright


def _feather(start: npt.NDArray[np.float64], length: float, rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    """Return the lines of one feather: a bent spine, [points, (x, y)], and the branches of each side, uneven ones.

    The branches are [branches, ends, (x, y)].
    """
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
        lines.append(np.stack([spine, tips], axis=1))
    return lines
