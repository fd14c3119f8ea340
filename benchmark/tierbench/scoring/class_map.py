"""Map the classes of a data set onto the labels of a model; a set whose classes do not map is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tierbench.common.class_names import NameIndex
from tierbench.common.errors import UserError
from tierbench.common.imagenet import CLASSES, find_class, imagenet_classes, in_imagenet_order
from tierbench.common.text import listed, one_line, plural
from tierbench.suites.datasets import DataSet

_FIX = (
    "name classes by WordNet id, index of ImageNet, or the model's name for them; if the model's names are wrong, "
    "give them with --robust-labels FILE (--labels of tierbench evaluate)"
)


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
        UserError: if a class has no label, may be one of several, or shares a label with another; a line for each of
            these problems has the first ten classes.
    """
    finder = LabelFinder(labels)
    found = {name: _indices(name, data_set, finder) for name in data_set.classes}
    if problems := _problems(found, labels):
        raise UserError(*(f"data set {one_line(data_set.name)!r}: {problem}" for problem in problems))
    of = {name: tuple(sorted({index for indices in groups for index in indices})) for name, groups in found.items()}
    which = counted or data_set.layout.counted
    chosen = None if which == "all" else tuple(sorted({index for indices in of.values() for index in indices}))
    counting = f"all {len(labels)} labels of the model" if chosen is None else f"only the {len(chosen)} labels present"
    return ClassMap(tuple(labels), of, chosen, f"{counting} count, for {len(of)} classes")


class LabelFinder:
    """Finds the label of a model for a class that a data set or a suite names.

    Args:
        labels: of the model, in the order of its outputs.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._own = NameIndex(labels)
        self._imagenet = imagenet_places(labels)

    def find(self, name: str) -> tuple[int, ...]:
        """Return the indices of the labels that a class may be: one, none, or several if its name is ambiguous."""
        # By the model's own names first: they may be WordNet ids or numbers themselves.
        own = self._own.find(name)
        if len(own) == 1:
            return own
        places = tuple(sorted(self._imagenet[index] for index in find_class(name) if index in self._imagenet))
        return places if len(places) == 1 else own or places


def imagenet_places(labels: Sequence[str]) -> dict[int, int]:
    """Return where the classes of ImageNet are among a model's labels: index of the class → index of the label.

    By place where all labels are ImageNet's in their order, with or without a background class before them; otherwise
    by names, without those that may be two classes, or that two labels have.
    """
    for first in (0, 1):
        if in_imagenet_order(labels[first:]):
            return {index: index + first for index in range(CLASSES)}
    places: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        # A number is a label's name here, not the index of a class: nothing says that it is one of ImageNet.
        found = () if label.strip().isdigit() else find_class(label)
        if len(found) == 1:
            places.setdefault(found[0], []).append(place)
    return {index: own[0] for index, own in places.items() if len(own) == 1}


def _indices(name: str, data_set: DataSet, finder: LabelFinder) -> list[tuple[int, ...]]:
    """Return what a class may be: a group of indices for each of the labels that the set says count as it."""
    return [finder.find(wanted) for wanted in data_set.means.get(name, (name,))]


def _problems(found: Mapping[str, Sequence[tuple[int, ...]]], labels: Sequence[str]) -> list[str]:
    problems = []
    if unknown := [name for name, groups in found.items() if any(not indices for indices in groups)]:
        names = listed(map(class_text, unknown), 10)
        problems.append(
            f"the model has no label for {len(unknown)} of {len(found)} classes: {names} (its labels: "
            f"{listed(labels, 3)}); {_FIX}"
        )
    if unsure := [name for name, groups in found.items() if any(len(indices) > 1 for indices in groups)]:
        texts = [f"{one_line(name, 60)} ({_choices(found[name], labels)})" for name in unsure[:10]]
        problems.append(
            f"{len(unsure)} of {len(found)} classes may each be two labels of the model: {'; '.join(texts)}; "
            "name them by WordNet id"
        )
    owners: dict[int, list[str]] = {}
    for name, groups in found.items():
        for index in {index for indices in groups if len(indices) == 1 for index in indices}:
            owners.setdefault(index, []).append(name)
    if shared := [(labels[index], names) for index, names in owners.items() if len(names) > 1]:
        texts = [f"{one_line(label, 60)} ({listed(names, 3)})" for label, names in shared]
        problems.append(
            f"{plural(len(shared), 'label')} of the model would count as two classes: {'; '.join(texts[:10])}; "
            "merge the classes, or name them apart"
        )
    return problems


def class_text(name: str) -> str:
    """Return a class for a message: a WordNet id with its name."""
    found = find_class(name) if name[:1] == "n" and name[1:].isdigit() else ()
    return f"{name} {imagenet_classes()[found[0]].label.partition(',')[0]}" if found else name


def _choices(groups: Sequence[tuple[int, ...]], labels: Sequence[str]) -> str:
    """Return the labels that an ambiguous class may be, with their WordNet ids if the model has ImageNet's classes."""
    ids = {place: imagenet_classes()[index].wordnet_id for index, place in imagenet_places(labels).items()}
    places = next(indices for indices in groups if len(indices) > 1)
    return " or ".join(f"{ids.get(place, place)} {one_line(labels[place], 60)}" for place in places[:3])
