"""Models under test: what a spec names becomes a `Classifier`; torch is imported when one first predicts."""

from benchmark.models.classifier import Classifier
from benchmark.models.load import load_classifier
from benchmark.models.spec import ModelSpec

__all__ = ["Classifier", "ModelSpec", "load_classifier"]
