"""Zero-shot models: agreement with transformers, templates, kept embeddings, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage
import torch
from PIL import Image
from transformers import AutoModelForZeroShotImageClassification, AutoTokenizer, CLIPForImageClassification, pipeline
from transformers.models.auto.modeling_auto import MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES

from tests.conftest import write_suite
from tests.zero_shot_models import KINDS, save_zero_shot
from tierbench import UserError, evaluate, load_classifier
from tierbench.common.images import open_picture
from tierbench.models.classifier import Classifier, Prepares, Promptable, TakesCropped
from tierbench.models.quiet import quiet_transformers
from tierbench.models.text_embeddings import embedding_file, keep_embeddings, kept_embeddings
from tierbench.models.transformers_model import TransformersClassifier
from tierbench.models.zero_shot_files import REFUSED_TYPES, ZERO_SHOT_TYPES
from tierbench.suites.prompts import Prompts

CONCEPTS = ("automobile", "ship", "a bird in a tree")
Probabilities = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    folder = Path(skimage.__file__).parent / "data"
    return [open_picture(folder / name) for name in ("astronaut.png", "coffee.png", "camera.png")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write the tiny model of a type once."""
    folders: dict[str, Path] = {}

    def save(model_type: str) -> Path:
        if model_type not in folders:
            folders[model_type] = save_zero_shot(tmp_path_factory.mktemp("zero-shot") / model_type, model_type)
        return folders[model_type]

    return save


