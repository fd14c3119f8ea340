"""timm models, in the form of the Hub and in that of `save_pretrained()`: labels, preprocessing, and the model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from tests.corruptions.photographs import whole_photograph
from tierbench.common.errors import UserError
from tierbench.models import load_classifier
from tierbench.models.files import read_model_folder
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.quiet import quiet_transformers

LABELS = ("cat", "dog", "ship")
SETTINGS: Mapping[str, Any] = {
    "tag": "mine",
    "input_size": [3, 160, 160],
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "crop_mode": "center",
    "mean": [0.5, 0.4, 0.3],
    "std": [0.2, 0.25, 0.3],
    "num_classes": 3,
    "classifier": "fc",
}


def written(folder: Path, settings: Mapping[str, Any] = {}, **config: Any) -> Path:
    """Write a folder as timm's `save_for_hf()` writes it, with a last layer of three outputs and nothing else."""
    content = {"architecture": "test_resnet", "num_classes": 3, "num_features": 4, "label_names": list(LABELS)}
    content |= {"pretrained_cfg": {**SETTINGS, **settings}, **config}
    folder.mkdir(exist_ok=True)
    kept = {name: value for name, value in content.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
    tensors = {"fc.weight": np.zeros((3, 4), dtype=np.float16), "fc.bias": np.zeros(3, dtype=np.float16)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        ({}, LABELS),
        ({"label_names": ["n1", "n2", "n3"], "label_descriptions": {"n1": "cat", "n2": "dog"}}, ("cat", "dog", "n3")),
        ({"label_names": {"0": "a", "1": "b", "2": "c"}}, ("a", "b", "c")),
        ({"label_names": None, "settings": {"label_names": ["x", "y", "z"]}}, ("x", "y", "z")),
        ({"label_names": None, "id2label": {"0": "p", "1": "q", "2": "r"}}, ("p", "q", "r")),
        # As the wrapper's save_pretrained() writes it.
        ({"model_type": "timm_wrapper", "architectures": ["TimmWrapperForImageClassification"]}, LABELS),
    ],
)
def test_the_labels_are_those_of_the_config(tmp_path: Path, config: dict[str, Any], labels: tuple[str, ...]) -> None:
    assert load_classifier(str(written(tmp_path / "m", **config))).labels == labels


def test_the_fingerprint_changes_with_the_preprocessing(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"crop_pct": 0.9}, {"interpolation": "bilinear"}, {"mean": [0.5, 0.5, 0.5]}]
    folders = [written(tmp_path / str(index), change) for index, change in enumerate(changes)]
    assert len({read_model_folder(folder, "m").fingerprint for folder in folders}) == len(changes)
    assert read_model_folder(folders[0], "m").file_dtype == "float16"


@pytest.mark.parametrize(
    ("settings", "config", "line"),
    [
        ({}, {"pretrained_cfg": {}}, "has no pretrained_cfg in its config.json, so its preprocessing is unknown; save"),
        ({"input_size": [1, 28, 28]}, {}, "cannot use the pretrained_cfg in its config.json: input_size must be [3, h"),
        ({"input_size": [3, 5000, 5000]}, {}, "cannot use the pretrained_cfg in its config.json: input_size must be"),
        ({"input_size": "224"}, {}, "cannot use the pretrained_cfg in its config.json: input_size must be [3"),
        ({"crop_pct": 1e-9}, {}, "cannot use the pretrained_cfg in its config.json: crop_pct must be 0.1 to 1, and"),
        (
            {"interpolation": "random"},
            {},
            "cannot use the pretrained_cfg in its config.json: interpolation must be one",
        ),
        (
            {"std": [0, 1, 1]},
            {},
            "cannot use the pretrained_cfg in its config.json: mean and std must be three numbers",
        ),
        ({}, {"label_names": ["a", "b"]}, "num_labels is 3, but id2label has 2 names; write"),
        ({}, {"label_names": None}, "its config.json has no labels; write the names of the classes"),
        (
            {},
            {"label_names": None, "num_classes": 2, "id2label": {"0": "a", "1": "b"}},
            "its config.json has 2 labels, but the last layer in model.safetensors has 3 outputs; save model",
        ),
        # So many classes, but nothing says that they are ImageNet's.
        ({}, {"label_names": None, "num_classes": 1000}, "its config.json has no labels; write the names of the"),
    ],
)
def test_every_problem_is_one_line(tmp_path: Path, settings: dict[str, Any], config: dict[str, Any], line: str) -> None:
    folder = written(tmp_path / "m", settings, **config)
    with pytest.raises(UserError) as error:
        load_classifier(str(folder))
    assert len(error.value.lines) == 1
    assert error.value.lines[0].startswith(f"model '{folder}': {line}")


