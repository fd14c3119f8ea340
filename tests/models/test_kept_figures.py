"""The figures of pictures are kept with the predictions: measured once, and damage is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import SuiteWriter
from tests.models.test_predictor import Counting, cases_of
from tierbench.common.picture_figures import PictureFigures
from tierbench.models.kept_figures import kept_figures, take_rows
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor

ROWS = "file_name,label,tier\nred.png,automobile,1\nblue.png,ship,1\n"


def test_pictures_are_measured_when_they_are_predicted(suite: SuiteWriter) -> None:
    store, cases = PredictionStore(None), cases_of(suite(ROWS))
    found = Predictor(Counting(), store).predict([*cases, replace(cases[0], id="foggy", corruption="fog", severity=3)])
    digests = {name: prediction.image_sha256 for name, prediction in found.items()}
    figures = kept_figures(store, [*digests.values(), "unknown"])
    # A corrupted copy shares the digest of its source, which alone is measured.
    assert figures.keys() == set(digests.values())
    assert figures[digests["colours/red"]].brightness == pytest.approx(83 / 255)
    assert figures[digests["colours/blue"]].brightness == pytest.approx(55 / 255, abs=0.01)


def test_damaged_figures_are_left_out() -> None:
    store = PredictionStore(None)
    seen = {"a": PictureFigures(0.1, 0.2, 3, 4, 5), "b": PictureFigures(0.5, 0.2, float("nan"), 4, 5)}
    rows = take_rows(seen)
    assert not seen
    store.put(rows)
    assert kept_figures(store, ["a", "b"]) == {"a": pytest.approx((0.1, 0.2, 3, 4, 5))}
    for damage in (b"", b"\0" * 24, rows[next(iter(rows))] + b"x"):
        store.put(dict.fromkeys(rows, damage))
        assert kept_figures(store, ["a", "b"]) == {}
