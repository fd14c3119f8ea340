"""Every problem of a model folder is one line, reported before torch is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tierbench.common.errors import UserError
from tierbench.models import ModelSpec, load_classifier
from tierbench.models.files import read_model_folder
from tierbench.models.registry import kind_of

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path, colour_model: Path) -> Path:
    """Return a copy of the model that a test may break."""
    copy = tmp_path / "model"
    shutil.copytree(colour_model, copy)
    return copy


def config(**values: Any) -> Change:
    def change(folder: Path) -> None:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        content |= values
        kept = {name: value for name, value in content.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")

    return change


def processor(**values: Any) -> Change:
    def change(folder: Path) -> None:
        file = folder / "preprocessor_config.json"
        file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")

    return change


def replaced(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def removed(*names: str) -> Change:
    def remove(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return remove


def renamed(name: str, new: str) -> Change:
    return lambda folder: (folder / name).rename(folder / new)


def sharded(shard: object) -> Change:
    def change(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
        index = {"weight_map": {"classifier.weight": shard}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")

    return change


def outputs_of_the_last_layer(count: int) -> Change:
    def change(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        tensors["classifier.weight"] = np.resize(tensors["classifier.weight"], (count, 16))
        tensors["classifier.bias"] = np.resize(tensors["classifier.bias"], count)
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    return change


FIVE = {str(index): f"c{index}" for index in range(5)}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (removed("config.json"), "has no config.json; save the model with save_pretrained()"),
        (replaced("config.json", "{"), "config.json cannot be read (Expecting property name"),
        (replaced("config.json", "[]"), "config.json is not a JSON object; save the model"),
        (replaced("config.json", "[" * 20_000 + "]" * 20_000), "config.json is nested too deeply; save"),
        (
            config(depths=[10**6] * 4),
            "its config.json has depths = [1000000, 1000000, 1000000, 1000000], but its weights",
        ),
        (
            config(text={"num_hidden_layers": 10**9}),
            "its config.json has num_hidden_layers = 1000000000, but its weights",
        ),
        (replaced("config.json", '{"id2label": ' + "9" * 5000 + "}"), "config.json cannot be read (Exceeds the limit"),
        (replaced("preprocessor_config.json", "{"), "preprocessor_config.json cannot be read (Expecting property"),
        (replaced("preprocessor_config.json", '{"a":' * 20_000), "preprocessor_config.json is nested too deeply; save"),
        (processor(size={"shortest_edge": 100_000}), "preprocessor_config.json has shortest_edge = 100000; it must be"),
        (processor(size=0), "preprocessor_config.json has size = 0; it must be 1 to 4096"),
        (processor(size=[224, 1e9]), "preprocessor_config.json has size = 1000000000.0; it must be 1 to 4096"),
        (processor(crop_pct=1e-9), "preprocessor_config.json has crop_pct = 1e-09; it must be 0.1 to 1"),
        (config(transformers_weights="other.safetensors"), "its config.json names other weights (transformers_weights"),
        (
            replaced("adapter_config.json", "{}"),
            "has an adapter (adapter_config.json), and adapters are not loaded; merge it first",
        ),
        (config(problem_type="regression"), "is a regression model (problem_type in its config.json); name"),
        (removed("model.safetensors"), "has no weights (model.safetensors), and pickled ones are never loaded; save"),
        (
            renamed("model.safetensors", "pytorch_model.bin"),
            "has its weights only in pytorch_model.bin, and pickles are never loaded; save them with save_pretrained()",
        ),
        (removed("preprocessor_config.json"), "has no preprocessor_config.json, so its preprocessing is unknown"),
        (config(id2label=None), "its config.json has no labels; write the names of the classes"),
        (config(id2label={"a": "cat"}), "the keys of id2label must be numbers; write"),
        (config(id2label={"1": "cat"}), "the keys of id2label must run from 0 to 0; write"),
        (
            config(id2label={"0": "LABEL_0", "1": "LABEL_1"}),
            "its labels are only LABEL_0 to LABEL_1, which no suite can expect; write",
        ),
        (sharded("model-00002-of-00001.safetensors"), "the shard model-00002-of-00001.safetensors is missing; save"),
        (sharded("../model-00001-of-00001.safetensors"), "the shard model-00001-of-00001.safetensors is missing; save"),
        (sharded("x" * 300), "the shard xxx"),
        (sharded("a\0b"), "the shard a\\x00b is missing; save the model again"),
        (config(num_labels=10**9, label2id=None), "num_labels is 1000000000, but id2label has 4 names; write"),
        (sharded("/etc/hostname"), "the shard hostname is missing; save the model again"),
        (sharded(1), "model.safetensors.index.json has no weight_map; save the model again"),
        (
            config(id2label=FIVE, num_labels=None),
            "its config.json has 5 labels, but the last layer in model.safetensors has 4 outputs; save model",
        ),
        (
            outputs_of_the_last_layer(3),
            "its config.json has 4 labels, but the last layer in model.safetensors has 3 outputs; save model",
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_every_problem_is_one_line(folder: Path, change: Change, line: str) -> None:
    change(folder)
    with pytest.raises(UserError) as error:
        load_classifier(str(folder))
    assert len(error.value.lines) == 1
    assert error.value.lines[0].startswith(f"model '{folder}': {line}")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (config(model_type={"clip": 1}), "transformers cannot read its config.json"),
        (replaced("model.safetensors", "garbage"), "transformers cannot load it as an image classifier ("),
        (
            replaced("preprocessor_config.json", '{"image_processor_type": "X"}'),
            "transformers cannot load its image processor (",
        ),
        (config(model_type="bert"), "transformers has no image classifier of the type 'bert'; name a model"),
        (config(model_type="no-such-type"), "transformers cannot read its config.json ("),
        (
            # Something that transformers has, but no image processor.
            replaced("preprocessor_config.json", '{"image_processor_type": "BertConfig"}'),
            "its image processor cannot process a picture (",
        ),
        (config(depths=[1, 1, 1, 2]), "its weights lack "),
    ],
    ids=[
        "no text as a type",
        "broken weights",
        "unknown processor",
        "other model",
        "unknown model",
        "no processor",
        "other depths",
    ],
)
def test_problems_that_only_loading_finds_are_one_line_too(folder: Path, change: Change, line: str) -> None:
    from tests.flat_colours import flat

    change(folder)
    classifier = load_classifier(str(folder))
    with pytest.raises(UserError) as error:
        classifier.predict([flat("red")])
    assert len(error.value.lines) == 1
    assert error.value.lines[0].startswith(f"model '{folder}': {line}")


def test_weights_that_change_between_opening_and_loading_are_not_taken_for_the_old_ones(folder: Path) -> None:
    from tests.flat_colours import flat

    classifier = load_classifier(str(folder), device="cpu")
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(UserError, match="its files changed while the run was going on; run again"):
        classifier.predict([flat("red")])


def test_the_fingerprint_changes_with_everything_that_changes_predictions(folder: Path) -> None:
    def fingerprint() -> str:
        return read_model_folder(folder, "m").fingerprint

    seen = {first := fingerprint()}
    config(transformers_version="0.0.1")(folder)
    assert fingerprint() == first
    (folder / "README.md").touch()
    assert fingerprint() == first
    # Shards that an earlier save left behind: transformers takes the whole file.
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {}}', encoding="utf-8")
    assert fingerprint() == first
    config(layer_norm_eps=1e-5)(folder)
    seen.add(fingerprint())
    processor = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    replaced("preprocessor_config.json", json.dumps(processor | {"crop_pct": 0.9}))(folder)
    seen.add(fingerprint())
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    seen.add(fingerprint())
    assert len(seen) == 4


def test_the_card_says_how_the_weights_are_stored(folder: Path) -> None:
    file = folder / "model.safetensors"
    halves = {name: tensor.astype(np.float16) for name, tensor in load_file(file).items()}
    save_file(halves, file, {"format": "pt"})
    card = load_classifier(str(folder), device="cpu").describe()
    assert (card["dtype"], card["file_dtype"], card["file_size"]) == ("float32", "float16", file.stat().st_size)


@pytest.mark.parametrize(
    ("values", "multi_label"),
    [
        ({}, False),
        ({"problem_type": "multi_label_classification"}, True),
        ({"id2label": {"0": "cat"}, "outputs": 1}, True),
        ({"problem_type": None}, False),
    ],
)
def test_sigmoid_or_softmax_by_the_rule_of_the_pipeline(
    folder: Path, values: dict[str, Any], multi_label: bool
) -> None:
    config(**values)(folder)
    if outputs := values.get("outputs"):
        outputs_of_the_last_layer(outputs)(folder)
    assert read_model_folder(folder, "m").multi_label is multi_label


@pytest.mark.parametrize(
    ("text", "name", "spec", "kind"),
    [
        ("reference", "reference", "reference", "reference"),
        ("models/mine", "mine", "models/mine", "folder"),
        ("mine=models/mine", "mine", "models/mine", "folder"),
        ("models/a=b", "a-b", "models/a=b", "folder"),
        ("./models/a@b", "a-b", "./models/a@b", "folder"),
        ("a@b", "a-b", "a@b", "folder"),
        ("v1.2=org/name@main", "v1.2", "org/name@main", "hub"),
        ("org/name@main", "name", "org/name@main", "hub"),
        ("python:my.module:make", "make", "python:my.module:make", "python"),
        ("old=reference", "old", "reference", "reference"),
    ],
)
def test_a_spec_is_read(tmp_path: Path, text: str, name: str, spec: str, kind: str) -> None:
    if kind == "folder":
        (tmp_path / spec).mkdir(parents=True)
    parsed = ModelSpec.parse(text)
    assert (parsed.name, parsed.spec, kind_of(parsed.spec, tmp_path)) == (name, spec, kind)
    assert parsed.named is text.startswith(f"{name}=")


@pytest.mark.parametrize("text", ["", " ", "name=", "my name=x", "=x", "a" * 51 + "=x"])
def test_an_invalid_spec_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--robust-model"):
        ModelSpec.parse(text)


@pytest.mark.parametrize("spec", ["nothing here", "./nothing", "~no_such_user_here/x", "a/b/c"])
def test_a_missing_folder_is_one_line(spec: str) -> None:
    with pytest.raises(UserError, match="there is no such folder; write a folder, a Hub id") as error:
        load_classifier(spec)
    assert len(error.value.lines) == 1


def test_a_cache_that_cannot_take_the_built_in_model_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TIERBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="TIERBENCH_CACHE") as error:
        load_classifier("reference")
    (line,) = error.value.lines
    assert line.startswith("model 'reference': ")
    assert str(tmp_path / "file" / "models") in line


def test_a_hub_id_without_a_connection_is_one_line() -> None:
    with pytest.raises(UserError, match="is not a folder, and the Hub cannot be reached") as error:
        load_classifier("org-of-nobody/name-of-nothing")
    assert len(error.value.lines) == 1


def test_a_hub_model_in_the_local_cache_needs_no_connection(
    tmp_path: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "c" * 40
    repository = tmp_path / "models--org--name"
    shutil.copytree(colour_model, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for spec in ("org/name", "org/name@main", f"org/name@{commit}"):
        assert load_classifier(spec).fingerprint == load_classifier(str(colour_model)).fingerprint
