"""Read and check once what a classifier says of itself: its labels, and what its predictions are kept under."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line, printable
from tierbench.models.classifier import Classifier, Promptable

_PARTS = ("labels", "fingerprint", "describe", "predict")
_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Identity:
    """What a classifier says of itself.

    Attributes:
        fingerprint: changes whenever predictions could change; None: its predictions are not kept between runs.
        labels: the names of its outputs, in their order.
        multi_label: whether several labels can be true at once.
        origin: where a classifier comes from that is not tierbench's own: its spec, and the code that defines it.
    """

    fingerprint: str | None
    labels: tuple[str, ...]
    multi_label: bool
    origin: str

    @property
    def digest(self) -> str:
        """A hash over all of it: two classifiers that claim one fingerprint do not share predictions."""
        parts = (self.fingerprint or "", self.origin, str(self.multi_label), *self.labels)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def identity_of(classifier: object, place: str = "the classifier", source: str = "") -> Identity:
    """Read the identity of a classifier.

    Args:
        classifier: the object that should be one.
        place: what it is, for messages.
        source: what it was opened from, if that is the user's own code.

    Raises:
        UserError: if it is none, or its labels or fingerprint cannot be used.
    """
    if missing := [name for name in _PARTS if not _has(classifier, name)]:
        raise UserError(
            f"{place}: {one_line(type(classifier).__name__)} is not a classifier, it lacks {', '.join(missing)}; "
            "see tierbench.Classifier"
        )
    labels = read_part(classifier, "labels", place)
    if isinstance(labels, str) or not isinstance(labels, Sequence) or not all(isinstance(name, str) for name in labels):
        raise UserError(f"{place}: its labels must be a sequence of strings, one for each output")
    # A model that reads text has no labels before a suite names its concepts.
    if not len(labels) and not isinstance(classifier, Promptable):
        raise UserError(f"{place}: it has no labels; name its outputs")
    fingerprint = read_part(classifier, "fingerprint", place)
    if fingerprint is not None and (
        not isinstance(fingerprint, str) or not fingerprint or fingerprint != printable(fingerprint)
    ):
        raise UserError(
            f"{place}: its fingerprint must be a string that changes when its predictions could change, or None: "
            "predict anew in each run"
        )
    multi_label = bool(read_part(classifier, "multi_label", place, False))
    return Identity(fingerprint, tuple(labels), multi_label, _origin(classifier, source))


def checked_classifier(classifier: object, place: str) -> Classifier:
    """Return the object if it is a classifier with usable labels and a usable fingerprint.

    Raises:
        UserError: if it is not; the line says what is missing.
    """
    identity_of(classifier, place)
    known: Any = classifier
    checked: Classifier = known
    return checked


def read_part(classifier: object, name: str, place: str, default: object = _REQUIRED) -> Any:
    """Return an attribute of a classifier, which may be the user's own code and raise anything.

    Raises:
        UserError: if reading it fails, or it is absent and there is no default.
    """
    if default is not _REQUIRED and not _has(classifier, name):
        return default
    try:
        return getattr(classifier, name)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{place}: reading its {name} failed: {error_text(error)}; fix the classifier") from error


def _has(classifier: object, name: str) -> bool:
    """Return whether there is such an attribute, without running the code of a property."""
    if inspect.getattr_static(classifier, name, _REQUIRED) is not _REQUIRED:
        return True
    try:
        return hasattr(type(classifier), "__getattr__") and hasattr(classifier, name)
    except Exception:
        # A proxy may raise anything; reading the attribute reports it.
        return True


def _origin(classifier: object, source: str) -> str:
    """Return the source with the places and hashes of the files that define the classifier and its factory."""
    kind = type(classifier)
    modules = [kind.__module__] if kind.__module__.partition(".")[0] != "tierbench" else []
    if source.startswith("python:"):
        modules.append(source.split(":")[1])
    files = [getattr(sys.modules.get(name), "__file__", None) or name for name in dict.fromkeys(modules)]
    return "\0".join([source, kind.__qualname__, *files, *map(_digest, files)]) if source or modules else ""


def _digest(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        # A module without a file, such as that of a notebook.
        return ""
