"""What is above the classes of ImageNet-1k in WordNet: `car` (n02958343) is no class, but ten classes are cars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tierbench.common.class_names import NameIndex, name_key
from tierbench.common.imagenet import WORDNET_ID, imagenet_classes, wordnet_ids
from tierbench.common.text import listed


class Synset(NamedTuple):
    """A sense of words in WordNet.

    Attributes:
        wordnet_id: such as `n02958343`.
        label: its names, commas between them.
        below: the ids directly below it that are classes of ImageNet-1k or above one; none for a class.
    """

    wordnet_id: str
    label: str
    below: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The first of its names."""
        return self.label.partition(",")[0]


@cache
def synsets() -> dict[str, Synset]:
    """Return the classes of ImageNet-1k and what is above them, by WordNet id."""
    found = {each.wordnet_id: Synset(each.wordnet_id, each.label) for each in imagenet_classes()}
    text = Path(__file__).with_name("wordnet.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            wordnet_id, label, below = line.split("\t")
            found[wordnet_id] = Synset(wordnet_id, label, tuple(below.split()))
    return found


@cache
def ids_within(wordnet_id: str) -> frozenset[str]:
    """Return an id with all ids below it; empty if no class of ImageNet-1k is there."""
    synset = synsets().get(wordnet_id)
    if synset is None:
        return frozenset()
    return frozenset((wordnet_id,)).union(*map(ids_within, synset.below))


def find_synset(name: str) -> str:
    """Return the id that a name stands for; empty if it is none of ImageNet-1k, or may be one of several."""
    if WORDNET_ID.fullmatch(name.strip()):
        return name.strip() if name.strip() in synsets() else ""
    ids, names = _names()
    found = names.find(name)
    return ids[found[0]] if len(found) == 1 else ""


def spoken_name(name: str) -> str:
    """Return the first name of a WordNet id that is known: `car` for `n02958343`; any other text is unchanged."""
    synset = synsets().get(name) if WORDNET_ID.fullmatch(name) else None
    return synset.name if synset else name


def distinct_names(wordnet_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the first name of each id; where several have the same, also that of what is above: `crane, wading bird`.

    Upper and lower case are the same here: the dog `Cardigan` is a corgi, the garment `cardigan` a sweater.
    """
    names = [spoken_name(each) for each in wordnet_ids]
    counts = Counter(map(name_key, names))
    return tuple(
        name if counts[name_key(name)] == 1 else ", ".join((name, *_above().get(each, ())))
        for each, name in zip(wordnet_ids, names, strict=True)
    )


@cache
def _above() -> dict[str, tuple[str]]:
    """Return the name of what is directly above each id, if anything is."""
    return {below: (each.name,) for each in synsets().values() for below in each.below}


def wordnet_text(wordnet_id: str) -> str:
    """Return what a WordNet id is, for messages: `n02958343 is car, with ambulance, beach wagon and 8 more below`."""
    synset = synsets().get(wordnet_id)
    if synset is None:
        return f"{wordnet_id} is no class of ImageNet-1k, and none is below it in WordNet"
    if not synset.below:
        return f"{wordnet_id} is {synset.name}"
    classes = sorted(ids_within(wordnet_id) & wordnet_ids().keys())
    return f"{wordnet_id} is {synset.name}, with {listed((synsets()[each].name for each in classes), 3)} below"


@cache
def _names() -> tuple[tuple[str, ...], NameIndex]:
    known = synsets()
    return tuple(known), NameIndex([each.label for each in known.values()])
