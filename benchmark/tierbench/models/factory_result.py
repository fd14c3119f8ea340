"""Make a classifier of what a user's factory returned: a classifier, or a model with its image processor."""

from __future__ import annotations

import sys
from typing import Any

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier

_WRAP = "wrap it: return tierbench.TorchClassifier(module, labels, preprocess)"


def as_classifier(made: Any, spec: str, place: str) -> Classifier:
    """Return a classifier for what a factory returned; other objects unchanged, for `load_classifier` to check.

    Args:
        made: a classifier; a model of transformers with its image processor, as `(model, processor)` or as an image
            classification pipeline; or a session of ONNX Runtime, as `(session, processor, labels)`.
        spec: as the user wrote it.
        place: the model, for messages.

    Raises:
        UserError: if a model lacks what it needs to classify pictures.
    """
    if _is(made, "transformers", "Pipeline"):
        made = (made.model, getattr(made, "image_processor", None))
    if isinstance(made, tuple | list) and made and _is(made[0], "transformers", "PreTrainedModel"):
        from tierbench.models.loaded_model import LoadedModel

        if len(made) != 2:
            raise UserError(
                f"{place}: its factory returned a model and {len(made) - 1} more; return (model, processor)"
            )
        return LoadedModel(made[0], made[1], spec, place)
    if isinstance(made, tuple | list) and any(_is(part, "transformers", "PreTrainedModel") for part in made):
        raise UserError(f"{place}: its factory returned the model behind its processor; return (model, processor)")
    if _is(made, "transformers", "PreTrainedModel"):
        raise UserError(
            f"{place}: its factory returned a model without its image processor; return (model, processor), with "
            "AutoImageProcessor.from_pretrained(…) as the processor"
        )
    session = made[0] if isinstance(made, tuple | list) and made else made
    if _is(session, "onnxruntime", "InferenceSession"):
        if session is made or len(made) != 3:
            raise UserError(
                f"{place}: a session of ONNX Runtime knows no labels and no preprocessing; return "
                "(session, processor, labels), or name its file: onnx:FILE"
            )
        from tierbench.models.loaded_session import LoadedSession

        session, processor, labels = made
        return LoadedSession(session, processor, labels, spec, place)
    if _is(made, "torch.nn", "Module") and not all(hasattr(made, name) for name in ("labels", "predict")):
        raise UserError(f"{place}: its factory returned a torch module, which knows no labels and no pictures; {_WRAP}")
    classifier: Classifier = made
    return classifier


def _is(value: Any, module: str, name: str) -> bool:
    """Return whether a value is of a class, without importing the library: who has one has imported it."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)
