"""The registry of kinds of data sets: what opens each."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from tierbench.common.errors import UserError
from tierbench.common.registry import Registry
from tierbench.common.text import one_line
from tierbench.suites.datasets.data_set import DataSet
from tierbench.suites.datasets.spec import SetSpec


class SetOpener(Protocol):
    """Opens the sets of one kind.

    Another package registers one with an entry point `KIND = "module:object"` in the group `tierbench.datasets`.
    """

    def __call__(self, spec: SetSpec, root: Path) -> DataSet:
        """List the pictures of a set; none is decoded.

        Args:
            spec: as the user wrote it.
            root: the folder that relative paths are relative to.

        Raises:
            UserError: if the set cannot be used; each line names it and says what is wrong and how to fix it.
        """


DATASET_REGISTRY: Final = Registry[SetOpener](
    "kind of data set",
    {
        "imagefolder": "tierbench.suites.datasets.class_folders:open_class_folders",
        "imagenet_c": "tierbench.suites.datasets.corrupted_folders:open_corrupted_folders",
    },
    group="tierbench.datasets",
    problem=lambda name, part: "" if callable(part) else f"must be callable, not {type(part).__name__!r}",
)


def open_data_set(spec: SetSpec, root: Path) -> DataSet:
    """Open a data set; kinds are written with `-` or `_`.

    Raises:
        UserError: if there is no such kind, or the set cannot be used.
    """
    try:
        opener = DATASET_REGISTRY.get(spec.kind.replace("-", "_"))
    except UserError as error:
        raise UserError(*(f"data set {one_line(spec.text)!r}: {line}" for line in error.lines)) from error
    data_set = opener(spec, root)
    if not len(data_set.samples):
        raise UserError(f"data set {one_line(spec.text)!r}: has no pictures; check the path")
    return data_set
