"""A robustness benchmark for image classifiers that is a pytest suite.

Public names, imported when they are first asked for: `evaluate`, `load_classifier`, `Classifier`, `TorchClassifier`,
`read_suites`, `UserError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.errors import UserError
    from benchmark.evaluation import evaluate
    from benchmark.models import Classifier, load_classifier
    from benchmark.models.torch_model import TorchClassifier
    from benchmark.suites import read_suites

__all__ = ["Classifier", "TorchClassifier", "UserError", "evaluate", "load_classifier", "read_suites"]

_HOMES = {
    "Classifier": "benchmark.models",
    "TorchClassifier": "benchmark.models.torch_model",
    "UserError": "benchmark.errors",
    "evaluate": "benchmark.evaluation",
    "load_classifier": "benchmark.models",
    "read_suites": "benchmark.suites",
}


def __getattr__(name: str) -> Any:
    # Lazy, because pytest imports this package at every start, and must not pay for what it does not use.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
