"""Load the weights of a transformers model from a folder: all of them, from safetensors only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.text import first_line, one_line
from tierbench.models.quiet import quiet_transformers


def load_pretrained(kind: Any, folder: Path, place: str, what: str, *, config: Any, dtype: str) -> Any:
    """Return a model with its weights, ready to predict on the CPU.

    Args:
        kind: the `AutoModelFor…` that loads it.
        folder: where its files are.
        place: the model, for messages.
        what: what it is loaded as, for messages.
        config: its config.
        dtype: the type of the weights.

    Raises:
        UserError: if transformers cannot load it, or the files lack some of its weights.
    """
    import torch

    with quiet_transformers():
        try:
            model, info = kind.from_pretrained(
                folder,
                config=config,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except Exception as error:
            # transformers raises many kinds of errors here (unknown architecture, broken file); for the user they
            # all mean that this folder cannot be loaded.
            raise UserError(f"{place}: transformers cannot load it as {what} ({first_line(error)})") from error
    if missing := sorted(info["missing_keys"]):
        # transformers fills them with random numbers, which would make the scores meaningless.
        raise UserError(
            f"{place}: its weights lack {len(missing)} tensors of {type(model).__name__} "
            f"({one_line(missing[0])} …); save the whole model again"
        )
    return model.eval()
