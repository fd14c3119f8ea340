"""Attribution maps of models whose answer is known to come from one part of the picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers import ConvNextImageProcessorPil, DonutImageProcessorPil

from tests.models.explained_models import SIDE, save_cnn, save_vit
from tierbench.models.attribution import GRADIENTS, OCCLUSION, Attribution
from tierbench.models.classifier import Classifier
from tierbench.models.explainer import Explainer
from tierbench.models.input_box import WHOLE, input_box
from tierbench.models.load import load_classifier
from tierbench.models.timm_config import TimmPreprocessing
from tierbench.models.timm_processor import TimmProcessor


class Brightness:
    """Any classifier without gradients: how bright the top left quarter is."""

    labels = ("dark", "light")
    fingerprint = None

    def __init__(self, *, memory: int = 10**9) -> None:
        self.asked: list[int] = []
        self._memory = memory

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        if len(images) > self._memory:
            raise RuntimeError("out of memory")
        self.asked.append(len(images))
        quarters = [np.asarray(image.crop((0, 0, image.width // 2, image.height // 2))) for image in images]
        light = np.array([quarter.mean() / 255 for quarter in quarters])
        return np.stack([1 - light, light], axis=1)


def picture(width: int = 64, height: int = 64, red: tuple[int, int, int, int] | None = None) -> Image.Image:
    """A light picture with texture; with `red`, one that is red in this box only: left, top, right, bottom."""
    values = np.random.default_rng(7).integers(180, 256, (height, width, 3), dtype=np.uint8)
    if red:
        values[..., 0] //= 2
        left, top, right, bottom = red
        values[top:bottom, left:right, 0] = 250
    return Image.fromarray(values)


def mass(cells: Sequence[Sequence[float]], box: tuple[float, float, float, float] = (0, 0, 0.5, 0.5)) -> float:
    """The share of all that a map holds whose cells have their centre in a box."""
    values = np.abs(np.asarray(cells))
    rows, columns = ((np.arange(count) + 0.5) / count for count in values.shape)
    inside = np.outer((rows > box[1]) & (rows < box[3]), (columns > box[0]) & (columns < box[2]))
    return float(values[inside].sum() / values.sum())


def load(save: Callable[..., Path], folder: Path, processor: Any = None) -> Classifier:
    return load_classifier(str(save(folder, processor)), device="cpu")


def test_gradients_of_a_vit_lie_in_the_quarter_that_it_attends_to(tmp_path: Path) -> None:
    found = Explainer(load(save_vit, tmp_path)).explain(picture(), [1, 0])
    assert (found.method, [each.label for each in found.maps]) == (GRADIENTS, [1, 0])
    light = found.maps[0]
    # The middle row and column of 7 × 7 cells reach into the quarter.
    assert mass(light.cells, (0, 0, 0.51, 0.51)) > 0.99
    assert light.rise is not None
    assert light.rise > 1
    assert light.delta == pytest.approx(0, abs=0.02 * light.rise)


def test_gradients_of_a_cnn_lie_where_the_picture_is_red(tmp_path: Path) -> None:
    model = load(save_cnn, tmp_path)
    found = Explainer(model).explain(picture(red=(32, 32, 64, 64)), [1])
    assert found.method == GRADIENTS
    (red,) = found.maps
    assert mass(red.cells, (0.42, 0.42, 1, 1)) > 0.95
    assert red.rise is not None
    assert red.delta == pytest.approx(0, abs=0.05 * red.rise)
    assert Explainer(model, batch_size=1).explain(picture(red=(32, 32, 64, 64)), [1]).maps[0].cells == tuple(
        pytest.approx(row, abs=1e-4) for row in red.cells
    )


def test_a_map_lies_where_the_crop_lies(tmp_path: Path) -> None:
    # The shortest edge to 36, then 32 × 32 at the centre: of 128 × 64 the model sees 57 × 57.
    processor = ConvNextImageProcessorPil(size={"shortest_edge": SIDE}, crop_pct=SIDE / 36)
    red = (48, 20, 64, 36)
    found = Explainer(load(save_cnn, tmp_path, processor)).explain(picture(128, 64, red), [1])
    left, top, right, bottom = found.box
    half = SIDE / 36 / 2
    assert found.box == pytest.approx((0.5 - half / 2, 0.5 - half, 0.5 + half / 2, 0.5 + half), abs=0.02)
    # A cell more on each side.
    across, down = (right - left) / 7, (bottom - top) / 7
    shares = (red[0] / 128 - across, red[1] / 64 - down, red[2] / 128 + across, red[3] / 64 + down)
    places = [
        (shares[0] - left) / (right - left),
        (shares[1] - top) / (bottom - top),
        (shares[2] - left) / (right - left),
        (shares[3] - top) / (bottom - top),
    ]
    assert mass(found.maps[0].cells, (places[0], places[1], places[2], places[3])) > 0.95


@pytest.mark.parametrize(("size", "shape"), [((64, 64), (12, 12)), ((96, 32), (4, 12)), ((5, 400), (12, 1))])
def test_occlusion_lies_in_the_quarter_that_counts(size: tuple[int, int], shape: tuple[int, int]) -> None:
    model = Brightness()
    found = Explainer(model, batch_size=8).explain(picture(*size), [1, 0])
    assert (found.method, found.box) == (OCCLUSION, WHOLE)
    light, dark = found.maps
    assert np.shape(light.cells) == shape
    # A square reaches a cell beyond the quarter.
    assert mass(light.cells, (0, 0, 0.6 if shape[1] > 1 else 1, 0.65)) > 0.99
    assert (light.rise, light.delta) == (None, None)
    assert np.asarray(dark.cells) == pytest.approx(-np.asarray(light.cells))
    # Both labels were read off the same covered pictures.
    assert sum(model.asked) == 1 + max(1, shape[0] - 1) * max(1, shape[1] - 1)
    assert max(model.asked) <= 8


def test_a_model_that_runs_out_of_memory_is_asked_for_fewer_pictures() -> None:
    small, large = Brightness(memory=3), Brightness()
    found = Explainer(small).explain(picture(), [1])
    assert max(small.asked) == 2
    assert found == Explainer(large).explain(picture(), [1])


def test_what_is_turned_for_the_model_is_explained_by_occlusion(tmp_path: Path) -> None:
    processor = DonutImageProcessorPil(size={"height": SIDE, "width": SIDE * 2}, do_align_long_axis=True)
    assert input_box(lambda image: processor(images=[image], return_tensors="pt")["pixel_values"][0], (40, 90)) is None


@pytest.mark.parametrize(
    ("mode", "size", "expected"),
    [
        ("center", (200, 100), (0.275, 0.05, 0.725, 0.95)),
        ("squash", (200, 100), (0.05, 0.05, 0.95, 0.95)),
        # The longest edge is scaled; above and below there is padding.
        ("border", (200, 100), (0.05, -0.4, 0.95, 1.4)),
    ],
)
def test_the_box_is_what_the_processor_leaves(
    mode: str, size: tuple[int, int], expected: tuple[float, float, float, float]
) -> None:
    processor = TimmProcessor(
        TimmPreprocessing(90, 90, "bicubic", 0.9, mode, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    found = input_box(lambda image: processor([image])["pixel_values"][0], size)
    assert found == pytest.approx(expected, abs=0.01)


def test_explaining_twice_gives_the_same(tmp_path: Path) -> None:
    stream = io.BytesIO()
    picture().save(stream, "PNG")
    explainer = Explainer(load(save_vit, tmp_path))
    first: Attribution = explainer.explain(picture(), [1])
    assert explainer.explain(Image.open(stream).convert("RGB"), [1]) == first
