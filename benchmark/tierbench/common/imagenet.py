"""The classes of ImageNet-1k: WordNet id, index and names in one table, and the subsets that other sets have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from tierbench.common.class_names import NameIndex

CLASSES = 1000
WORDNET_ID = re.compile(r"n[0-9]{8}")
_CLASS_INDEX = re.compile(r"[0-9]{1,4}")


class ImageNetClass(NamedTuple):
    """A class of ImageNet-1k.

    Attributes:
        wordnet_id: such as `n02012849`; their order is that of the indices.
        subsets: `a` if it is one of the 200 of ImageNet-A, `r` if of ImageNet-R.
        label: its name with its synonyms in WordNet, commas between them.
    """

    wordnet_id: str
    subsets: str
    label: str


@cache
def imagenet_classes() -> tuple[ImageNetClass, ...]:
    """Return the 1,000 classes by index."""
    text = Path(__file__).with_name("imagenet.tsv").read_text(encoding="utf-8")
    return tuple(ImageNetClass(*line.split("\t")) for line in text.splitlines() if not line.startswith("#"))


@cache
def wordnet_ids() -> dict[str, int]:
    """Return the index of each class by its WordNet id."""
    return {each.wordnet_id: index for index, each in enumerate(imagenet_classes())}


@cache
def subset(name: Literal["a", "r"]) -> frozenset[str]:
    """Return the WordNet ids of the 200 classes of ImageNet-A or ImageNet-R."""
    return frozenset(each.wordnet_id for each in imagenet_classes() if name in each.subsets)


def find_class(name: str) -> tuple[int, ...]:
    """Return the indices of the classes that a WordNet id, a class index, a name or a synonym may stand for.

    More than one: the name is ambiguous, as `crane` is, the bird or the machine.
    """
    text = name.strip()
    if WORDNET_ID.fullmatch(text):
        index = wordnet_ids().get(text)
        return () if index is None else (index,)
    if _CLASS_INDEX.fullmatch(text):
        return (int(text),) if int(text) < CLASSES else ()
    return _names().find(text)


def in_imagenet_order(names: Sequence[str]) -> bool:
    """Return whether 1,000 names are those of the classes by index: each may stand for the class in its place.

    So the two that are called `crane` are told apart by their places. Numbers are not names.
    """
    return len(names) == CLASSES and all(
        not name.strip().isdigit() and index in find_class(name) for index, name in enumerate(names)
    )


@cache
def _names() -> NameIndex:
    return NameIndex([each.label for each in imagenet_classes()])
