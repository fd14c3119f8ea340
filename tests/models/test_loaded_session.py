"""A session of ONNX Runtime, with image processor and labels, as a `python:` factory returns it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.flat_colours import LABELS, RGB, flat
from tierbench import Classifier, UserError, load_classifier
from tierbench.models.factory_result import as_classifier
from tierbench.models.quiet import quiet_transformers

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (the extra onnx)")
pytest.importorskip("onnxscript", reason="torch exports with onnxscript, which is not installed (the extra onnx)")


class Graph(torch.nn.Module):
    """A model of pixels, in one of the forms in which graphs are found."""

    def __init__(self, folder: Path, form: str) -> None:
        from transformers import AutoModelForImageClassification

        super().__init__()
        with quiet_transformers():
            self.model = AutoModelForImageClassification.from_pretrained(folder).eval()
        self.form = form

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(
            pixel_values=pixels.permute(0, 3, 1, 2) if self.form == "NHWC" else pixels
        ).logits
        return torch.softmax(logits, -1) if self.form == "softmax" else logits


@pytest.fixture(scope="module")
def session_of(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Export the model in one of these forms, once: `logits`, `softmax`, `NHWC`, `pairs` (two pictures at once)."""

    @cache
    def session(form: str) -> Any:
        shape = (2, 32, 32, 3) if form == "NHWC" else (2, 3, 32, 32)
        batch = None if form == "pairs" else ({0: torch.export.Dim("batch")},)
        file = tmp_path_factory.mktemp("session") / "model.onnx"
        graph = Graph(colour_model, form).eval()
        torch.onnx.export(graph, (torch.zeros(shape),), file, dynamo=True, dynamic_shapes=batch, verbose=False)
        return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    return session


def made_of(session: Any, folder: Path, labels: tuple[str, ...] = LABELS) -> Classifier:
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    return as_classifier((session, processor, labels), "python:mine:make", "model 'python:mine:make'")


@pytest.mark.parametrize("form", ["logits", "softmax", "NHWC", "pairs"])
def test_a_session_predicts_as_the_model_that_it_was_exported_from(
    colour_model: Path, session_of: Callable[[str], Any], form: str
) -> None:
    folder = load_classifier(str(colour_model), device="cpu")
    loaded = made_of(session_of(form), colour_model)
    # An odd number.
    pictures = [flat(colour, (50, 40)) for colour in RGB][:5]
    outputs = loaded.predict(pictures)
    assert outputs == pytest.approx(folder.predict(pictures), abs=1e-4)
    assert outputs.dtype == np.float32
    assert loaded.fingerprint is None
    card = loaded.describe()
    assert json.loads(json.dumps(card)) == card
    assert (card["device"], card["dtype"], card["backend"]) == ("cpu", "float32", "onnxruntime")
    assert card["steps"][1] == "resize shortest edge to 36, bicubic"


def test_what_cannot_be_used_is_one_line(colour_model: Path, session_of: Callable[[str], Any]) -> None:
    session = session_of("logits")
    for made in (session, (session,), (session, 3)):
        with pytest.raises(UserError, match=r"return \(session, processor, labels\), or name its file: onnx:FILE$"):
            as_classifier(made, "python:mine:make", "model 'python:mine:make'")
    with pytest.raises(UserError, match="int is no image processor of transformers"):
        as_classifier((session, 3, LABELS), "python:mine:make", "model 'python:mine:make'")
    with pytest.raises(UserError, match=r"returns an array of shape \[1, 4\], not \[1, 3\] \(pictures × labels\)"):
        made_of(session, colour_model, LABELS[:3]).verify()  # type: ignore[attr-defined]


def test_a_graph_that_takes_no_pictures_is_one_line(colour_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "numbers.onnx"
    torch.onnx.export(torch.nn.Linear(3, 4).eval(), (torch.zeros(1, 3),), file, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    with pytest.raises(UserError, match=r"its session takes .* tensor\(float\) \[1, 3\], not RGB pictures of"):
        made_of(session, colour_model)
