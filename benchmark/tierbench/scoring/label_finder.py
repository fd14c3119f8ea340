"""Find the label of a model for a class, by the model's own name for it, WordNet id or index of ImageNet."""

from __future__ import annotations

from collections.abc import Sequence

from tierbench.common.class_names import NameIndex
from tierbench.common.imagenet import CLASSES, find_class, in_imagenet_order


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
