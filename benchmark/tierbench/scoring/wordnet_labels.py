"""Find the labels of a model that a WordNet id in a suite or a data set stands for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from tierbench.common.imagenet import WORDNET_ID, imagenet_classes
from tierbench.common.wordnet import find_synset, ids_within
from tierbench.scoring.label_finder import imagenet_places


class WordNetLabels:
    """Finds the labels of a model by WordNet id.

    Args:
        labels: of the model, in the order of its outputs.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels

    def find(self, name: str) -> tuple[int, ...]:
        """Return the indices of the labels at an id or below it; none if the name is no WordNet id.

        `n02958343` (car) is ten classes of ImageNet, and the label `automobile` of CIFAR-10.
        """
        if not WORDNET_ID.fullmatch(name.strip()):
            return ()
        wanted = ids_within(name.strip())
        return tuple(place for place, wordnet_id in self._ids.items() if wordnet_id in wanted)

    def find_exact(self, name: str) -> tuple[int, ...]:
        """Return the indices of the labels at an id, without those below it; none if the name is no WordNet id."""
        wanted = name.strip()
        return tuple(place for place, wordnet_id in self._ids.items() if wordnet_id == wanted)

    @cached_property
    def _ids(self) -> dict[int, str]:
        """The WordNet ids of the labels that have one, by index."""
        known = {place: imagenet_classes()[index].wordnet_id for index, place in imagenet_places(self._labels).items()}
        found = {}
        for place, label in enumerate(self._labels):
            # A name that may be two senses is neither.
            if wordnet_id := known.get(place) or find_synset(label):
                found[place] = wordnet_id
        return found


@lru_cache(maxsize=16)
def wordnet_labels(labels: tuple[str, ...]) -> WordNetLabels:
    """Return the finder for the labels of a model, the same one for each of its suites."""
    return WordNetLabels(labels)
