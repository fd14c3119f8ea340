"""Name the classes of a data set as concepts of a suite, with the labels that count as them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tierbench.common.errors import UserError
from tierbench.common.imagenet import CLASSES, find_class, imagenet_classes, wordnet_ids
from tierbench.common.text import listed, one_line, suggestion
from tierbench.common.wordnet import ids_within, spoken_name
from tierbench.suites.datasets.data_set import DataSet
from tierbench.suites.expectation import composed, label_key
from tierbench.suites.prompts import concept_problem

_INDEX = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Concept:
    """What the pictures of a class show.

    Attributes:
        name: the concept in the suite, such as `cab`.
        labels: what counts as it, for `[labels]` of suite.toml; empty: its name.
        wordnet_id: of the class; empty: it has none.
        unsure: WordNet ids of the classes of ImageNet that it may be, if there are several.
    """

    name: str
    labels: tuple[str, ...] = ()
    wordnet_id: str = ""
    unsure: tuple[str, ...] = ()


def concepts_of(data_set: DataSet) -> dict[str, Concept]:
    """Return the concept of each class of a set.

    A class of ImageNet is named by its first name and counts by its WordNet id. Where two classes have one name, as the
    crane that is a bird and the machine, their ids are in their names.
    """
    by_index = len(data_set.classes) == CLASSES and all(map(_INDEX.fullmatch, data_set.classes))
    return {name: _concept(name, data_set, by_index=by_index) for name in data_set.classes}


def _concept(name: str, data_set: DataSet, *, by_index: bool) -> Concept:
    if means := data_set.means.get(name):
        return Concept(composed(name), means)
    if name in wordnet_ids() or (by_index and int(name) < CLASSES):
        wordnet_id = imagenet_classes()[int(name)].wordnet_id if by_index else name
        spoken = spoken_name(wordnet_id)
        shared = label_key(spoken) in _shared_names()
        return Concept(f"{spoken} ({wordnet_id})" if shared else spoken, (wordnet_id,), wordnet_id)
    classes = () if name.isdigit() else find_class(name)
    ids = tuple(imagenet_classes()[index].wordnet_id for index in classes)
    if len(ids) != 1:
        return Concept(composed(name), unsure=ids)
    label = imagenet_classes()[classes[0]].label
    matches = label_key(name) in {label_key(text) for text in (label, *label.split(","))}
    # A folder may be named with underscores, which no label has.
    return Concept(composed(name), () if matches else ids, ids[0])


@cache
def _shared_names() -> frozenset[str]:
    """Return the first names that two classes of ImageNet have, but for the case of letters."""
    count = Counter(label_key(spoken_name(wordnet_id)) for wordnet_id in wordnet_ids())
    return frozenset(name for name, number in count.items() if number > 1)


def chosen_classes(data_set: DataSet, concepts: Mapping[str, Concept], wanted: Sequence[str]) -> dict[str, Concept]:
    """Return the classes of a set that are wanted, all of them if none is named, with their concepts.

    Args:
        data_set: the set.
        concepts: the concepts of its classes.
        wanted: classes, concepts, or WordNet ids, which stand for every class below them.

    Raises:
        UserError: if the set has no such class, or a class has a name that no concept can have.
    """
    chosen: dict[str, None] = {} if wanted else dict.fromkeys(data_set.classes)
    problems = []
    for text in wanted:
        found = [name for name, concept in concepts.items() if _is_wanted(text, name, concept)]
        if not found:
            known = [concept.name for concept in concepts.values()]
            hint = suggestion(text, known) if len(known) < 20 else _near(text, known)
            problems.append(f"--classes: {data_set.name!r} has no class {one_line(text, 60)!r}; {hint}")
        chosen |= dict.fromkeys(found)
    problems += [
        f"class {one_line(name, 60)!r} of {data_set.name!r}: the concept {problem}"
        for name in chosen
        if (problem := concept_problem(concepts[name].name))
    ]
    if problems:
        raise UserError(*problems)
    return {name: concepts[name] for name in chosen}


def _near(text: str, known: Iterable[str]) -> str:
    hint = suggestion(text, known)
    return hint if hint.startswith("did") else f"its classes: {listed(known, 5)}"


def _is_wanted(text: str, name: str, concept: Concept) -> bool:
    if text == name or label_key(text) == label_key(concept.name):
        return True
    return bool(concept.wordnet_id) and concept.wordnet_id in ids_within(text)
