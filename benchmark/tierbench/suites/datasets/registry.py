"""The registry of kinds of data sets: what opens each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, Protocol, cast

from tierbench.common.errors import UserError
from tierbench.common.imagenet import find_class, imagenet_classes, subset
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
        "cifar10_c": "tierbench.suites.datasets.cifar_arrays:open_cifar_arrays",
        "hub": "tierbench.suites.datasets.hub:open_hub",
        "imagefolder": "tierbench.suites.datasets.class_folders:open_class_folders",
        "imagenet_c": "tierbench.suites.datasets.corrupted_folders:open_corrupted_folders",
        "objectnet": "tierbench.suites.datasets.objectnet:open_objectnet",
        "parquet": "tierbench.suites.datasets.parquet_files:open_parquet",
        "webdataset": "tierbench.suites.datasets.tar_shards:open_tar_shards",
    },
    group="tierbench.datasets",
    problem=lambda name, part: "" if callable(part) else f"must be callable, not {type(part).__name__!r}",
)


# The sets that have 200 classes of ImageNet, by title.
_SUBSETS: Final[dict[str, Literal["a", "r"]]] = {"ImageNet-A": "a", "ImageNet-R": "r"}


def open_data_set(spec: SetSpec, root: Path) -> DataSet:
    """Open a data set; kinds are written with `-` or `_`.

    Raises:
        UserError: if there is no such kind, or the set cannot be used.
    """
    try:
        opener = DATASET_REGISTRY.get(spec.kind.replace("-", "_"))
    except UserError as error:
        raise UserError(*(f"{spec.place}: {line}" for line in error.lines)) from error
    data_set = opener(spec, root)
    if not len(data_set.samples):
        raise UserError(f"{spec.place}: has no pictures; check the path", *map(one_line, data_set.notes))
    return _with_labels(spec, _of_classes(spec, data_set) if "classes" in spec.options else _published(data_set))


def _published(data_set: DataSet) -> DataSet:
    """Return the set with the protocol of ImageNet-A or ImageNet-R, if its classes are the 200 of one of these."""
    for title, letter in _SUBSETS.items():
        if data_set.layout.figure == "accuracy" and set(data_set.classes) == subset(letter):
            return replace(data_set, layout=replace(data_set.layout, title=title, counted="present"))
    return data_set


def _of_classes(spec: SetSpec, data_set: DataSet) -> DataSet:
    """Return the pictures of the 200 classes of ImageNet-A or -R, whose labels alone count, by the option `classes`."""
    wanted = spec.options["classes"]
    title = next((title for title in _SUBSETS if title.lower() == wanted), None)
    if title is None:
        choices = " or ".join(_SUBSETS).lower()
        raise UserError(f"{spec.place}: classes must be {choices}, not {one_line(wanted)!r}")
    ids = subset(_SUBSETS[title])
    of = {name: [imagenet_classes()[index].wordnet_id for index in find_class(name)] for name in data_set.classes}
    kept = {name: found[0] for name, found in of.items() if len(found) == 1 and found[0] in ids}
    if lacking := len(ids - set(kept.values())):
        raise UserError(
            f"{spec.place}: classes={wanted}: the set lacks {lacking} of the {len(ids)} classes; they are found by "
            "WordNet id, index or name"
        )
    samples = [sample for sample in data_set.samples if sample.label in kept]
    note = f"only the {len(samples):,} of {len(data_set.samples):,} pictures of the {len(ids)} classes of {title}"
    layout = replace(data_set.layout, counted="present")
    return replace(data_set, layout=layout, samples=samples, notes=(*data_set.notes, note))


def _with_labels(spec: SetSpec, data_set: DataSet) -> DataSet:
    """Return the set with those labels counted that the option `labels` names."""
    counted = spec.options.get("labels")
    if counted is None:
        return data_set
    if counted not in ("all", "present"):
        raise UserError(f"{spec.place}: labels must be all or present, not {one_line(counted)!r}")
    return replace(data_set, layout=replace(data_set.layout, counted=cast(Literal["all", "present"], counted)))
