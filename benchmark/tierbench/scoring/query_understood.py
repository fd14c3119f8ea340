"""Say how a query was understood: which pictures are cases, and which labels count as their expectation. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tierbench.scoring.query import Asker, Question
from tierbench.suites.case import Thresholds


@dataclass(frozen=True, slots=True)
class Selected:
    """How many pictures are cases of a suite.

    Attributes:
        suite: its name.
        tier: their tier; None: they have none, such as steps of ladders.
        pictures: number of them.
    """

    suite: str
    tier: int | None
    pictures: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of some of the pictures.

    Attributes:
        label: as in a suite: `ship|boat`, `!ship`; empty: nothing.
        thresholds: what must be reached.
        pictures: number of these pictures.
        labels: model → concept → labels that count as it; empty if the model has none.
    """

    label: str
    thresholds: Thresholds
    pictures: int
    labels: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Understood:
    """How a query was understood.

    Attributes:
        pictures: number of pictures.
        cases: those that are cases, by suite and tier.
        expected: what is expected, in the order of the pictures.
    """

    pictures: int
    cases: tuple[Selected, ...]
    expected: tuple[Expected, ...]


def understood(questions: Sequence[Question], askers: Iterable[Asker]) -> Understood:
    """Return how a query was understood.

    Args:
        questions: about the pictures.
        askers: the models that are asked.
    """
    asked = list(askers)
    cases = Counter((each.case.suite, each.case.tier) for each in questions if each.known_as)
    wanted: dict[tuple[str, Thresholds], list[Question]] = {}
    for each in questions:
        key = (each.case.label, each.case.thresholds) if each.case.expected else ("", Thresholds())
        wanted.setdefault(key, []).append(each)
    return Understood(
        len(questions),
        tuple(
            Selected(suite, tier, count)
            for (suite, tier), count in sorted(cases.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        ),
        tuple(
            Expected(
                label,
                thresholds,
                len(own),
                {
                    asker.model: {concept: asker.labels_of(concept) for concept in own[0].case.expected}
                    for asker in asked
                },
            )
            for (label, thresholds), own in wanted.items()
        ),
    )
