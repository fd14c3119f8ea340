"""Recognise and check the folder of a zero-shot model, which reads images and texts, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tierbench.common.errors import UserError
from tierbench.common.files import is_regular
from tierbench.common.text import one_line
from tierbench.models.files import fingerprint_of, processor_files, read_json, weight_files
from tierbench.models.weights_file import read_weights

# The types of models that transformers maps to zero-shot image classification.
ZERO_SHOT_TYPES: Final = frozenset(
    {"align", "altclip", "blip", "chinese_clip", "clip", "clipseg", "metaclip_2", "siglip", "siglip2", "tipsv2"}
)
# Types of the same mapping that cannot be asked → why.
REFUSED_TYPES: Final[Mapping[str, str]] = {
    "blip-2": "has several embeddings for an image and no scale of its scores, so that they are no probabilities",
    "videoprism": "takes videos",
}
# What the tokenizers of transformers read: the first of these that a folder has is its vocabulary.
_VOCABULARIES = (
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_TOKENIZER_FILES = (
    *_VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
# What the Hub must be asked for beside `*.json` and `*.safetensors`.
TOKENIZER_PATTERNS: Final = tuple(name for name in _TOKENIZER_FILES if not name.endswith(".json"))


@dataclass(frozen=True)
class ZeroShotFiles:
    """A folder that `AutoModelForZeroShotImageClassification` can load.

    Attributes:
        spec: as the user wrote it.
        folder: where the files are.
        model_type: the type that its config names, such as `clip`.
        fingerprint: 16 hexadecimal digits over weights, config, preprocessing and tokenizer.
        file_size: bytes of the weights.
        file_dtype: what most of the weights are stored as; None: unknown.
    """

    spec: str
    folder: Path
    model_type: str
    fingerprint: str
    file_size: int
    file_dtype: str | None


def is_zero_shot(config: Mapping[str, Any]) -> bool:
    """Return whether a config.json is that of a zero-shot model, and not of a classifier made of one."""
    known = str(config.get("model_type")) in ZERO_SHOT_TYPES | REFUSED_TYPES.keys()
    named = config.get("architectures")
    classes = named if isinstance(named, list) else []
    return known and not any(str(name).endswith("ForImageClassification") for name in classes)


def read_zero_shot_folder(folder: Path, spec: str) -> ZeroShotFiles:
    """Check the folder of a zero-shot model.

    Args:
        folder: as `save_pretrained()` of the model, its tokenizer and its image processor write it.
        spec: as the user wrote it.

    Raises:
        UserError: if the config, the weights in safetensors, the preprocessing or the tokenizer are missing or cannot
            be used.
    """
    place = f"model {one_line(spec)!r}"
    config = read_json(folder / "config.json", place, "save the model with save_pretrained()")
    model_type = str(config.get("model_type"))
    if reason := REFUSED_TYPES.get(model_type):
        raise UserError(f"{place}: a model of the type {model_type!r} {reason}; name a model like CLIP or SigLIP")
    weights = weight_files(folder, config, place)
    processors = processor_files(folder, place)
    tokenizer = _tokenizer_files(folder, place)
    stored = read_weights(weights)
    stored.check_layers(config, place)
    return ZeroShotFiles(
        spec=spec,
        folder=folder,
        model_type=model_type,
        fingerprint=fingerprint_of(config, [*processors, *tokenizer, *weights]),
        file_size=stored.file_size,
        file_dtype=stored.dtype,
    )


def _tokenizer_files(folder: Path, place: str) -> list[Path]:
    found = [folder / name for name in _TOKENIZER_FILES if is_regular(folder / name)]
    if not any(file.name in _VOCABULARIES for file in found):
        raise UserError(
            f"{place}: has no tokenizer (tokenizer.json), and pickles and code are never loaded; "
            "save its tokenizer into the folder with save_pretrained()"
        )
    settings = folder / "tokenizer_config.json"
    if settings in found and "auto_map" in read_json(settings, place, "save its tokenizer again"):
        raise UserError(
            f"{place}: its tokenizer is code of its own (auto_map in tokenizer_config.json), which is never run; "
            "save a tokenizer of transformers into the folder"
        )
    return found
