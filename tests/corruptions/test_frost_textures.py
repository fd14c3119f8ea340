"""Frost textures: the generated ones, and those of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tierbench.corruptions import corrupt
from tierbench.corruptions.frost_textures import (
    _BANDS,
    _FROSTS,
    _PERCENTILES,
    _Feather,
    _feather,
    _lines,
    _order,
    _texture,
    draw_texture,
)
from tierbench.corruptions.kept_textures import kept_texture
from tierbench.corruptions.pixels import Pixels

from .photographs import photograph

CAT = photograph("chelsea", 64)


@pytest.mark.parametrize("number", range(len(_FROSTS)))
def test_textures_have_their_declared_brightness(number: int) -> None:
    texture, frost = _texture(number), _FROSTS[number]
    assert texture.mean(axis=(0, 1)) == pytest.approx(frost.colour, abs=2)
    grey = texture.mean(axis=2)
    levels = np.percentile(grey, _PERCENTILES) - np.median(grey)
    assert levels == pytest.approx(np.array(frost.levels) - frost.levels[4], abs=6)


@pytest.mark.parametrize("number", range(len(_FROSTS)))
def test_textures_have_their_declared_spectrum(number: int) -> None:
    grey = _texture(number).mean(axis=2)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2 / grey.size**2
    cycles = 224 * np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1]))
    strengths = np.sqrt(np.histogram(cycles, [*_BANDS, 200], weights=power)[0])
    # The two lowest bands have few waves, which the levels and the blotches change.
    assert strengths[2:] == pytest.approx(_FROSTS[number].spectrum[2:], rel=0.3)


def test_the_lines_of_many_feathers_are_those_of_each() -> None:
    rng = np.random.default_rng(3)
    feathers = [_feather((9, 30), rng) for _ in range(40)]
    for feather, (spine, branches) in zip(feathers, _lines(feathers), strict=True):
        expected, *sides = _lines_of_one(feather)
        assert np.array_equal(spine[0], np.rint(expected * 16))
        assert np.array_equal(branches, np.rint(np.concatenate(sides) * 16))


def _lines_of_one(feather: _Feather) -> list[npt.NDArray[np.float64]]:
    """Return the spine, [points, (x, y)], and the branches of each side, [branches, 2, (x, y)], of one feather."""
    start, (length, first, turn, share) = feather.numbers[:2], feather.numbers[2:]
    along = np.linspace(0, 1, feather.sway.shape[1])
    angle = first + turn * along
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (length / along.size)
    spine = start + np.cumsum(steps, axis=0)
    lines = [spine]
    for growth, spread, sway in zip(feather.growth, feather.spread, feather.sway, strict=True):
        reach = share * length * (1 - along) * growth
        heading = angle + spread + sway
        tips = spine + reach[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        lines.append(np.stack([spine, tips], axis=1))
    return lines


def test_the_order_of_the_values_is_that_of_a_stable_sort() -> None:
    relief = np.random.default_rng(0).standard_normal((40, 50), dtype=np.float32).round(1)
    assert np.array_equal(_order(relief), np.argsort(relief.ravel() + np.float32(0), kind="stable"))


def test_every_texture_is_drawn() -> None:
    rng = np.random.default_rng(0)
    drawn = {draw_texture(rng).tobytes() for _ in range(60)}
    assert len(drawn) == len(_FROSTS)


def test_a_folder_of_originals_is_used_except_for_the_sixth_texture(tmp_path: Path) -> None:
    for name, shade in (("frost1.png", 40), ("frost2.png", 80), ("frost6.jpg", 250)):
        Image.new("RGB", (300, 300), (shade, shade, shade)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture", encoding="utf-8")
    found = {int(corrupt(CAT * 0, "frost", 3, seed=seed, frost_textures=tmp_path).mean()) for seed in range(30)}
    assert found == {28, 56}


def test_a_texture_smaller_than_the_picture_is_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (10, 7), "white").save(tmp_path / "small.png")
    result = corrupt(CAT * 0, "frost", 3, seed=0, frost_textures=tmp_path)
    assert result.shape == CAT.shape
    assert (result == 178).all()


def test_a_texture_that_changed_is_read_again(tmp_path: Path) -> None:
    means = []
    for shade in (50, 150):
        path = tmp_path / "frost.png"
        path.unlink(missing_ok=True)
        Image.new("RGB", (80, 80 + shade), (shade, shade, shade)).save(path)
        means.append(corrupt(CAT * 0, "frost", 3, seed=0, frost_textures=tmp_path).mean())
    assert means == [35, 105]


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no image in the folder of frost textures"):
        corrupt(CAT, "frost", 1, seed=0, frost_textures=tmp_path)
    with pytest.raises(ValueError, match=r"cannot read the folder of frost textures .*No such file"):
        corrupt(CAT, "frost", 1, seed=0, frost_textures=str(tmp_path / "absent"))
    (tmp_path / "frost1.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"cannot read the frost texture .*frost1\.png"):
        corrupt(CAT, "frost", 1, seed=0, frost_textures=tmp_path)


@pytest.fixture
def drawn() -> list[int]:
    """The numbers of the textures that were drawn."""
    return []


@pytest.fixture
def fetched(drawn: list[int]) -> Callable[[int], Pixels]:
    """Ask for a texture of 4 × 4 pixels, as a process does that has not seen it yet."""

    def draw(number: int) -> Pixels:
        drawn.append(number)
        return np.full((4, 4, 3), number, dtype=np.uint8)

    return lambda number: kept_texture(number, 4, draw)


def test_a_texture_is_drawn_once_for_all_processes(
    cache: Path, fetched: Callable[[int], Pixels], drawn: list[int]
) -> None:
    assert [int(fetched(number).mean()) for number in (1, 2, 1, 2)] == [1, 2, 1, 2]
    assert drawn == [1, 2]


def test_what_is_damaged_is_drawn_again(cache: Path, fetched: Callable[[int], Pixels], drawn: list[int]) -> None:
    for damaged in (b"", b"\0" * 79, None):
        fetched(7)
        (file,) = (cache / "frost-textures").glob("7-*.rgb")
        content = file.read_bytes()
        file.write_bytes(content[:-1] + b"\0" if damaged is None else damaged)
        assert (fetched(7) == 7).all()
    assert drawn == [7] * 4


def test_without_a_cache_folder_textures_are_drawn(
    cache: Path, fetched: Callable[[int], Pixels], drawn: list[int]
) -> None:
    cache.write_text("in the way", encoding="utf-8")
    assert [int(fetched(3).mean()) for _ in range(2)] == [3, 3]
    assert drawn == [3, 3]
