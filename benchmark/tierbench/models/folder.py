"""The model kind `folder`: a model saved by transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tierbench.common.files import expanded
from tierbench.models.files import read_model_folder
from tierbench.models.transformers_model import TransformersClassifier


def open_folder(
    spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None
) -> TransformersClassifier:
    """Open the model in a folder; see `Opener`."""
    return TransformersClassifier(read_model_folder(root / expanded(spec), spec, labels), device=device, dtype=dtype)