@pytest.fixture
def clip(saved: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of the CLIP that a test may change."""
    return Path(shutil.copytree(saved("clip"), tmp_path / "clip"))


def opened(folder: Path, dtype: str = "float32") -> Promptable:
    model = load_classifier(str(folder), device="cpu", dtype=dtype)
    assert isinstance(model, Promptable)
    return model


def prompted(folder: Path, prompts: Prompts | None = None, kept: Path | None = None) -> Classifier:
    return opened(folder).for_concepts(CONCEPTS, prompts, kept)


def piped(folder: Path, photos: Sequence[Image.Image], **options: str) -> Probabilities:
    """What the pipeline of transformers says of the concepts."""
    with quiet_transformers():
        pipe: Any = pipeline("zero-shot-image-classification", model=str(folder), device="cpu")
        answers = pipe(list(photos), candidate_labels=list(CONCEPTS), **options)
    by_label = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    return np.array([[scores[concept] for concept in CONCEPTS] for scores in by_label], dtype=np.float32)


def test_every_type_of_transformers_is_asked_or_refused_with_a_reason() -> None:
    assert set(MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES) == ZERO_SHOT_TYPES | REFUSED_TYPES.keys()
    assert KINDS.keys() == ZERO_SHOT_TYPES


@pytest.mark.parametrize("model_type", KINDS)
def test_scores_agree_with_the_pipeline(
    saved: Callable[[str], Path], photos: list[Image.Image], model_type: str
) -> None:
    folder = saved(model_type)
    ours = prompted(folder).predict(photos)
    assert ours == pytest.approx(piped(folder, photos), abs=1e-4)
    # Other pictures and other texts have other scores.
    assert np.ptp(ours, axis=0).min() > 1e-3
    assert np.ptp(ours, axis=1).min() > 1e-3


@pytest.mark.parametrize("model_type", ["clip", "siglip", "siglip2"])
def test_scores_agree_for_a_template_of_the_suite(
    saved: Callable[[str], Path], photos: list[Image.Image], model_type: str
) -> None:
    folder = saved(model_type)
    theirs = piped(folder, photos, hypothesis_template="a picture of {} at sea")
    for template in ("a picture of {} at sea", "a picture of {label} at sea"):
        assert prompted(folder, Prompts((template,))).predict(photos) == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("model_type", ["clip", "siglip"])
def test_several_texts_are_averaged_as_embeddings(
    saved: Callable[[str], Path], photos: list[Image.Image], model_type: str
) -> None:
    folder = saved(model_type)
    own = ("a sparrow.", "a bird, seen from below.", "two birds")
    prompts = Prompts(("a photo of a {}.", "a drawing of a {}."), {"a bird in a tree": own})
    texts = [
        *([f"a photo of a {concept}.", f"a drawing of a {concept}."] for concept in ("automobile", "ship")),
        list(own),
    ]
    assert prompted(folder, prompts).predict(photos) == pytest.approx(by_hand(folder, photos, texts), abs=1e-4)


def by_hand(folder: Path, photos: Sequence[Image.Image], texts: Sequence[Sequence[str]]) -> Probabilities:
    """Average the embeddings of each label's texts as CLIP's authors do, in plain calls of transformers."""
    with quiet_transformers():
        pipe: Any = pipeline("zero-shot-image-classification", model=str(folder), device="cpu")
        model: Any = AutoModelForZeroShotImageClassification.from_pretrained(folder).eval()
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    siglip = hasattr(model, "logit_bias")
    padding = {"padding": "max_length", "max_length": 64} if siglip else {"padding": True}
    weights = []
    with torch.inference_mode():
        for own in texts:
            found = [model.get_text_features(**tokenizer([text], return_tensors="pt", **padding)) for text in own]
            each = torch.cat([features.pooler_output / features.pooler_output.norm() for features in found])
            mean = each.mean(dim=0)
            weights.append(mean / mean.norm())
        pixels = pipe.image_processor(images=list(photos), return_tensors="pt")["pixel_values"]
        images = model.get_image_features(pixel_values=pixels).pooler_output
        cosines = images / images.norm(dim=1, keepdim=True) @ torch.stack(weights).T
        logits = cosines * model.logit_scale.exp() + (model.logit_bias if siglip else 0)
        result: Probabilities = (torch.sigmoid(logits) if siglip else torch.softmax(logits, dim=-1)).numpy()
    return result


def test_the_outputs_are_softmax_or_sigmoids(saved: Callable[[str], Path], photos: list[Image.Image]) -> None:
    clip, siglip = prompted(saved("clip")), prompted(saved("siglip"))
    assert clip.predict(photos).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert clip.describe()["outputs"] == "softmax"
    assert getattr(siglip, "multi_label", False)
    assert siglip.predict(photos).sum(axis=1) != pytest.approx(1, abs=1e-2)
    # Softmax would change with every further concept.
    more = opened(saved("siglip")).for_concepts([*CONCEPTS, "house"])
    assert more.predict(photos)[:, :3] == pytest.approx(siglip.predict(photos), abs=1e-5)


@pytest.mark.parametrize("model_type", ["clip", "siglip2"])
def test_pictures_are_prepared_in_threads_and_cropped_ones_stay_whole(
    saved: Callable[[str], Path], photos: list[Image.Image], model_type: str
) -> None:
    classifier = prompted(saved(model_type))
    assert isinstance(classifier, Prepares)
    assert isinstance(classifier, TakesCropped)
    prepare = classifier.preparation(cropped=False)
    prepared = classifier.predict_prepared([prepare(photo) for photo in photos])
    assert prepared == pytest.approx(classifier.predict(photos), abs=1e-6)
    assert classifier.describe()["input_size"] == [32, 32]
    square = photos[1].crop((188, 88, 412, 312))
    assert classifier.predict_cropped([square]) == pytest.approx(classifier.predict([square]), abs=0.02)


def test_a_crop_of_its_own_is_left_out(clip: Path, photos: list[Image.Image]) -> None:
    settings = json.loads((clip / "preprocessor_config.json").read_text(encoding="utf-8"))
    settings["size"] = {"shortest_edge": 64}
    (clip / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    classifier = prompted(clip)
    assert isinstance(classifier, TakesCropped)
    square = photos[1].crop((188, 88, 412, 312))
    assert classifier.predict_cropped([square]) != pytest.approx(classifier.predict([square]), abs=1e-3)


def test_half_precision_says_about_the_same(saved: Callable[[str], Path], photos: list[Image.Image]) -> None:
    half = opened(saved("clip"), dtype="bfloat16").for_concepts(CONCEPTS)
    exact = prompted(saved("clip")).predict(photos)
    assert half.predict(photos) == pytest.approx(exact, abs=0.05)
    assert half.predict(photos) != pytest.approx(exact, abs=1e-6)
    assert half.describe()["dtype"] == "bfloat16"


def test_the_card_has_the_texts(saved: Callable[[str], Path]) -> None:
    card = prompted(saved("clip"), Prompts(("a {}",), {"ship": ("a boat", "a ferry")})).describe()
    assert card["labels"] == list(CONCEPTS)
    assert card["prompts"] == {
        "automobile": ["a automobile"],
        "ship": ["a boat", "a ferry"],
        "a bird in a tree": ["a a bird in a tree"],
    }
    assert (card["architecture"], card["backend"], card["unknown"]) == ("CLIPModel", "torch", [])
    assert card["file_size"] == (saved("clip") / "model.safetensors").stat().st_size
    assert json.loads(json.dumps(card)) == card


def test_the_fingerprint_covers_texts_and_tokenizer(clip: Path) -> None:
    default = prompted(clip).fingerprint
    assert prompted(clip, Prompts(("This is a photo of {}.",))).fingerprint == default
    others = {
        prompted(clip, Prompts(("a photo of a {}.",))).fingerprint,
        prompted(clip, Prompts(concepts={"ship": ("a boat",)})).fingerprint,
        opened(clip).for_concepts(CONCEPTS[:2]).fingerprint,
        opened(clip).for_concepts(CONCEPTS[::-1]).fingerprint,
    }
    tokenizer = json.loads((clip / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"] = {"type": "Lowercase"}
    (clip / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    others.add(prompted(clip).fingerprint)
    assert len(others - {default}) == 5


def test_text_embeddings_are_kept(saved: Callable[[str], Path], photos: list[Image.Image], tmp_path: Path) -> None:
    folder, kept = saved("clip"), tmp_path / "embeddings"
    expected = prompted(folder, kept=kept).predict(photos)
    (file,) = kept.iterdir()
    fingerprint = prompted(folder).fingerprint
    assert fingerprint is not None
    assert file == embedding_file(kept, fingerprint, device="cpu", dtype="float32")
    good = kept_embeddings(file, 3)
    assert good is not None
    # Others in their place show that they are used.
    keep_embeddings(file, good.flip(0))
    assert prompted(folder, kept=kept).predict(photos) == pytest.approx(expected[:, ::-1], abs=1e-6)
    content = bytearray(file.read_bytes())
    content[-1] ^= 0x55
    for damaged in (bytes(content), content[:-7], b"", b"no safetensors"):
        file.write_bytes(damaged)
        assert prompted(folder, kept=kept).predict(photos) == pytest.approx(expected, abs=1e-6)
        again = kept_embeddings(file, 3)
        assert again is not None
        assert torch.equal(again, good)
    assert kept_embeddings(file, 4) is None
    # Of other texts they are no embeddings.
    assert prompted(folder, Prompts(("a {}",)), kept).predict(photos) != pytest.approx(expected, abs=1e-4)
    assert len(list(kept.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_no_problem(
    saved: Callable[[str], Path], photos: list[Image.Image], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    classifier = prompted(saved("clip"), kept=tmp_path / "file")
    assert classifier.predict(photos) == pytest.approx(prompted(saved("clip")).predict(photos), abs=1e-6)


def _without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.pkl").write_bytes(b"")


def _tokenizer_of_code(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": "t.Tokenizer"}}', encoding="utf-8")


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _of_type(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "config.json").write_text(json.dumps({"model_type": name}), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            _without_tokenizer,
            "has no tokenizer (tokenizer.json), and pickles and code are never loaded; "
            "save its tokenizer into the folder with save_pretrained()",
        ),
        (
            _tokenizer_of_code,
            "its tokenizer is code of its own (auto_map in tokenizer_config.json), which is never run; "
            "save a tokenizer of transformers into the folder",
        ),
        (
            _pickled,
            "has its weights only in pytorch_model.bin, and pickles are never loaded; save them with "
            "save_pretrained(), which writes model.safetensors",
        ),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "has no preprocessor_config.json, so its"),
        (_of_type("videoprism"), "a model of the type 'videoprism' takes videos; name a model like CLIP or SigLIP"),
        (_of_type("blip-2"), "a model of the type 'blip-2' has several embeddings for an image"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(clip: Path, change: Callable[[Path], object], line: str) -> None:
    change(clip)
    with pytest.raises(UserError) as error:
        load_classifier(str(clip))
    (said,) = error.value.lines
    assert said.startswith(f"model '{clip}': {line}")


def test_a_broken_tokenizer_is_one_line_before_the_weights_are_loaded(clip: Path) -> None:
    (clip / "tokenizer.json").write_text("{}", encoding="utf-8")
    classifier: Any = prompted(clip)
    with pytest.raises(UserError, match="transformers cannot load its tokenizer"):
        classifier.verify()


def test_a_text_that_is_too_long_is_one_line(saved: Callable[[str], Path], photos: list[Image.Image]) -> None:
    classifier: Any = prompted(saved("clip"), Prompts(concepts={"ship": ("sea " * 90,)}))
    for ask in (classifier.verify, lambda: classifier.predict(photos)):
        with pytest.raises(UserError, match=r"the text 'sea sea .*' has \d+ tokens, more than the 72 that the model"):
            ask()


def test_without_concepts_it_does_not_predict(saved: Callable[[str], Path], photos: list[Image.Image]) -> None:
    with pytest.raises(UserError, match="is a zero-shot model, whose labels are the concepts of a suite"):
        load_classifier(str(saved("clip"))).predict(photos)


def test_a_label_file_is_refused(saved: Callable[[str], Path]) -> None:
    with pytest.raises(UserError, match="leave out its label file, and name further concepts in"):
        load_classifier(str(saved("clip")), labels=["ship", "automobile"])


def test_weights_that_lack_an_encoder_are_refused(clip: Path, photos: list[Image.Image]) -> None:
    config = json.loads((clip / "config.json").read_text(encoding="utf-8"))
    config["text_config"]["num_hidden_layers"] = 3
    (clip / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match="its weights lack 16 tensors of CLIPModel"):
        prompted(clip).predict(photos)


def test_a_classifier_made_of_clip_keeps_its_own_labels(clip: Path, photos: list[Image.Image]) -> None:
    with quiet_transformers():
        made: Any = CLIPForImageClassification.from_pretrained(clip, id2label={0: "car", 1: "ship"})
        made.save_pretrained(clip)
    classifier = load_classifier(str(clip), device="cpu")
    assert isinstance(classifier, TransformersClassifier)
    assert classifier.labels == ("car", "ship")
    assert classifier.predict(photos).shape == (3, 2)


def test_evaluate_asks_for_the_concepts_of_the_suite(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = write_suite(
        tmp_path / "s",
        "file_name,label,tier\nred.png,automobile,1\nblue.png,!ship,1\n",
        '[labels]\nautomobile = ["sports car", "convertible"]\n[prompts.concepts]\nhouse = ["a house"]\n',
    )
    frame = evaluate(str(saved("clip")), folder)
    said = {case: dict(top) for case, top in zip(frame["case"], frame["top"], strict=True)}
    picture = Image.open(folder / "red.png").convert("RGB")
    names = ("automobile", "ship", "house")
    direct = opened(saved("clip")).for_concepts(names, Prompts(concepts={"house": ("a house",)})).predict([picture])
    assert said["red"] == pytest.approx(dict(zip(names, map(float, direct[0]), strict=True)), abs=1e-5)
    assert set(frame["predicted"]) <= set(names)
