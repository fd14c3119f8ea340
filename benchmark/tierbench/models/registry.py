"""The registry of model kinds: which kind a spec names, and what opens it; imports no NumPy and no model library."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, is_folder
from tierbench.common.registry import Registry
from tierbench.common.text import nearest, one_line
from tierbench.models.classifier import Classifier
from tierbench.models.spec import FORMS, is_hub_id


class Opener(Protocol):
    """Opens the models of one kind: a function, or a class whose instances are classifiers.

    Another package registers one with an entry point `SCHEME = "module:object"` in the group `tierbench.models`; it
    then opens every spec that starts with `SCHEME:`.

    An opener that also declares the keyword `processor: Path | None = None` gets the folder that `--robust-processor`
    names; with any other, that option is refused.
    """

    def __call__(self, spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None) -> Classifier:
        """Open a model.

        Args:
            spec: as the user wrote it, with its scheme.
            device: `auto`, `cpu`, `cuda` or `mps`.
            dtype: `float32`, `float16` or `bfloat16`.
            root: the folder that relative paths are relative to.
            labels: names of the classes that replace the model's own; None: use the model's own.

        Raises:
            UserError: if it cannot be opened; each line names the spec and says what is wrong and how to fix it.
        """


MODEL_REGISTRY: Final = Registry[Opener](
    "kind of model",
    {
        "reference": "tierbench.models.reference:open_reference",
        "python": "tierbench.models.factory:open_factory",
        "onnx": "tierbench.models.onnx_model:open_onnx",
        "endpoint": "tierbench.models.endpoint:open_endpoint",
        "folder": "tierbench.models.folder:open_folder",
        "hub": "tierbench.models.hub:open_hub",
    },
    group="tierbench.models",
    problem=lambda name, part: "" if callable(part) else f"must be callable, not {type(part).__name__!r}",
)

# The kinds that a spec names without a scheme, in the order in which they are tried.
_BY_FORM: Final[Mapping[str, Callable[[str, Path], bool]]] = {
    "reference": lambda spec, root: spec == "reference",
    "folder": lambda spec, root: is_folder(root / expanded(spec)),
    "hub": lambda spec, root: is_hub_id(spec),
}
# At least two letters, because a path on Windows starts with the letter of its drive.
_SCHEME = re.compile(r"([a-z][a-z0-9_]+):")


def own_source(spec: str, root: Path) -> str:
    """Return the spec if code opens it that is not tierbench's own; else an empty text.

    The fingerprints of folders, Hub models and ONNX files are tierbench's own work, and hold wherever their files are.
    """
    kind = kind_of(spec, root)
    return spec if kind == "python" or not MODEL_REGISTRY.is_built_in(kind) else ""


def kind_of(spec: str, root: Path) -> str:
    """Return the name of the kind of model that a spec names.

    Raises:
        UserError: if it does not name one; one line that lists the valid forms.
    """
    match = _SCHEME.match(spec)
    scheme = match[1] if match else ""
    schemes = [name for name in MODEL_REGISTRY.names() if name not in _BY_FORM]
    if scheme in schemes:
        return scheme
    for name, names in _BY_FORM.items():
        if names(spec, root):
            return name
    forms = ", ".join([*(f"{name}:…" for name in schemes if not MODEL_REGISTRY.is_built_in(name)), FORMS])
    problem = f"there is no kind of model {scheme!r}" if scheme else "there is no such folder"
    if scheme and (close := nearest(scheme, schemes, count=1)):
        problem += f" (did you mean {close[0]!r}?)"
    raise UserError(f"model {one_line(spec)!r}: {problem}; write {forms}")
