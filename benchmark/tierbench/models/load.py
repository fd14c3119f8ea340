"""Open a model spec as a classifier; torch is not imported until the model predicts."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import Classifier
from tierbench.models.endpoint_settings import EndpointSettings
from tierbench.models.identity import checked_classifier
from tierbench.models.registry import MODEL_REGISTRY, Opener, kind_of
from tierbench.models.transformers_model import TransformersClassifier


def load_classifier(
    spec: str,
    *,
    device: str = "auto",
    dtype: str = "float32",
    root: Path | None = None,
    labels: Sequence[str] | None = None,
    processor: Path | None = None,
    backend: str = "torch",
    endpoint: EndpointSettings | None = None,
) -> Classifier:
    """Open the model that a spec names.

    Args:
        spec: a folder, a Hub id `org/name[@revision]`, `onnx:FILE`, `endpoint:URL`, `python:module:factory`,
            `reference`, or what another package registered: `scheme:…`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.
        root: the folder that relative paths are relative to; default: the working directory.
        labels: names of the classes that replace those in the model's config.
        processor: a folder with the image processor that replaces the model's own.
        backend: `torch`, or `onnx`, to run a transformers model in ONNX Runtime.
        endpoint: how a model behind a server is asked; other models have no use for it.

    Returns:
        A classifier with labels and fingerprint; the weights are loaded at the first prediction.

    Raises:
        UserError: if the spec does not name a model, or the model cannot be used.
    """
    root = root or Path.cwd()
    kind = kind_of(spec, root)
    opener = MODEL_REGISTRY.get(kind)
    place = f"model {one_line(spec)!r}"
    given: dict[str, Any] = {} if processor is None else {"processor": processor}
    if given and not _takes(opener, "processor"):
        raise UserError(
            f"{place}: its image processor cannot be replaced; leave out --robust-processor (tierbench: --processor)"
        )
    if endpoint is not None and _takes(opener, "endpoint"):
        given["endpoint"] = endpoint
    try:
        classifier = opener(spec, device=device, dtype=dtype, root=root, labels=labels, **given)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        # Another package's opener may raise anything. In ours it is a bug, so the traceback is kept.
        if MODEL_REGISTRY.is_built_in(kind):
            raise
        raise UserError(f"{place}: {MODEL_REGISTRY.owner(kind)} cannot open it: {error_text(error)}") from error
    if backend == "onnx" and isinstance(classifier, TransformersClassifier):
        # Here, because only this backend needs it.
        from tierbench.models.onnx_backend import ExportedClassifier

        classifier = ExportedClassifier(classifier, device)
    return checked_classifier(classifier, place)


def _takes(opener: Opener, name: str) -> bool:
    """Return whether an opener declares a keyword that not every kind of model has a use for."""
    parameters = inspect.signature(opener).parameters
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
