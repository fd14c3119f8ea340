"""A sweep predicts the same wherever its pictures are corrupted, and leaves the cores to the model."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.conftest import SuiteWriter
from tests.flat_colours import flat
from tierbench import load_classifier
from tierbench.corruptions import workers
from tierbench.corruptions.workers import CorruptionWorkers
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Prediction, Predictor
from tierbench.suites import read_suites
from tierbench.suites.derived import derive_cases


@pytest.mark.usefixtures("cache")
def test_processes_change_no_prediction(
    suite: SuiteWriter, colour_model: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = suite("file_name,label,tier\nred_1.png,ship,1\nbroken.png,ship,1\nblue_1.png,ship,1\n")
    flat("red", (60, 80)).save(folder / "red_1.png")
    (folder / "broken.png").write_bytes((folder / "red_1.png").read_bytes()[:60])
    ((found,), problems) = read_suites([folder])
    assert problems == []
    cases = derive_cases(found, ["gaussian_noise", "glass_blur", "fog", "contrast"], [1, 3, 5])
    classifier = load_classifier(str(colour_model), device="cpu")
    started: list[CorruptionWorkers] = []

    def predicted(available: int) -> dict[str, Prediction]:
        monkeypatch.setattr(workers, "cores", lambda: available)
        return Predictor(classifier, PredictionStore(None), 5).predict(cases)

    monkeypatch.setattr(workers, "_WORTH_A_PROCESS", 10)
    original = CorruptionWorkers.__exit__

    def remembered(self: CorruptionWorkers, *given: object) -> None:
        started.extend([self] * len(self.idle))
        original(self, *given)  # type: ignore[arg-type]  # what __exit__ is given

    monkeypatch.setattr(CorruptionWorkers, "__exit__", remembered)
    here = predicted(2)
    assert started == []
    beside = predicted(4)
    assert 1 <= len(started) <= 2
    assert {name: made.error for name, made in beside.items()} == {name: made.error for name, made in here.items()}
    assert {name for name, made in beside.items() if made.error} == {case.key for case in cases if "broken" in case.id}
    for name, made in beside.items():
        assert made.image_sha256 == here[name].image_sha256
        if made.probabilities is not None:
            np.testing.assert_array_equal(made.probabilities, here[name].probabilities)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("geometry", "expected"), [("imagenet-c", {"decode_0"}), ("whole", {"decode_0", "decode_1"})])
def test_a_model_on_the_cpu_shares_its_cores_with_one_thread(
    suite: SuiteWriter, colour_model: object, geometry: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 2)
    ((found,), _) = read_suites([suite("file_name,label,tier\nred_1.png,ship,1\nblue_1.png,ship,1\n")])
    cases = derive_cases(found, ["gaussian_noise", "glass_blur", "fog", "contrast"], [1, 3, 5], geometry)
    names: set[str] = set()

    def advance(finished: int) -> None:
        names.update(name for thread in threading.enumerate() if (name := thread.name).startswith("decode_"))

    Predictor(load_classifier(str(colour_model), device="cpu"), PredictionStore(None), 5).predict(cases, advance)
    assert names == expected
