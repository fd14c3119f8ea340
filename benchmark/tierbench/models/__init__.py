"""Models under test: open a spec as a `Classifier`; torch is imported at the first prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports

if TYPE_CHECKING:
    from tierbench.models.classifier import Classifier
    from tierbench.models.load import load_classifier
    from tierbench.models.registry import MODEL_REGISTRY, Opener
    from tierbench.models.spec import ModelSpec

__all__ = ["MODEL_REGISTRY", "Classifier", "ModelSpec", "Opener", "load_classifier"]

# Lazy, because every pytest session parses the options, which need only `models/spec.py`.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Classifier": "tierbench.models.classifier",
        "MODEL_REGISTRY": "tierbench.models.registry",
        "ModelSpec": "tierbench.models.spec",
        "Opener": "tierbench.models.registry",
        "load_classifier": "tierbench.models.load",
    },
)