@pytest.mark.parametrize(
    ("mode", "size", "crop_pct", "resized", "box"),
    [
        # Shortest edge to floor(160 / .95) = 168, the long one rounded down: 600 × 400 → 252 × 168.
        ("center", [3, 160, 160], 0.95, (252, 168), (46, 4, 206, 164)),
        ("center", [3, 160, 160], 1.0, (240, 160), (40, 0, 200, 160)),
        # Of a target that is no square, the edge that then covers it.
        ("center", [3, 160, 80], 1.0, (240, 160), (80, 0, 160, 160)),
        ("squash", [3, 160, 160], 1.0, (160, 160), (0, 0, 160, 160)),
        ("border", [3, 160, 160], 1.0, (160, 107), (0, -26, 160, 134)),
    ],
)
def test_a_picture_is_prepared_as_timm_documents_it(
    tmp_path: Path, mode: str, size: list[int], crop_pct: float, resized: tuple[int, int], box: tuple[int, ...]
) -> None:
    folder = written(tmp_path / "m", {"crop_mode": mode, "input_size": size, "crop_pct": crop_pct})
    processor, photo = ImageProcessor(folder, "the model"), whole_photograph("coffee")
    assert photo.size == (600, 400)
    prepared = processor.preparation(cropped=False)(photo)
    ground = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), (128, 102, 76))
    ground.paste(photo.resize(resized, Image.Resampling.BICUBIC), (-box[0], -box[1]))
    pixels = (np.asarray(ground, dtype=np.float64) / 255 - SETTINGS["mean"]) / SETTINGS["std"]
    assert np.asarray(prepared) == pytest.approx(pixels.transpose(2, 0, 1), abs=1e-5)
    assert processor.input_size == tuple(size[1:])
    # What is cropped already is resized straight to the input.
    cropped = processor.preparation(cropped=True)(photo)
    plain = np.asarray(photo.resize((size[2], size[1]), Image.Resampling.BICUBIC), dtype=np.float64) / 255
    expected = ((plain - SETTINGS["mean"]) / SETTINGS["std"]).transpose(2, 0, 1)
    assert np.asarray(cropped) == pytest.approx(expected, abs=1e-5)


def test_a_picture_too_narrow_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    prepare = ImageProcessor(written(tmp_path / "m"), "the model").preparation(cropped=False)
    with pytest.raises(Exception, match="the image is too narrow"):
        prepare(Image.new("RGB", (1, 40_000)))


def _problem_of_timm() -> str:
    try:
        import_module("timm")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


PROBLEM = _problem_of_timm()
needs_timm = pytest.mark.skipif(
    bool(PROBLEM), reason=f"THE REAL timm IS NOT TESTED HERE: it cannot be imported ({PROBLEM})"
)


@pytest.mark.skipif(not PROBLEM, reason="timm can be imported")
def test_without_timm_one_line_names_the_cause(tmp_path: Path) -> None:
    classifier = load_classifier(str(written(tmp_path / "m")))
    with pytest.raises(UserError) as error:
        classifier.verify()  # type: ignore[attr-defined]  # a part of the interface that not every kind has
    (line,) = error.value.lines
    assert line.startswith(f"model '{tmp_path / 'm'}': is a timm model, and timm cannot be imported (")
    assert PROBLEM.splitlines()[0] in line
    assert "; pip install 'tierbench[timm]', with a torchvision that is made for your torch" in line


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_without_timm_the_names_of_imagenet_are_asked_for(tmp_path: Path) -> None:
    folder = written(tmp_path / "m", {"tag": "a1_in1k"}, num_classes=1000, label_names=None)
    with pytest.raises(UserError, match=r"are those of ImageNet \(tag 'a1_in1k'\), whose names come with timm; pip"):
        load_classifier(str(folder))


@needs_timm
@pytest.mark.parametrize("form", ["hub", "new hub", "save_pretrained"])
@pytest.mark.parametrize("mode", ["center", "border", "squash"])
@pytest.mark.parametrize("labels", [LABELS, None], ids=["named", "ImageNet"])
def test_the_real_model_agrees_with_the_pipeline(
    tmp_path: Path, form: str, mode: str, labels: tuple[str, ...] | None
) -> None:
    """A folder made offline by timm, with random weights, or by transformers' wrapper of it."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline

    timm = import_module("timm")
    torch.manual_seed(1)
    made = timm.create_model("test_resnet", num_classes=len(labels) if labels else 1000).eval()
    torch.nn.init.normal_(made.get_classifier().weight, std=0.5)
    settings = {**SETTINGS, "crop_mode": mode, "tag": "mine" if labels else "r160_in1k", "num_classes": None}
    names = {"label_names": list(labels)} if labels else {}
    folder = expected = tmp_path / "hub"
    model_config = {"pretrained_cfg": settings, **names}
    import_module("timm.models").save_for_hf(made, folder, model_config=model_config, safe_serialization=True)
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if form == "new hub":
        expected = Path(shutil.copytree(folder, tmp_path / "old"))
    # Newer releases of timm write it, and transformers cannot load such a folder.
    content.pop("model_args", None)
    (expected / "config.json").write_text(json.dumps(content), encoding="utf-8")
    with quiet_transformers():
        if form == "save_pretrained":
            model = AutoModelForImageClassification.from_pretrained(folder)
            folder = expected = tmp_path / "wrapper"
            model.save_pretrained(folder)
        theirs = pipeline(
            "image-classification", model=str(expected), image_processor=AutoImageProcessor.from_pretrained(expected)
        )
        photos = [whole_photograph(name) for name in ("coffee", "astronaut")]
        answers = theirs([*photos, photos[0].resize((30, 30)), photos[0].resize((500, 20))], top_k=1000)
    classifier = load_classifier(str(folder), device="cpu")
    ours = classifier.predict([*photos, photos[0].resize((30, 30)), photos[0].resize((500, 20))])
    assert len(classifier.labels) == ours.shape[1] == (3 if labels else 1000)
    for row, answer in zip(ours, answers, strict=True):
        # Two classes of ImageNet may have one name.
        assert np.sort(row)[::-1] == pytest.approx([entry["score"] for entry in answer], abs=1e-4)
        assert classifier.labels[int(row.argmax())] == answer[0]["label"]
    assert classifier.describe()["architecture"] == "TimmWrapperForImageClassification (test_resnet)"
