from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tierbench.suites.views import LIGHT, QUALITIES, SHIFT_PX, VIEWS, ZOOM, View, draw_view


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 250, (30, 40, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(int)


def test_there_are_eight_and_the_first_changes_nothing(picture: Image.Image) -> None:
    assert len(VIEWS) == 8
    assert VIEWS[""].of(picture) is picture
    assert all(view.of(picture).size == picture.size for view in VIEWS.values())
    seen = {view.of(picture).tobytes() for view in VIEWS.values()}
    assert len(seen) == 8


def test_a_shift_moves_whole_pixels_and_repeats_the_edge(picture: Image.Image) -> None:
    before, right, up = pixels(picture), pixels(VIEWS["right"].of(picture)), pixels(VIEWS["up"].of(picture))
    assert (right[:, 1:] == before[:, :-1]).all()
    assert (right[:, 0] == before[:, 0]).all()
    assert (up[:-1] == before[1:]).all()
    assert (up[-1] == before[-1]).all()


def test_a_mirror_and_a_shift_do_not_disturb_each_other(picture: Image.Image) -> None:
    both = pixels(View(mirror=True, shift=(1, 0)).of(picture))
    assert (both[:, 1:] == pixels(picture)[:, ::-1][:, :-1]).all()


def test_a_zoom_keeps_the_centre() -> None:
    ramp = Image.fromarray(np.tile(np.arange(100, dtype=np.uint8)[:, None, None], (1, 100, 3)).transpose(1, 0, 2))
    seen = pixels(VIEWS["zoom"].of(ramp))[50, :, 0]
    wanted = 49.5 + (np.arange(100) - 49.5) / 1.01
    assert np.abs(seen - wanted).max() < 1  # Pillow rounds down
    smaller = pixels(View(zoom=0.99).of(ramp))[50, :, 0]
    assert np.abs(smaller[2:-2] - (49.5 + (np.arange(100) - 49.5) / 0.99)[2:-2]).max() < 1  # Pillow rounds down


def test_more_light_scales_the_values_up_to_white() -> None:
    grey = Image.fromarray(np.full((4, 4, 3), (100, 200, 254), dtype=np.uint8))
    assert VIEWS["light"].of(grey).getpixel((1, 1)) == (102, 204, 255)


def test_jpeg_is_that_of_pillow(picture: Image.Image) -> None:
    assert VIEWS["jpeg95"].quality == 95
    assert np.abs(pixels(VIEWS["jpeg85"].of(picture)) - pixels(picture)).max() > 0
    flat = Image.new("RGB", (16, 16), (90, 90, 90))
    assert VIEWS["jpeg85"].of(flat).tobytes() == flat.tobytes()


def test_drawn_views_fill_their_ranges_and_come_back_with_the_seed() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_view(rng) for _ in range(400)]
    assert {view.shift[0] for view in drawn} == {view.shift[1] for view in drawn} == {*range(-SHIFT_PX, SHIFT_PX + 1)}
    assert {view.mirror for view in drawn} == {True, False}
    assert all(abs(view.zoom - 1) <= ZOOM and abs(view.light - 1) <= LIGHT for view in drawn)
    assert {view.quality for view in drawn} == {*range(QUALITIES[0], QUALITIES[1] + 1)}
    assert draw_view(np.random.default_rng(7)) == draw_view(np.random.default_rng(7))
