"""The model kind `python`: classifiers that the user's own code creates, `python:module:factory`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import Classifier
from tierbench.models.factory_result import as_classifier


def open_factory(spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None) -> Classifier:
    """Call the factory that a spec names, without arguments; modules are searched for in `root` first. See `Opener`.

    Raises:
        UserError: if the module or the factory is missing, the factory fails, or labels are given.
    """
    place = f"model {one_line(spec)!r}"
    if labels is not None:
        raise UserError(f"{place}: the factory defines the labels; leave out --robust-labels (tierbench: --labels)")
    _, _, names = spec.partition(":")
    module_name, _, factory_name = names.partition(":")
    if not module_name or not factory_name.isidentifier():
        raise UserError(f"{place}: write python:module:factory, for example python:mymodels.lite2:classifier")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        # Importing the user's module may raise anything; one that parses arguments may even exit.
        raise UserError(f"{place}: cannot import {one_line(module_name)}: {error_text(error)}") from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise UserError(f"{place}: {one_line(module_name)} has no function {one_line(factory_name)}")
    try:
        made = factory()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        # As above: the factory is the user's own code.
        raise UserError(f"{place}: {one_line(factory_name)}() failed: {error_text(error)}") from error
    return as_classifier(made, spec, place)
