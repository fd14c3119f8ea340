"""From a spec to a classifier: finds out what the spec names; torch stays out until the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded
from tierbench.common.text import one_line
from tierbench.models.classifier import Classifier
from tierbench.models.factory import make_classifier
from tierbench.models.files import ModelFiles, hub_snapshot, read_model_folder
from tierbench.models.spec import FORMS, ModelSpec, is_hub_id


def load_classifier(
    spec: str,
    *,
    device: str = "auto",
    dtype: str = "float32",
    root: Path | None = None,
    labels: Sequence[str] | None = None,
) -> Classifier:
    """Open the model that a spec names.

    Args:
        spec: a folder, a Hub id `org/name[@revision]`, `python:module:factory`, or `reference`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.
        root: what a relative folder is relative to; default: the working directory.
        labels: names of the classes that take the place of those in the model's config.

    Returns:
        A classifier that knows its labels and fingerprint; the weights are loaded when it first predicts.

    Raises:
        UserError: if the spec names no model, or one that cannot be used.
    """
    # Here, so that naming a classifier's type costs no import of NumPy.
    from tierbench.models.transformers_model import TransformersClassifier

    if ModelSpec("model", spec).kind == "python":
        if labels is not None:
            raise UserError(
                f"model {one_line(spec)!r}: names its labels itself; leave --robust-labels (tierbench: --labels) out"
            )
        return make_classifier(spec, root or Path.cwd())
    return TransformersClassifier(find_files(spec, root or Path.cwd(), labels), device=device, dtype=dtype)


def find_files(spec: str, root: Path, labels: Sequence[str] | None = None) -> ModelFiles:
    """Find the folder of a transformers model, fetching or converting it where need be.

    Raises:
        UserError: if the spec names no model, or one that cannot be used.
    """
    parsed = ModelSpec("model", spec)
    if parsed.kind == "reference":
        from tierbench.models.reference import reference_folder

        return read_model_folder(reference_folder(), spec, labels)
    folder = root / expanded(spec)
    if folder.is_dir():
        return read_model_folder(folder, spec, labels)
    if is_hub_id(spec):
        return read_model_folder(hub_snapshot(spec), spec, labels)
    raise UserError(f"model {one_line(spec)!r}: there is no such folder; write {FORMS}")
