"""The picture that is decoded is the picture that was hashed, also if its file is changed during the run."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SuiteWriter
from tests.flat_colours import flat
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Prediction, Predictor
from tierbench.suites import Suite, read_suites

COUNT = 12
ROWS = "file_name,label,tier\n" + "".join(f"red_{index}.png,red,1\n" for index in range(COUNT)) + "last.png,red,1\n"


@dataclass
class Shares:
    """A user's own classifier: returns the shares of red, green and blue, and does something at its first call."""

    meanwhile: Callable[[], object] = lambda: None
    labels: Sequence[str] = ("red", "green", "blue")
    fingerprint: str = "shares-1"
    called: int = 0

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        if not self.called:
            self.meanwhile()
        self.called += 1
        means = np.array([np.asarray(image, dtype=np.float64).mean(axis=(0, 1)) + 1 for image in images])
        return means / means.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


@pytest.fixture
def folder(suite: SuiteWriter) -> Path:
    """A suite of red pictures, each of another size, so that none is predicted with another."""
    folder = suite(ROWS)
    for index in range(COUNT):
        flat("red", (40 + index, 32)).save(folder / f"red_{index}.png")
    flat("red", (99, 32)).save(folder / "last.png")
    return folder


def opened(folder: Path) -> Suite:
    ((suite,), problems) = read_suites([folder])
    assert problems == []
    return suite


def predicted(folder: Path, store: PredictionStore, meanwhile: Callable[[], object] = lambda: None) -> Prediction:
    """Predict the suite one picture at a time; the last one is not yet read when the first is predicted."""
    return Predictor(Shares(meanwhile), store, batch_size=1).predict(opened(folder).cases)["colours/last"]


def best(prediction: Prediction) -> int:
    assert prediction.probabilities is not None, prediction.error
    return int(prediction.probabilities.argmax())


def test_a_picture_that_is_edited_meanwhile_is_predicted_and_kept_as_what_it_is(folder: Path) -> None:
    last, store = folder / "last.png", PredictionStore(None)
    old = last.read_bytes()
    found = predicted(folder, store, lambda: flat("blue", (99, 32)).save(last))
    assert (best(found), found.image_sha256) == (2, hashlib.sha256(last.read_bytes()).hexdigest())
    # What was kept is of the new picture; the old one is predicted anew.
    last.write_bytes(old)
    found = predicted(folder, store)
    assert (best(found), found.image_sha256) == (0, hashlib.sha256(old).hexdigest())


def test_only_the_edited_one_of_two_equal_pictures_is_new(folder: Path) -> None:
    twin = folder / "red_zz.png"
    twin.write_bytes((folder / "last.png").read_bytes())
    with (folder / "metadata.csv").open("a", encoding="utf-8") as stream:
        stream.write("red_zz.png,red,1\n")
    model = Shares(lambda: flat("green", (99, 32)).save(folder / "last.png"))
    found = Predictor(model, PredictionStore(None), batch_size=1).predict(opened(folder).cases)
    assert (best(found["colours/last"]), best(found["colours/red_zz"])) == (1, 0)
    assert found["colours/red_zz"].image_sha256 == hashlib.sha256(twin.read_bytes()).hexdigest()


def test_a_link_that_is_swapped_in_meanwhile_is_not_followed(folder: Path, tmp_path: Path) -> None:
    flat("blue").save(tmp_path / "secret.png")

    def swap() -> None:
        (folder / "last.png").unlink()
        (folder / "last.png").symlink_to(tmp_path / "secret.png")

    found = predicted(folder, PredictionStore(None), swap)
    assert found == Prediction("", None, "the image file cannot be read: it is a link that leaves the folder")


def test_a_link_that_is_swapped_in_before_is_not_even_hashed(folder: Path, tmp_path: Path) -> None:
    suite = opened(folder)
    flat("blue").save(tmp_path / "secret.png")
    (folder / "last.png").unlink()
    (folder / "last.png").symlink_to(tmp_path / "secret.png")
    found = Predictor(Shares(), PredictionStore(None)).predict(suite.cases)["colours/last"]
    assert found == Prediction("", None, "the image file cannot be read")


def test_a_picture_whose_hash_is_declared_is_no_other_one(folder: Path) -> None:
    digest = hashlib.sha256((folder / "last.png").read_bytes()).hexdigest()
    rows = f"file_name,label,tier,sha256\nlast.png,red,1,{digest}\n"
    (folder / "metadata.csv").write_text(rows, encoding="utf-8")
    suite = opened(folder)
    flat("blue", (99, 32)).save(folder / "last.png")
    found = Predictor(Shares(), PredictionStore(None)).predict(suite.cases)["colours/last"]
    assert found.probabilities is None
    assert found.error.endswith(f"its row says {digest[:12]}…; put the right file there or fix the row")


def test_a_stored_row_that_is_damaged_is_predicted_again(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    first = PredictionStore(file)
    before = predicted(folder, first)
    first.close()
    with sqlite3.connect(file) as connection:
        # As if a disk had turned some bits: every row says something else.
        connection.execute("UPDATE predictions SET row = x'0000003f0000803e0000803e' || substr(row, 13)")
    connection.close()
    model = Shares()
    found = Predictor(model, PredictionStore(file)).predict(opened(folder).cases)["colours/last"]
    assert model.called == 1
    assert np.array_equal(found.probabilities, before.probabilities)  # type: ignore[arg-type]
    # The good row took the place of the damaged one.
    again = Shares()
    Predictor(again, PredictionStore(file)).predict(opened(folder).cases)
    assert again.called == 0
