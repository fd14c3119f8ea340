"""Map the classes of a data set onto the labels of a model; a set whose classes do not map is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tierbench.common.errors import UserError
from tierbench.common.imagenet import WORDNET_ID, imagenet_classes
from tierbench.common.text import listed, one_line, plural
from tierbench.common.wordnet import spoken_name, synsets
from tierbench.scoring.label_finder import LabelFinder, imagenet_places
from tierbench.scoring.wordnet_labels import WordNetLabels
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
    finder = _Finder(labels)
    found = {name: finder.groups(data_set.means.get(name, (name,))) for name in data_set.classes}
    if problems := _problems(found, labels):
        raise UserError(*(f"data set {one_line(data_set.name)!r}: {problem}" for problem in problems))
    of = {name: tuple(sorted({index for indices in groups for index in indices})) for name, groups in found.items()}
    which = counted or data_set.layout.counted
    chosen = None if which == "all" else tuple(sorted({index for indices in of.values() for index in indices}))
    counting = f"all {len(labels)} labels of the model" if chosen is None else f"only the {len(chosen)} labels present"
    return ClassMap(tuple(labels), of, chosen, f"{counting} count, for {len(of)} classes{finder.note()}")


class _Finder:
    """Finds the labels that count as a class, and notes which of them only WordNet tells.

    Args:
        labels: of the model, in the order of its outputs.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._names = LabelFinder(labels)
        self._wordnet = WordNetLabels(labels)
        self._noted: dict[str, tuple[int, ...]] = {}

    def groups(self, names: Sequence[str]) -> list[tuple[int, ...]]:
        """Return what a class may be: a group of indices for each of the labels that count as it."""
        return [group for name in names for group in self._groups(name)]

    def _groups(self, name: str) -> list[tuple[int, ...]]:
        if found := self._names.find(name):
            return [found]
        # A model of other classes may have the label itself, or what is below it: ten of ImageNet's are cars.
        exact = self._wordnet.find_exact(name)
        if len(exact) > 1:
            # Which of two labels with one meaning its pictures would get is not known.
            return [()]
        if places := exact or self._wordnet.find(name):
            self._noted[name] = places
        return [(place,) for place in places] or [()]

    def note(self) -> str:
        """Return which classes were found through WordNet; empty if none was."""
        texts = [
            f"{class_text(name)}: {listed((self._labels[place] for place in places), 3)}"
            for name, places in self._noted.items()
        ]
        return f"; by WordNet, {'; '.join(texts[:3])}{f'; and {len(texts) - 3} more' * (len(texts) > 3)}" * bool(texts)


def _problems(found: Mapping[str, Sequence[tuple[int, ...]]], labels: Sequence[str]) -> list[str]:
    problems = []
    if unknown := [name for name, groups in found.items() if any(not indices for indices in groups)]:
        names = listed(map(class_text, unknown), 10)
        strange = [name for name in unknown if WORDNET_ID.fullmatch(name) and name not in synsets()]
        known = "; only ids of ImageNet-1k's classes, and of what is above them in WordNet, are known" * bool(strange)
        problems.append(
            f"the model has no label for {len(unknown)} of {len(found)} classes: {names} (its labels: "
            f"{listed(labels, 3)}{known}); {_FIX}"
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
    spoken = spoken_name(name)
    return name if spoken == name else f"{name} {spoken}"


def _choices(groups: Sequence[tuple[int, ...]], labels: Sequence[str]) -> str:
    """Return the labels that an ambiguous class may be, with their WordNet ids if the model has ImageNet's classes."""
    ids = {place: imagenet_classes()[index].wordnet_id for index, place in imagenet_places(labels).items()}
    places = next(indices for indices in groups if len(indices) > 1)
    return " or ".join(f"{ids.get(place, place)} {one_line(labels[place], 60)}" for place in places[:3])
