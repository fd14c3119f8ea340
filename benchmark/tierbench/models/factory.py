"""The kind `python`: classifiers that a user's own code makes, `python:module:factory`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line, printable
from tierbench.models.classifier import Classifier

_PARTS = ("labels", "fingerprint", "describe", "predict")


def open_factory(spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None) -> Classifier:
    """Call the factory that a spec names, without arguments; modules are looked for in `root` first. See `Opener`.

    Raises:
        UserError: if the module or the factory is missing, the factory fails, or labels are given.
    """
    place = f"model {one_line(spec)!r}"
    if labels is not None:
        raise UserError(f"{place}: names its labels itself; leave --robust-labels (tierbench: --labels) out")
    _, _, names = spec.partition(":")
    module_name, _, factory_name = names.partition(":")
    if not module_name or not factory_name.isidentifier():
        raise UserError(f"{place}: write python:module:factory, for example python:mymodels.lite2:classifier")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        # The user's module may raise anything while it is imported; one that reads arguments there even exits.
        raise UserError(f"{place}: cannot import {one_line(module_name)}: {error_text(error)}") from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise UserError(f"{place}: {one_line(module_name)} has no function {one_line(factory_name)}")
    try:
        classifier: Classifier = factory()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        # As above: the factory is the user's own code.
        raise UserError(f"{place}: {factory_name}() failed: {error_text(error)}") from error
    # What it is, `load_classifier` checks.
    return classifier


def checked_classifier(classifier: object, place: str) -> Classifier:
    """Check that an object has all that a classifier has, with labels and a fingerprint that can be used.

    Raises:
        UserError: naming what is missing.
    """
    missing = [name for name in _PARTS if not hasattr(classifier, name)]
    if missing or not isinstance(classifier, Classifier):
        raise UserError(
            f"{place}: {one_line(type(classifier).__name__)} is no classifier, it lacks {', '.join(missing)}; "
            "see tierbench.Classifier"
        )
    labels = classifier.labels
    if isinstance(labels, str) or not isinstance(labels, Sequence) or not all(isinstance(name, str) for name in labels):
        raise UserError(f"{place}: its labels must be a sequence of texts, one for each output")
    if not len(labels):
        raise UserError(f"{place}: it has no labels; name its outputs")
    fingerprint = classifier.fingerprint
    if not isinstance(fingerprint, str) or not fingerprint or fingerprint != printable(fingerprint):
        raise UserError(f"{place}: its fingerprint must be a text that changes when its predictions could")
    return classifier
