"""What a `python:` factory may return beside a classifier: a model of transformers with its image processor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.flat_colours import RGB, flat
from tierbench import Classifier, UserError, load_classifier

LOADED = """
import torch
from transformers import AutoImageProcessor, AutoModel, AutoModelForImageClassification, pipeline

FOLDER = {folder!r}


def model(**settings):
    loaded = AutoModelForImageClassification.from_pretrained(FOLDER)
    for name, value in settings.items():
        setattr(loaded.config, name, value)
    return loaded.train()


def processor():
    return AutoImageProcessor.from_pretrained(FOLDER, backend="pil")


class Around:
    image_processor = processor()


def make():
    return {made}
"""
Opened = Callable[[str], Classifier]


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path, colour_model: Path) -> Opened:
    """Open what a factory returns, given as code."""

    def open_made(made: str) -> Classifier:
        module = f"loaded_{abs(hash((request.node.name, made)))}"
        (tmp_path / f"{module}.py").write_text(LOADED.format(folder=str(colour_model), made=made), encoding="utf-8")
        return load_classifier(f"python:{module}:make", root=tmp_path)

    return open_made


@pytest.mark.parametrize(
    "made",
    [
        "model(), processor()",
        "[model(), processor()]",
        "model(), Around()",
        "pipeline('image-classification', model=model(), image_processor=processor(), device='cpu')",
    ],
)
def test_a_model_with_its_processor_predicts_as_from_its_folder(opened: Opened, colour_model: Path, made: str) -> None:
    folder, loaded = load_classifier(str(colour_model), device="cpu"), opened(made)
    pictures = [flat(colour, (50, 40)) for colour in RGB]
    assert list(loaded.labels) == list(folder.labels)
    assert loaded.predict(pictures) == pytest.approx(folder.predict(pictures), abs=1e-5)
    square = [flat(colour, (224, 224)) for colour in RGB]
    cropped = folder.predict_cropped(square)  # type: ignore[attr-defined]
    assert loaded.predict_cropped(square) == pytest.approx(cropped, abs=1e-5)  # type: ignore[attr-defined]
    # No hash can hold all that code in memory depends on.
    assert loaded.fingerprint is None


def test_its_card(opened: Opened) -> None:
    card = opened("model().to(torch.bfloat16), processor()").describe()
    assert json.loads(json.dumps(card)) == card
    assert card["architecture"] == "ConvNextForImageClassification"
    assert (card["device"], card["dtype"], card["backend"]) == ("cpu", "bfloat16", "torch")
    assert card["steps"][1:3] == ["resize shortest edge to 36, bicubic", "crop 32 × 32 at the centre"]
    assert card["unknown"] == ["file_size"]


def test_sigmoid_outputs_and_half_precision(opened: Opened) -> None:
    loaded = opened("model(problem_type='multi_label_classification').to(torch.bfloat16), processor()")
    assert loaded.multi_label is True  # type: ignore[attr-defined]
    outputs = loaded.predict([flat("red")])
    assert outputs.dtype == "float32"
    assert outputs.sum() != pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("model()", "returned a model without its image processor; return (model, processor)"),
        ("processor(), model()", "returned the model behind its processor; return (model, processor)"),
        ("model(), processor(), 3", "returned a model and 2 more; return (model, processor)"),
        ("model(), 3", "int is no image processor of transformers; return one behind the model"),
        ("torch.nn.Flatten()", "knows no labels and no pictures; wrap it: return tierbench.TorchClassifier("),
        ("model(problem_type='regression'), processor()", "is a regression model (problem_type of its config)"),
        (
            "model(id2label={0: 'LABEL_0', 1: 'LABEL_1'}), processor()",
            "its classes are only LABEL_0 to LABEL_1, which no suite can expect; set model.config.id2label",
        ),
        ("[]", "list is not a classifier, it lacks labels, fingerprint, describe, predict"),
        ("processor()", "is not a classifier, it lacks labels"),
    ],
)
def test_what_cannot_be_used_is_one_line(opened: Opened, made: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        opened(made)
    (text,) = caught.value.lines
    assert text.startswith("model 'python:loaded_")
    assert line in text


def test_a_model_that_does_not_classify_is_reported_before_the_run(bench: Bench) -> None:
    bench.suite("colours", "file_name,label,tier\nred.png,automobile,1\n")
    bench.file(
        "loaded.py", LOADED.format(folder=str(bench.model), made="AutoModel.from_pretrained(FOLDER), processor()")
    )
    answer = bench.run("--robust-model=python:loaded:make")
    assert answer.code == 4
    assert answer.errors == [
        "model 'python:loaded:make': ConvNextModel returns no logits, not logits of shape [1, 4] (pictures × "
        "labels); return a model for image classification"
    ]
