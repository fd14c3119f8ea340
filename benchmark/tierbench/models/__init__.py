"""Models under test: what a spec names becomes a `Classifier`; torch is imported when one first predicts."""

from tierbench.models.classifier import Classifier
from tierbench.models.load import load_classifier
from tierbench.models.registry import MODEL_REGISTRY, Opener
from tierbench.models.spec import ModelSpec

__all__ = ["MODEL_REGISTRY", "Classifier", "ModelSpec", "Opener", "load_classifier"]
