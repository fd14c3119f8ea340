"""Map the classes of a data set onto the labels of a model; a set whose classes do not map is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line
from tierbench.suites.datasets import DataSet


@dataclass(frozen=True)
class ClassMap:
    """The labels of a model that count as the classes of a data set.

    Attributes:
        labels: the model's labels, in the order of its outputs.
        of: class → indices of the labels that count as it.
        counted: indices of the labels that take part; None: all of the model's.
        protocol: which labels count, for the record.
    """

    labels: tuple[str, ...]
    of: Mapping[str, tuple[int, ...]]
    counted: tuple[int, ...] | None
    protocol: str


def map_classes(
    data_set: DataSet, labels: Sequence[str], *, counted: Literal["all", "present"] | None = None
) -> ClassMap:
    """Map the classes of a set onto the labels of a model.

    Args:
        data_set: the set.
        labels: of the model, in the order of its outputs.
        counted: the labels that count; None: as the set is published.

    Raises:
        UserError: if a class has no label, or a label counts as two classes; the line has the first ten.
    """
    place = f"data set {one_line(data_set.name)!r}"
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        for name in {label.strip().lower(), *(part.strip().lower() for part in label.split(","))}:
            by_name.setdefault(name, []).append(index)
    of = {name: tuple(by_name.get(name.strip().lower().replace("_", " "), ())) for name in data_set.classes}
    if unknown := [name for name, indices in of.items() if not indices]:
        raise UserError(
            f"{place}: the model has no label for {len(unknown)} of {len(of)} classes: {listed(unknown, 10)}"
        )
    which = counted or data_set.layout.counted
    chosen = None if which == "all" else tuple(sorted({index for indices in of.values() for index in indices}))
    count = len(labels) if chosen is None else len(chosen)
    protocol = f"{'all' if chosen is None else 'only the'} {count} labels count, for {len(of)} classes"
    return ClassMap(tuple(labels), of, chosen, protocol)
