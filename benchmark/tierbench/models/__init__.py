"""Models under test: what a spec names becomes a `Classifier`; torch is imported when one first predicts."""

from tierbench.models.classifier import Classifier
from tierbench.models.load import load_classifier
from tierbench.models.spec import ModelSpec

__all__ = ["Classifier", "ModelSpec", "load_classifier"]
