"""Keep the text embeddings of zero-shot models between runs, one file in safetensors for each set of texts."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.files import is_regular, replacing
from tierbench.models.prediction_store import library_versions

if TYPE_CHECKING:
    import torch

# A file has a few kilobytes for each label.
_MOST_FILES = 256
_NAME = "embeddings"
_CHECKSUM = "sha256"


def embedding_file(folder: Path, fingerprint: str, *, device: str, dtype: str) -> Path:
    """Return the file of the embeddings of some texts, named by a hash over everything that can change them.

    Args:
        folder: where they are kept.
        fingerprint: over the model and the texts.
        device: the kind of device.
        dtype: of the weights.
    """
    parts = (fingerprint, device, dtype, *library_versions().values())
    return folder / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}.safetensors"


def kept_embeddings(file: Path, count: int) -> torch.Tensor | None:
    """Return the embeddings in a file; None if it is missing, damaged, or has another number of them.

    Args:
        file: as `embedding_file` names it.
        count: the number of labels.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    if not is_regular(file):
        return None
    try:
        with safe_open(file, framework="pt") as stored:
            checksum = (stored.metadata() or {}).get(_CHECKSUM)
            # A copy, because the tensor may be the file itself, which another process may replace.
            embeddings: torch.Tensor = stored.get_tensor(_NAME).clone()
    except (OSError, SafetensorError):
        return None
    whole = embeddings.dtype == torch.float32 and embeddings.ndim == 2 and len(embeddings) == count
    return embeddings if whole and checksum == _checksum(embeddings) else None


def keep_embeddings(file: Path, embeddings: torch.Tensor) -> None:
    """Write embeddings into a file, and remove the oldest ones; that it fails is no problem, they are made again."""
    from safetensors.torch import save

    embeddings = embeddings.cpu().contiguous()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(save({_NAME: embeddings}, metadata={_CHECKSUM: _checksum(embeddings)}))
        by_age = sorted(file.parent.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in by_age[_MOST_FILES:]:
            old.unlink(missing_ok=True)


def _checksum(embeddings: torch.Tensor) -> str:
    return hashlib.sha256(embeddings.numpy().tobytes()).hexdigest()
