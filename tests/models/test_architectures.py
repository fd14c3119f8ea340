"""Every class that transformers maps to image classification runs, and agrees with transformers' own pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers import AutoImageProcessor, pipeline
from transformers.utils.import_utils import is_natten_available, is_timm_available

from tests.models.tiny_architectures import CLASSES, LABELS, save_tiny
from tierbench.common.errors import UserError
from tierbench.common.images import open_picture
from tierbench.models import load_classifier
from tierbench.models.classifier import TakesCropped
from tierbench.models.quiet import quiet_transformers


@dataclass(frozen=True)
class Cannot:
    """Why transformers itself cannot run a class here, as it says so, and what we say.

    Attributes:
        why: matches the error of transformers.
        line: matches ours; empty: without the library that is missing, there is no such folder to open.
    """

    why: str
    line: str = ""


CANNOT: Mapping[str, Cannot] = {
    "ShieldGemma2ForImageClassification": Cannot(
        "input_ids or inputs_embeds", "ShieldGemma2ForImageClassification takes text beside the picture; name a model"
    ),
    # Where torchvision can be imported, the pipeline misses the logits in its output.
    "PPLCNetForImageClassification": Cannot(
        "PPLCNetImageProcessor requires the Torchvision library|logits",
        r"transformers has its image processor \(PPLCNetImageProcessor\) for torchvision only",
    ),
    **({} if is_natten_available() else {"DinatForImageClassification": Cannot("requires the natten library")}),
    # Needs torchvision too; tests/models/test_timm.py has more.
    **({} if is_timm_available() else {"TimmWrapperForImageClassification": Cannot("requires the timm library")}),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    """Five pictures of the shapes that image processors treat differently, in RGB as our reader makes them."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for index, (mode, size) in enumerate(
        [
            ("L", (224, 224)),
            ("RGBA", (70, 110)),
            ("EXIF 6", (90, 160)),
            ("30 × 30", (30, 30)),
            ("500 × 20", (500, 20)),
        ]
    ):
        colours = np.random.default_rng(index).integers(0, 256, (4, 5, 4), dtype=np.uint8)
        picture = Image.fromarray(colours, "RGBA").resize(size, Image.Resampling.BICUBIC)
        exif = Image.Exif()
        if mode == "EXIF 6":
            exif[0x0112] = 6
        picture = picture.convert(mode if mode in ("L", "RGBA") else "RGB")
        paths.append(folder / f"{index}.png")
        picture.save(paths[-1], exif=exif)
    return [open_picture(path) for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CLASSES if name not in CANNOT])
def test_probabilities_agree_with_the_pipeline(name: str, pictures: list[Image.Image], tmp_path: Path) -> None:
    with quiet_transformers():
        folder = save_tiny(name, tmp_path / "model", pictures)
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
        theirs = pipeline("image-classification", model=str(folder), image_processor=processor, device="cpu")
        answers = theirs(pictures, top_k=len(LABELS))
    classifier = load_classifier(str(folder), device="cpu")
    ours = classifier.predict(pictures)
    scores = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    assert ours == pytest.approx(np.array([[row[label] for label in LABELS] for row in scores]), abs=1e-4)
    # Else any two models would agree.
    assert ours.std(axis=0).max() > 0.01
    assert isinstance(classifier, TakesCropped)
    assert classifier.predict_cropped(pictures[:1]).sum() == pytest.approx(1, abs=1e-4)
    card = classifier.describe()
    assert (card["file_dtype"], card["dtype"], card["backend"]) == ("float32", "float32", "torch")
    assert card["file_size"] == (folder / "model.safetensors").stat().st_size
    assert len(card["input_size"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", CANNOT)
def test_what_transformers_cannot_run_is_one_line(name: str, pictures: list[Image.Image], tmp_path: Path) -> None:
    """If this fails, transformers has learnt to run it: take it off the table."""
    folder = tmp_path / "model"
    with pytest.raises(Exception, match=CANNOT[name].why), quiet_transformers():
        pipeline("image-classification", model=str(save_tiny(name, folder, pictures)), device="cpu")(pictures[0])
    if CANNOT[name].line:
        if not (folder / "preprocessor_config.json").exists():
            settings = {"image_processor_type": f"{name.removesuffix('ForImageClassification')}ImageProcessor"}
            (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
        with pytest.raises(UserError, match=CANNOT[name].line) as error:
            load_classifier(str(folder), device="cpu").predict(pictures)
        assert len(error.value.lines) == 1
