"""The model kind `hub`: a model on the Hugging Face Hub, `org/name` or `org/name@revision`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import first_line, one_line
from tierbench.models.classifier import Classifier
from tierbench.models.folder import open_saved
from tierbench.models.zero_shot_files import TOKENIZER_PATTERNS


def open_hub(spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None) -> Classifier:
    """Open a model on the Hub, from the local cache if it is there; see `Opener`."""
    return open_saved(hub_snapshot(spec), spec, device=device, dtype=dtype, labels=labels)


def hub_snapshot(spec: str) -> Path:
    """Download the files of a Hub model into the local cache of huggingface_hub, and return their folder.

    Without a connection, the cached files are used. The token is the one that huggingface_hub uses.

    Raises:
        UserError: if the model is neither reachable nor in the cache.
    """
    from huggingface_hub import snapshot_download

    name, _, revision = spec.partition("@")
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision or None,
                allow_patterns=["*.json", "*.safetensors", *TOKENIZER_PATTERNS],
            )
        )
    except Exception as error:
        # Besides its own errors, the client lets those of its HTTP library through.
        raise UserError(f"model {one_line(spec)!r}: is not a folder, and {_why_not(error, revision)}") from error


def _why_not(error: Exception, revision: str) -> str:
    """Return why the model could not be downloaded, and what the user can do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, RevisionNotFoundError):
        return f"on the Hub it has no revision {one_line(revision or 'main')!r}; name a branch, a tag or a commit"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, RepositoryNotFoundError | GatedRepoError) or status in (401, 403):
        return (
            "the Hub does not show such a model; check the name, and for a private or gated model the token "
            "(`hf auth login`, or HF_TOKEN)"
        )
    if isinstance(error, LocalEntryNotFoundError):
        return "the Hub cannot be reached and the cache lacks some of its files; check the name and the connection"
    return f"downloading it from the Hub failed ({first_line(error)}); check the name and the connection"
