"""ONNX files of every form: layout, types, logits or probabilities, fixed batches, weights in other files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.conftest import Bench
from tests.flat_colours import LABELS, flat
from tests.onnx_graphs import expected, save_beside, save_graph, softmax
from tierbench.common.errors import UserError
from tierbench.models import load_classifier

COLOURS = ("red", "green", "blue", "orange", "black")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with labels and image processor, without a graph."""
    save_beside(tmp_path)
    return tmp_path


def said(folder: Path) -> np.ndarray:
    return load_classifier(f"onnx:{folder}", device="cpu").predict([flat(colour) for colour in COLOURS])


def problem(spec: str, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        load_classifier(spec, device="cpu", **options)
    (line,) = error.value.lines
    return line.replace(f"model {spec!r}: ", "")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"layout": "NHWC"},
        {"dtype": "float16"},
        {"dtype": "uint8"},
        {"dtype": "uint8", "layout": "NHWC"},
        {"ends": ["Softmax"]},
        {"ends": ["Softmax", "Identity"]},
        {"ends": ["LogSoftmax"]},
        {"shape": [1, 3, 32, 32]},
        {"shape": [2, 3, 32, 32]},
        {"shape": ["n", "channels", "height", "width"]},
        {"output": "logits", "ends": ["Neg", "Neg"]},
        {"output": "logits", "more_outputs": ["other"]},
        {"external": "model.onnx.data"},
    ],
    ids=str,
)
def test_probabilities_are_those_of_the_graph(folder: Path, form: dict[str, Any]) -> None:
    save_graph(folder / "model.onnx", **form)
    tolerance = 1e-3 if form.get("dtype") == "float16" else 1e-6
    assert said(folder) == pytest.approx(
        np.stack([softmax(expected(flat(colour))) for colour in COLOURS]), abs=tolerance
    )


@pytest.mark.parametrize("ends", [["Sigmoid"], []])
def test_sigmoids_are_found_in_the_graph_or_the_config(folder: Path, ends: list[str]) -> None:
    save_beside(folder, **({} if ends else {"problem_type": "multi_label_classification"}))
    save_graph(folder / "model.onnx", ends=ends)
    assert getattr(load_classifier(f"onnx:{folder}"), "multi_label", False)
    logits = np.stack([expected(flat(colour)) for colour in COLOURS])
    assert said(folder) == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)


def test_what_the_graph_does_not_say_is_asked_for_and_read(folder: Path) -> None:
    spec = f"onnx:{folder}"
    save_graph(folder / "model.onnx", shape=["n", "a", "b", "c"], layout="NHWC", ends=["Neg", "Neg"])
    assert problem(spec) == (
        "the shape of its input, n × a × b × c, does not say where its channels are; write "
        '"tierbench": {"layout": "NCHW"} (or "NHWC") into the config.json beside it'
    )
    save_beside(folder, tierbench={"layout": "NHWC"})
    assert problem(spec) == (
        "whether its output 'scores' holds logits or probabilities is not known (the graph ends in Neg); write "
        '"tierbench": {"outputs": "logits"} (or "softmax", "sigmoid") into the config.json beside it'
    )
    save_beside(folder, tierbench={"layout": "NHWC", "outputs": "logits"})
    assert said(folder)[0] == pytest.approx(softmax(expected(flat("red"))), abs=1e-6)
    save_beside(folder, tierbench={"layout": "CHWN"})
    assert problem(spec) == "tierbench in its config.json has layout = 'CHWN'; write one of NCHW, NHWC"
    save_beside(folder, tierbench={"order": "NCHW"})
    assert "must be an object with texts for some of input, output, layout, outputs" in problem(spec)
    save_beside(folder)
    save_graph(folder / "model.onnx", more_outputs=["other"])
    assert problem(spec) == (
        'it has 2 outputs (scores, other); write "tierbench": {"output": "NAME"} into the config.json beside it'
    )
    save_beside(folder, tierbench={"output": "other"})
    assert said(folder)[0] == pytest.approx(softmax(expected(flat("red"))), abs=1e-6)


def test_outputs_that_are_not_what_was_said_are_reported(folder: Path) -> None:
    save_graph(folder / "model.onnx", ends=["Softmax"])
    save_beside(folder, tierbench={"outputs": "logits"})
    with pytest.raises(UserError, match='taken for logits, but are probabilities; write "outputs": "softmax"'):
        said(folder)
    save_graph(folder / "model.onnx")
    save_beside(folder, tierbench={"outputs": "softmax"})
    with pytest.raises(UserError, match="should be probabilities, but do not sum to 1"):
        said(folder)


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (
            {"more_inputs": ["ids"]},
            "it has 2 inputs (pixels, ids), but there are only pictures; export it as an ",
        ),
        ({"shape": ["n", 1, 32, 32]}, "it takes pictures of 1 channels; export it for RGB pictures, with 3"),
        ({"domain": "com.acme", "ends": ["Foo"]}, "it has operators of com.acme, and libraries of custom operators ar"),
        ({"external": "../weights"}, "its weights lie in '../weights', outside of its folder, where they are never re"),
        ({"external": "/etc/hostname"}, "its weights lie in '/etc/hostname', outside of its folder, where they are "),
        ({"external": "sub/gone"}, "'sub/gone', which holds its weights, is missing; copy it beside the model"),
    ],
    ids=["inputs", "grey", "custom", "above", "absolute", "missing"],
)
def test_a_graph_that_cannot_be_used_is_one_line(folder: Path, form: dict[str, Any], line: str) -> None:
    save_graph(folder / "model.onnx", **form)
    assert problem(f"onnx:{folder}").startswith(line)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_weights_behind_a_link_that_leaves_the_folder_are_refused(folder: Path, tmp_path_factory: Any) -> None:
    save_graph(folder / "model.onnx", external="data")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "data"
    (folder / "data").rename(elsewhere)
    (folder / "data").symlink_to(elsewhere)
    assert "outside of its folder" in problem(f"onnx:{folder}")


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not a graph at all", b"\x08\x0a", b"\x0a" * 5000])
def test_a_file_that_is_no_graph_is_one_line(folder: Path, content: bytes) -> None:
    (folder / "model.onnx").write_bytes(content)
    assert problem(f"onnx:{folder}").startswith("model.onnx is not an ONNX file (")


