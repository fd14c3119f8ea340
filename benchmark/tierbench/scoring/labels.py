"""Map the concepts of a suite to the labels of a model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tierbench.common.imagenet import WORDNET_ID
from tierbench.common.text import listed, nearest, one_line, printable
from tierbench.common.wordnet import wordnet_text
from tierbench.scoring.wordnet_labels import wordnet_labels
from tierbench.suites.case import Suite
from tierbench.suites.expectation import label_key
from tierbench.suites.settings import label_place

if TYPE_CHECKING:
    import numpy as np

# A label of at least so many letters, and as similar to another as this, is taken for a misspelling of it.
_SHORTEST, _ALMOST = 6, 0.85

SKIP = "skip such cases with --robust-missing-labels skip"


@dataclass(frozen=True)
class LabelSpace:
    """The concepts of a suite, mapped to the labels of a model.

    Attributes:
        labels: the model's labels, by index.
        concepts: concept → indices of the labels that count as it; empty if the model has none.
    """

    labels: tuple[str, ...]
    concepts: Mapping[str, tuple[int, ...]]

    @cached_property
    def free(self) -> np.ndarray:
        """The indices of the labels that belong to no concept; each of them stands for itself."""
        import numpy as np

        taken = {index for indices in self.concepts.values() for index in indices}
        return np.array([index for index in range(len(self.labels)) if index not in taken], dtype=np.intp)

    @cached_property
    def owners(self) -> dict[int, str]:
        """The concept of each label that belongs to one, by index."""
        return {index: name for name, indices in reversed([*self.concepts.items()]) for index in indices}

    @cached_property
    def _sides(self) -> dict[tuple[tuple[str, ...], bool], tuple[np.ndarray, np.ndarray]]:
        return {}

    def sides(self, names: Sequence[str], absent: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the labels of an expectation, and of all others; computed once for each expectation.

        Args:
            names: the expected concepts, or the absent one.
            absent: whether the concept must not be there.
        """
        import numpy as np

        asked = tuple(names), absent
        if asked not in self._sides:
            named = np.zeros(len(self.labels), dtype=bool)
            for name in names:
                named[list(self.concepts[name])] = True
            self._sides[asked] = np.flatnonzero(named != absent), np.flatnonzero(named == absent)
        return self._sides[asked]

    def name(self, index: int) -> str:
        """Return the concept that a label counts as, or else the label in its short form."""
        return self.owners.get(index) or short_label(self.labels[index])

    def knows(self, concept: str) -> bool:
        """Return whether any label of the model counts as the concept."""
        return bool(self.concepts.get(concept))


def short_label(label: str) -> str:
    """Return the first synonym of a label; ImageNet's labels are comma-separated synonyms."""
    return label.partition(",")[0].strip() or label


def map_concepts(suite: Suite, labels: Sequence[str]) -> LabelSpace:
    """Map every concept of a suite to labels; a concept without an entry in `[labels]` is its own label.

    Case is ignored. If no label matches as a whole, any of its comma-separated synonyms may match. A WordNet id matches
    the labels at it and below it.
    """
    by_id = wordnet_labels(tuple(labels))
    whole: dict[str, list[int]] = {}
    synonyms: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        name = label_key(label)
        whole.setdefault(name, []).append(index)
        for part in dict.fromkeys(part.strip() for part in name.split(",")):
            synonyms.setdefault(part, []).append(index)
    concepts: dict[str, tuple[int, ...]] = {}
    for concept in dict.fromkeys([*suite.concepts, *suite.expected_concepts]):
        wanted = [label_key(name) for name in suite.concepts.get(concept, (concept,))]
        indices = [index for name in wanted for index in whole.get(name) or synonyms.get(name) or by_id.find(name)]
        concepts[concept] = tuple(sorted(set(indices)))
    return LabelSpace(tuple(map(printable, labels)), concepts)


def own_space(concepts: Sequence[str]) -> LabelSpace:
    """Return the space of a model whose labels are the concepts themselves."""
    return LabelSpace(tuple(map(printable, concepts)), {name: (index,) for index, name in enumerate(concepts)})


