"""The model kind `folder`: a model saved by transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded
from tierbench.common.text import one_line
from tierbench.models.classifier import Classifier
from tierbench.models.dual_encoder import DualEncoder
from tierbench.models.files import read_json, read_model_folder
from tierbench.models.transformers_model import TransformersClassifier
from tierbench.models.zero_shot import ZeroShotModel
from tierbench.models.zero_shot_files import is_zero_shot, read_zero_shot_folder


def open_folder(spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None) -> Classifier:
    """Open the model in a folder; see `Opener`."""
    return open_saved(root / expanded(spec), spec, device=device, dtype=dtype, labels=labels)


def open_saved(folder: Path, spec: str, *, device: str, dtype: str, labels: Sequence[str] | None) -> Classifier:
    """Open a model that transformers saved: an image classifier, or a zero-shot model by what its config says.

    Args:
        folder: where its files are.
        spec, device, dtype, labels: see `Opener`.
    """
    place = f"model {one_line(spec)!r}"
    if not is_zero_shot(read_json(folder / "config.json", place, "save the model with save_pretrained()")):
        return TransformersClassifier(read_model_folder(folder, spec, labels), device=device, dtype=dtype)
    if labels is not None:
        raise UserError(
            f"{place}: is a zero-shot model, whose labels are the concepts of each suite; leave out its label file, "
            "and name further concepts in [prompts.concepts] of suite.toml"
        )
    return ZeroShotModel(DualEncoder(read_zero_shot_folder(folder, spec), device=device, dtype=dtype))