def test_a_damaged_graph_is_one_line_and_no_crash(folder: Path) -> None:
    model = onnx.load(save_graph(folder / "model.onnx"))
    model.graph.initializer[0].raw_data = b"\x00"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    classifier: Any = load_classifier(f"onnx:{folder}", device="cpu")
    with pytest.raises(UserError, match=r"^model 'onnx:.*': ONNX Runtime .* cannot load it \(.*\); export the model "):
        classifier.verify()


def test_a_name_that_is_not_utf_8_is_one_line(folder: Path) -> None:
    content = save_graph(folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content.replace(b"scores", b"sc\xffres"))
    assert problem(f"onnx:{folder}").startswith("model.onnx is damaged (it has a name that is not UTF-8); export")


def test_the_right_number_of_labels_and_pixels_is_needed(folder: Path) -> None:
    save_graph(folder / "model.onnx")
    assert problem(f"onnx:{folder}", labels=["a", "b"]) == (
        "it has 4 classes, but its label file has 2; correct the labels"
    )
    save_graph(folder / "model.onnx", shape=["n", 3, 48, 40])
    classifier: Any = load_classifier(f"onnx:{folder}", device="cpu")
    with pytest.raises(UserError, match="takes pictures of 48 × 40 pixels, but its image processor makes 32 × 32 of a"):
        classifier.verify()


def test_a_bare_file_gets_labels_and_processor_from_options(folder: Path, tmp_path_factory: Any) -> None:
    bare = save_graph(tmp_path_factory.mktemp("bare") / "net.onnx")
    spec = f"onnx:{bare}"
    assert "for --robust-labels [NAME=]FILE (tierbench: --labels)" in problem(spec)
    assert "or name its folder with --robust-processor" in problem(spec, labels=LABELS)
    classifier = load_classifier(spec, labels=LABELS, processor=folder)
    assert classifier.predict([flat("blue")])[0] == pytest.approx(softmax(expected(flat("blue"))), abs=1e-6)
    assert classifier.describe()["unknown"] == ["architecture"]


def test_the_file_of_a_folder_is_found_or_asked_for(folder: Path) -> None:
    assert problem(f"onnx:{folder}") == "the folder has no model.onnx; name the file: onnx:FOLDER/FILE.onnx"
    save_graph(folder / "a.onnx")
    assert load_classifier(f"onnx:{folder}").labels == LABELS
    save_graph(folder / "b.onnx")
    assert "the folder has several ONNX files (a.onnx, b.onnx); name the file" in problem(f"onnx:{folder}")
    assert "there is no such file or folder; write onnx:FILE.onnx or onnx:FOLDER" in problem(f"onnx:{folder}/c.onnx")


def test_the_fingerprint_holds_all_that_changes_predictions(folder: Path) -> None:
    save_graph(folder / "model.onnx", external="data")
    seen = [load_classifier(f"onnx:{folder}").fingerprint]

    def changed() -> bool:
        seen.append(load_classifier(f"onnx:{folder}").fingerprint)
        return seen[-1] not in seen[:-1]

    (folder / "data").write_bytes((folder / "data").read_bytes()[:-4] + b"\x00\x00\x80\x3e")
    assert changed()
    processor = folder / "preprocessor_config.json"
    processor.write_text(
        processor.read_text(encoding="utf-8").replace('"image_std": [1, 1, 1]', '"image_std": [1, 1, 2]')
    )
    assert changed()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"]["0"] = "plane"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert changed()


def test_a_run_with_an_onnx_model_has_its_card_and_its_cache(study: Bench) -> None:
    folder = study.path / "device"
    folder.mkdir()
    save_beside(folder)
    save_graph(folder / "model.onnx")
    assert study.run("--robust-model", "onnx:device", "-m", "tier1").code == 0
    model = study.record().run.models[0]
    assert (model.name, model.spec) == ("device", "onnx:device")
    assert "1 of 3 predictions cached" in study.run("--robust-model", "onnx:device", "-m", "tier1").text
    answer = study.run("--robust-model", "onnx:device", "--robust-device", "mps")
    assert answer.code == 4
    assert "has nothing for --robust-device mps; use --robust-device auto or cpu" in answer.errors[0]
