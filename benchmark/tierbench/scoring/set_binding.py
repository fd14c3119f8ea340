"""Bind a model to a data set: a zero-shot model gets the set's class names as its labels, any other keeps its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tierbench.common.class_names import name_key
from tierbench.common.errors import UserError
from tierbench.common.imagenet import CLASSES, WORDNET_ID, find_class, imagenet_classes, wordnet_ids
from tierbench.common.text import listed, one_line
from tierbench.common.wordnet import distinct_names, synsets
from tierbench.models.classifier import Classifier, Promptable
from tierbench.models.identity import Identity, identity_of
from tierbench.scoring.class_map import ClassMap, map_classes
from tierbench.suites.datasets import DataSet


@dataclass(frozen=True)
class SetBinding:
    """A model as one data set asks it.

    Attributes:
        classifier: what predicts its pictures.
        identity: what that says of itself.
        classes: which of its labels count as which class.
    """

    classifier: Classifier
    identity: Identity
    classes: ClassMap


class _Asked(NamedTuple):
    """What a zero-shot model is asked for.

    Attributes:
        labels: the names.
        places: the index of each class of the set among them.
        what: the names, in words.
    """

    labels: tuple[str, ...]
    places: dict[str, int]
    what: str


def bind_to_set(
    classifier: Classifier, data_set: DataSet, *, identity: Identity | None = None, kept: Path | None = None
) -> SetBinding:
    """Return a model as a data set asks it.

    A zero-shot model is asked for the names of the set's classes by the model's own templates, as in suites without
    `[prompts]`. Where the classes are ImageNet's, by WordNet id or all 1,000 of them, it is asked for all 1,000 names,
    so that as many labels count as of other models.

    Args:
        classifier: the model.
        data_set: the set.
        identity: of the model, if it is known.
        kept: folder where the embeddings of texts are kept between runs; None: they are not.

    Raises:
        UserError: if classes of the set do not map onto the labels, or have no names to ask for; see `map_classes`.
    """
    identity = identity or identity_of(classifier)
    if not isinstance(classifier, Promptable):
        return SetBinding(classifier, identity, map_classes(data_set, identity.labels))
    asked = _asked(data_set)
    bound = classifier.for_concepts(asked.labels, kept=kept)
    own = identity_of(bound)
    named = replace(own, origin="\0".join(filter(None, (identity.origin, own.origin))))
    return SetBinding(bound, named, _class_map(data_set, asked, _example(bound, asked.labels[0])))


def _asked(data_set: DataSet) -> _Asked:
    """Return what a zero-shot model is asked for.

    Raises:
        UserError: if it cannot be asked.
    """
    classes = data_set.classes
    if places := _imagenet_places(classes):
        names = distinct_names([each.wordnet_id for each in imagenet_classes()])
        return _Asked(names, places, f"the {CLASSES:,} classes of ImageNet-1k")
    if problem := _problem(classes):
        raise UserError(f"data set {one_line(data_set.name)!r}: {problem}")
    return _Asked(
        distinct_names(classes), {name: place for place, name in enumerate(classes)}, "the classes of the set"
    )


def _imagenet_places(classes: Sequence[str]) -> dict[str, int]:
    """Return the index in ImageNet-1k of each class; nothing if the set's classes are not ImageNet's."""
    if all(name in wordnet_ids() for name in classes):
        return {name: wordnet_ids()[name] for name in classes}
    found = {name: find_class(name) for name in classes} if len(classes) == CLASSES else {}
    places = {name: indices[0] for name, indices in found.items() if len(indices) == 1}
    return places if len(set(places.values())) == CLASSES else {}


def _problem(classes: Sequence[str]) -> str:
    """Return why a zero-shot model cannot be asked for classes by name; empty if it can."""
    if len(classes) < 2:
        return (
            f"its only class is {listed(classes)}, which a zero-shot model would see in every picture; add the classes "
            "that it may be taken for"
        )
    numbers = [name for name in classes if name.strip().isdigit()]
    unknown = [name for name in classes if WORDNET_ID.fullmatch(name.strip()) and name.strip() not in synsets()]
    if nameless := numbers or unknown:
        what = "numbers" if numbers else "WordNet ids that are not known"
        return (
            f"{len(nameless)} of {len(classes)} classes are {what}: {listed(nameless, 10)}; a zero-shot model is asked "
            "for names: rename the classes"
        )
    by_name: dict[str, list[str]] = {}
    for name, spoken in zip(classes, distinct_names(classes), strict=True):
        by_name.setdefault(name_key(spoken), []).append(name)
    if same := [" and ".join(own[:3]) for own in by_name.values() if len(own) > 1]:
        return f"a zero-shot model cannot tell apart the names of {listed(same, 10)}; merge or rename the classes"
    return ""


def _class_map(data_set: DataSet, asked: _Asked, example: str) -> ClassMap:
    of = {name: (place,) for name, place in asked.places.items()}
    present = tuple(sorted(asked.places.values()))
    counted = present if data_set.layout.counted == "present" and len(present) < len(asked.labels) else None
    counting = f"only the {len(present)} present" if counted else f"all {len(asked.labels)}"
    said = f"zero-shot: asked for {asked.what} by name, as in {one_line(example, 80)!r}; {counting} count"
    return ClassMap(asked.labels, of, counted, f"{said}, for {len(of)} classes")


def _example(bound: Classifier, label: str) -> str:
    """Return the first text for a label; a model of the user's own need not say by which texts it asks."""
    texts = getattr(bound, "texts", None)
    found = texts.get(label, ()) if isinstance(texts, dict) else ()
    return str(found[0]) if found else label
