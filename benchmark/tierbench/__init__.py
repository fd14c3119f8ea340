"""A robustness benchmark for image classifiers that is a pytest suite.

Public names, imported when they are first asked for: `evaluate`, `load_classifier`, `Classifier`, `TorchClassifier`,
`read_suites`, `UserError`, `__version__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports

if TYPE_CHECKING:
    from tierbench.common.errors import UserError
    from tierbench.common.version import __version__
    from tierbench.models import Classifier, load_classifier
    from tierbench.models.torch_model import TorchClassifier
    from tierbench.scoring.evaluate import evaluate
    from tierbench.suites import read_suites

__all__ = ["Classifier", "TorchClassifier", "UserError", "__version__", "evaluate", "load_classifier", "read_suites"]

_HOMES = {
    "Classifier": "tierbench.models",
    "TorchClassifier": "tierbench.models.torch_model",
    "UserError": "tierbench.common.errors",
    "__version__": "tierbench.common.version",
    "evaluate": "tierbench.scoring.evaluate",
    "load_classifier": "tierbench.models",
    "read_suites": "tierbench.suites",
}

# Lazy, because pytest imports this package at every start, and must not pay for what it does not use.
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