def label_problems(
    suite: Suite, space: LabelSpace, model: str, *, missing_is_problem: bool = True, otherwise: str = SKIP
) -> list[str]:
    """List the label problems of a suite and a model: labels in two concepts, concepts without one, misspelt labels.

    Args:
        suite: the suite.
        space: its concepts, mapped to the model's labels.
        model: name of the model in the messages.
        missing_is_problem: False if cases without a label are to be skipped.
        otherwise: the advice to give if the model has no such label.
    """
    problems = []
    owner: dict[int, str] = {}
    for concept, indices in space.concepts.items():
        for index in indices:
            if index in owner:
                problems.append(
                    f"suite {suite.name!r}: label {one_line(space.labels[index])!r} of model {model!r} counts as "
                    f"{one_line(owner[index])!r} and as {one_line(concept)!r}; "
                    "a label belongs to one concept: fix [labels] in suite.toml"
                )
            owner.setdefault(index, concept)
    if missing_is_problem:
        # One known alternative is enough for a case to be judged.
        wanted = dict.fromkeys(case.expected for case in suite.cases)
        problems += [
            f"suite {suite.name!r}: no label of model {model!r} counts as {one_line(' or '.join(concepts))!r} "
            f"({_hint(suite, concepts, space.labels)}); name its labels in [labels] of suite.toml, or {otherwise}"
            for concepts in wanted
            if not any(space.knows(concept) for concept in concepts)
        ]
        problems += _misspelt(suite, space, model)
    return problems


def unmatched_labels(suite: Suite, labels: Iterable[str]) -> list[tuple[str, str]]:
    """Return each label in `[labels]` of a suite that none of the labels matches, after its concept."""
    names = tuple(labels)
    known, by_id = {key for label in names for key in _keys(label)}, wordnet_labels(names)
    return [
        (concept, alias)
        for concept, aliases in suite.concepts.items()
        for alias in aliases
        if label_key(alias) not in known and not by_id.find(label_key(alias))
    ]


def _keys(label: str) -> dict[str, str]:
    """Return what a label of a model matches, as a whole or by one of its synonyms: its key → as it is written."""
    return {label_key(text): text.strip() for text in (label, *label.split(","))}


def _misspelt(suite: Suite, space: LabelSpace, model: str) -> list[str]:
    """List the labels in `[labels]` that no label matches, and that are written almost as one that has no concept.

    Others are no problem: they may be labels of another model.
    """
    unmatched = [pair for pair in unmatched_labels(suite, space.labels) if len(pair[1]) >= _SHORTEST]
    if not unmatched:
        return []
    unowned = (label for index, label in enumerate(space.labels) if index not in space.owners)
    free = {key: text for label in unowned for key, text in _keys(label).items()}
    return [
        f"{label_place(suite.folder, alias)}: [labels] {one_line(concept)}: no label of model {model!r} is "
        f"{one_line(alias)!r}; write {one_line(free[key])!r}, or remove it"
        for concept, alias in unmatched
        for key in _almost(label_key(alias), free)
    ]


def _almost(wanted: str, keys: Iterable[str]) -> list[str]:
    """Return the key that is nearest to the wanted one, if any is as near as `_ALMOST`."""
    # Two texts are at most as alike as their lengths allow: most of a thousand labels need no closer look.
    near = [key for key in keys if 2 * min(len(key), len(wanted)) >= _ALMOST * (len(key) + len(wanted))]
    return difflib.get_close_matches(wanted, near, n=1, cutoff=_ALMOST)


def _hint(suite: Suite, concepts: Sequence[str], labels: Sequence[str]) -> str:
    return label_hint([name for concept in concepts for name in suite.concepts.get(concept, (concept,))], labels)


def label_hint(wanted: Sequence[str], labels: Sequence[str]) -> str:
    """Return which labels are nearest to the wanted ones, or the first labels if none is near; WordNet ids in words."""
    if ids := [name.strip() for name in wanted if WORDNET_ID.fullmatch(name.strip())]:
        return "; ".join(map(wordnet_text, ids[:3]))
    names = [part.strip() for label in labels for part in label.split(",")]
    close = list(dict.fromkeys(match for name in wanted[:5] for match in nearest(name, names)))[:3]
    if close:
        return "nearest labels: " + ", ".join(one_line(name, 60) for name in close)
    return "its labels: " + listed((short_label(label) for label in labels), 5)
