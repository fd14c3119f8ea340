"""The textures of frost on a window: generated, or read from a folder."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tierbench.corruptions.blur import smooth
from tierbench.corruptions.kept_textures import kept_texture
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Pixels, from_image, truncate
from tierbench.corruptions.plasma import plasma

_Lines: TypeAlias = npt.NDArray[np.int32]

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
    brightness = np.interp(np.linspace(0, 100, relief.size), _PERCENTILES, frost.levels).astype(np.float32)
    for _ in range(_ROUNDS):
        # Either changes what the other has set, less and less.
        relief = _with_values(_with_spectrum(relief, frost.spectrum), brightness)
    blotches = _standard(smooth(plasma(_SIDE, _SIDE, 1.9, rng), 4))
    relief -= relief.mean()
    channels = [
        mean + gain * relief + tint * blotches
        for mean, gain, tint in zip(frost.colour, frost.gain, frost.tint, strict=True)
    ]
    return truncate(np.stack(channels, axis=-1))


class _Waves(NamedTuple):
    """What is known of each value of a real Fourier transform of a texture, [512, 257]."""

    frequencies: npt.NDArray[np.float64]
    """Spatial frequency, in cycles per 224 px."""
    logarithms: npt.NDArray[np.float64]
    """Their logarithms; a finite one for the mean."""
    bands: npt.NDArray[np.intp]
    """Number of its band in `_BANDS`."""
    weights: npt.NDArray[np.float64]
    """How many waves it stands for: the mirrored half is left out, except for the first and the last column."""


@functools.cache
def _waves() -> _Waves:
    frequencies = 224 * np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE))
    weights = np.full(frequencies.shape, 2.0)
    weights[:, [0, -1]] = 1
    bands = np.searchsorted(_BANDS, frequencies, side="right") - 1
    return _Waves(frequencies, np.log(np.maximum(frequencies, 0.1)), bands, weights)


def _with_spectrum(relief: Floats, spectrum: tuple[float, ...]) -> Floats:
    """Return a relief whose detail in each band is as strong as in `spectrum`; edges and lines stay where they are."""
    known = _waves()
    # One axis after the other: NumPy's `rfft2` does the same for float32, in twice the time.
    waves = np.fft.fft(np.fft.rfft(relief - relief.mean()), axis=0)
    power = np.bincount(known.bands.ravel(), (known.weights * np.abs(waves) ** 2).ravel()) / relief.size**2
    gains = np.array(spectrum) / np.sqrt(power)
    # From the middle of one band to that of the next, as steps would ring.
    middles = np.sqrt(np.maximum(_BANDS, 0.4) * np.array([*_BANDS[1:], known.frequencies.max()]))
    smoothed = np.interp(known.logarithms, np.log(middles), np.log(gains))
    result: Floats = np.fft.irfft2(waves * np.exp(smoothed), relief.shape).astype(np.float32)
    return result


def _with_values(relief: Floats, values: Floats) -> Floats:
    """Return a relief of the given values, which ascend; what was brighter stays brighter."""
    result = np.empty(relief.size, dtype=np.float32)
    result[_order(relief)] = values
    return result.reshape(relief.shape)


def _order(relief: Floats) -> npt.NDArray[np.int64]:
    """Return what a stable argsort of all values returns, in a fourth of the time: numbers sort faster than places.

    Each number has the value in its upper half, such that numbers are in the order of the values, and the place below.
    """
    bits = (relief.ravel() + np.float32(0)).view(np.int32)
    numbers = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64)
    numbers <<= 32
    numbers |= np.arange(relief.size)
    numbers.sort()
    numbers &= 0xFFFFFFFF
    return numbers


def _standard(layer: Floats) -> Floats:
    result: Floats = (layer - layer.mean()) / max(float(layer.std()), 1e-6)
    return result


class _Feather(NamedTuple):
    """The random numbers of an ice feather: a bent spine with branches on both sides, uneven ones."""

    numbers: npt.NDArray[np.float64]
    """Where it starts (x, y), its length in pixels, its first angle, by how much that turns, and the longest reach of a
    branch as a share of the length."""
    growth: npt.NDArray[np.float64]
    """How much of its reach each branch has, [sides, points of the spine]."""
    spread: tuple[float, float]
    """Angle between the spine and the branches of each side."""
    sway: npt.NDArray[np.float64]
    """By how much each branch is off that angle, [sides, points of the spine]."""


def _feathers(frost: _Frost, rng: np.random.Generator) -> Floats:
    """Draw ice feathers at random places, with the bright ones above the faint ones."""
    cv2 = opencv()
    canvas = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    feathers = [_feather(frost.length, rng) for _ in range(frost.feathers)]
    for shade, lines in zip(np.linspace(20, 255, frost.feathers).tolist(), _lines(feathers), strict=True):
        for part in lines:
            # 4 fractional bits, so that the ends may lie between pixels.
            cv2.polylines(canvas, part, False, shade, 1, cv2.LINE_AA, 4)
    bright: Floats = canvas.astype(np.float32)
    return bright


def _feather(lengths: tuple[int, int], rng: np.random.Generator) -> _Feather:
    shortest, longest = lengths
    numbers = rng.uniform((0, 0, shortest, 0, -0.9, 0.15), (_SIDE, _SIDE, longest, 2 * np.pi, 0.9, 0.4))
    points = max(4, int(numbers[2] / 3))
    # Many branches hardly grow, which keeps the outline ragged.
    growth = rng.beta(0.7, 1.3, (2, points))
    left, left_sway = rng.uniform(0.5, 0.85), rng.normal(0, 0.12, points)
    right, right_sway = rng.uniform(0.5, 0.85), rng.normal(0, 0.12, points)
    return _Feather(numbers, growth, (-left, right), np.stack([left_sway, right_sway]))


def _lines(feathers: Sequence[_Feather]) -> list[tuple[_Lines, _Lines]]:
    """Return for each feather its spine, [1, points, (x, y)], and branches, [branches, 2, (x, y)], in pixels / 16."""
    lines: dict[int, tuple[_Lines, _Lines]] = {}
    alike: dict[int, list[int]] = {}
    for place, feather in enumerate(feathers):
        alike.setdefault(feather.growth.shape[1], []).append(place)
    for places in alike.values():
        # One call of NumPy for hundreds of feathers: one for each feather took most of the time of a texture.
        spines, branches = _lines_of_alike([feathers[place] for place in places])
        lines.update(zip(places, zip(spines, branches, strict=True), strict=True))
    return [lines[place] for place in range(len(feathers))]


def _lines_of_alike(feathers: Sequence[_Feather]) -> tuple[_Lines, _Lines]:
    """Return what `_lines` does, one array for all spines and one for all branches; all have as many points."""
    numbers, growth, spread, sway = (np.array(part) for part in zip(*feathers, strict=True))
    # One axis for the points of the spine.
    length, first, turn, share = (numbers[:, column, None] for column in range(2, 6))
    points = growth.shape[2]
    along = np.linspace(0, 1, points)
    angle = first + turn * along
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * (length / points)[..., None]
    spine = numbers[:, None, :2] + np.cumsum(steps, axis=1)
    # Branches shorten towards the tip.
    reach = (share * length * (1 - along))[:, None] * growth
    heading = angle[:, None] + spread[..., None] + sway
    tips = spine[:, None] + reach[..., None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    branches = np.stack([np.broadcast_to(spine[:, None], tips.shape), tips], axis=-2)
    return _in_sixteenths(spine[:, None]), _in_sixteenths(branches.reshape(len(feathers), -1, 2, 2))


def _in_sixteenths(places: npt.NDArray[np.float64]) -> _Lines:
    return np.rint(places * 16).astype(np.int32)
