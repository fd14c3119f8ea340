"""`tierbench export`: a transformers model as ONNX, compared with the original."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Answer
from tests.flat_colours import LABELS, RGB, flat
from tierbench.models import load_classifier

Call = Callable[..., Answer]
pytestmark = pytest.mark.slow


def said(spec: str | Path) -> np.ndarray:
    return load_classifier(str(spec), device="cpu").predict([flat(colour) for colour in RGB])


def test_the_export_is_a_folder_that_agrees_with_the_original(
    tierbench: Call, workplace: Path, colour_model: Path, multi_label_model: Path
) -> None:
    answer = tierbench("export", str(colour_model), "out")
    assert answer.code == 0, answer.err
    first, second = answer.out.splitlines()
    assert re.fullmatch(r"out/model\.onnx: \d\.\d MB, 4 labels", first)
    pattern = (
        r"compared on 2 pictures of colours: the largest difference of probabilities is (\S+), the most probable .* 0"
    )
    found = re.fullmatch(pattern, second)
    assert found is not None, second
    assert float(found[1]) < 1e-5
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "config.json",
        "model.onnx",
        "preprocessor_config.json",
    ]
    assert said("onnx:out") == pytest.approx(said(colour_model), abs=1e-4)
    # Its 8-bit copy lies in the same folder, beside the same labels.
    answer = tierbench("export", str(colour_model), "out/int8.onnx", "--int8")
    assert answer.code == 0, answer.err
    assert re.search(r"out/int8\.onnx: \d\.\d MB \(float32: \d\.\d MB\), \d+% of the weights in 8 bits", answer.out)
    card = load_classifier("onnx:out/int8.onnx", device="cpu").describe()
    assert card["dtype"] == "uint8"
    assert card["file_size"] < Path("out/model.onnx").stat().st_size
    assert said("onnx:out/int8.onnx") == pytest.approx(said(colour_model), abs=0.2)
    # What is there is not replaced unasked, nor are labels that belong to it.
    content = Path("out/model.onnx").read_bytes()
    answer = tierbench("export", str(multi_label_model), "out")
    assert (answer.code, answer.err) == (
        4,
        "error: out/model.onnx: exists already; name another file, or replace it with --force\n",
    )
    answer = tierbench("export", str(multi_label_model), "out/other.onnx")
    assert answer.code == 4
    assert "out/config.json: belongs to another model; name another folder, or replace it with --force" in answer.err
    assert Path("out/model.onnx").read_bytes() == content
    assert tierbench("export", str(multi_label_model), "out", "--force").code == 0
    assert said("onnx:out") == pytest.approx(said(multi_label_model), abs=1e-4)
    assert {path.name for path in Path("out").iterdir()} == {
        "config.json",
        "int8.onnx",
        "model.onnx",
        "preprocessor_config.json",
    }


def test_names_of_classes_and_drawn_pictures_stand_in(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    (workplace / "names.txt").write_text("\n".join(f"my {label}" for label in LABELS), encoding="utf-8")
    (workplace / "cases" / "colours" / "metadata.csv").unlink()
    answer = tierbench("export", str(colour_model), "new/net.onnx", "--labels", "names.txt")
    assert answer.code == 0, answer.err
    assert "compared on 8 pictures drawn for it, as there is no suite" in answer.out
    assert load_classifier("onnx:new/net.onnx").labels == tuple(f"my {label}" for label in LABELS)


def test_what_cannot_be_exported_leaves_nothing(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    (workplace / "mine.py").write_text(
        "class Model:\n    labels = ['a']\n    fingerprint = None\n    predict = describe = None\n", encoding="utf-8"
    )
    answer = tierbench("export", "python:mine:Model", "out")
    assert answer.code == 4
    assert "only transformers classifiers can be exported; name a folder or a Hub id" in answer.err
    broken = workplace / "broken"
    broken.mkdir()
    for file in colour_model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    config = json.loads((broken / "config.json").read_text(encoding="utf-8"))
    (broken / "config.json").write_text(json.dumps(config | {"hidden_sizes": [8, 8, 16, 24]}), encoding="utf-8")
    answer = tierbench("export", "broken", "out")
    assert answer.code == 4
    assert answer.err.startswith("error: model 'broken': ")
    assert not (workplace / "out").exists()
