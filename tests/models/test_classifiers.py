"""Model cards, dtypes and devices of opened models, and errors of a user's own factory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.flat_colours import LABELS, RGB, SAID, flat
from tierbench import Classifier, load_classifier
from tierbench.common.errors import UserError
from tierbench.models.device import resolve_device


def test_the_card_describes_the_model(colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model), device="cpu")
    assert isinstance(classifier, Classifier)
    card = classifier.describe()
    assert json.loads(json.dumps(card)) == card
    assert card["architecture"] == "ConvNextForImageClassification"
    assert (card["depths"], card["widths"]) == ([1, 1, 1, 1], [8, 8, 16, 16])
    assert card["labels"] == list(LABELS)
    assert (card["outputs"], card["device"], card["dtype"]) == ("softmax", "cpu", "float32")
    assert card["preprocessing"]["size"] == {"shortest_edge": 32}
    assert card["fingerprint"] == classifier.fingerprint
    assert card["parameters"] > 5000


def test_loading_a_model_writes_nothing(colour_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # The progress bars of transformers would run through pytest's own lines.
    load_classifier(str(colour_model), device="cpu").predict([flat("red")])
    assert capfd.readouterr() == ("", "")


def test_sigmoid_outputs(multi_label_model: Path) -> None:
    classifier = load_classifier(str(multi_label_model), device="cpu")
    assert classifier.multi_label is True  # type: ignore[attr-defined]
    assert classifier.describe()["outputs"] == "sigmoid"
    outputs = classifier.predict([flat(name) for name in RGB])
    assert outputs == pytest.approx(np.array([SAID[name] for name in RGB]), abs=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_every_dtype_returns_float32_probabilities(colour_model: Path, dtype: str) -> None:
    outputs = load_classifier(str(colour_model), device="cpu", dtype=dtype).predict([flat("red"), flat("blue")])
    assert outputs.dtype == np.float32
    assert outputs.shape == (2, 4)
    assert outputs.sum(axis=1) == pytest.approx([1, 1], abs=1e-4)


def test_images_of_any_size_fit_into_one_batch(colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model), device="cpu")
    outputs = classifier.predict([flat("red", (200, 50)), flat("red", (1, 1)), flat("red", (33, 400))])
    assert outputs == pytest.approx(np.array([SAID["red"]] * 3), abs=1e-4)


def test_devices() -> None:
    import torch

    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in {"cpu", "cuda", "mps"}
    with pytest.raises(UserError, match=r"--robust-device 'tpu' is unknown; write one of auto, cpu, cuda, mps"):
        resolve_device("tpu")
    for device, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if there:
            assert resolve_device(device) == device
        else:
            with pytest.raises(UserError, match=f"--robust-device {device}: torch .* does not find such a device; use"):
                resolve_device(device)


GOOD = """
import numpy as np
class Model:
    labels = ["red", "green"]
    fingerprint = "1"
    def describe(self): return {}
    def predict(self, images): return np.full((len(images), 2), 0.5)
make = Model
"""


# A proxy: what it has is not known before it is asked.
PROXY = f"""{GOOD}
class Proxy:
    def __init__(self): self._inner = Model()
    def __getattr__(self, name): return getattr(self._inner, name)
def make(): return Proxy()
"""


@pytest.mark.parametrize(
    ("text", "factory", "line"),
    [
        (GOOD, "make", ""),
        (PROXY, "make", ""),
        (GOOD, "", "write python:module:factory, for example"),
        (GOOD, "absent", "has no function absent"),
        ("raise ValueError('no\\nweights')", "make", "cannot import {module}: ValueError: no"),
        ("import nothing_of_this_name", "make", "cannot import {module}: ModuleNotFoundError: "),
        ("def make(): raise OSError('gone')", "make", "make() failed: OSError: gone"),
        (
            "def make(): return 3",
            "make",
            "int is not a classifier, it lacks labels, fingerprint, describe, predict; see",
        ),
        (GOOD.replace('["red", "green"]', "[]"), "make", "it has no labels; name its outputs"),
        (GOOD.replace('["red", "green"]', "'red'"), "make", "its labels must be a sequence of strings"),
        (GOOD.replace('["red", "green"]', "[1, 2]"), "make", "its labels must be a sequence of strings"),
        (GOOD.replace('fingerprint = "1"', "fingerprint = 1"), "make", "its fingerprint must be a string"),
        (GOOD.replace('fingerprint = "1"', "fingerprint = ''"), "make", "its fingerprint must be a string"),
        (GOOD.replace('fingerprint = "1"', "fingerprint = '\\ud800'"), "make", "its fingerprint must be a string"),
    ],
)
def test_a_factory(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    factory: str,
    line: str,
) -> None:
    module = f"factory_{abs(hash(request.node.name))}"
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
    spec = f"python:{module}:{factory}"
    if not line:
        assert load_classifier(spec, root=tmp_path).predict([flat("red")]).shape == (1, 2)
        return
    with pytest.raises(UserError) as error:
        load_classifier(spec, root=tmp_path)
    assert len(error.value.lines) == 1
    assert error.value.lines[0].startswith(f"model '{spec}': ")
    assert line.format(module=module) in error.value.lines[0]
