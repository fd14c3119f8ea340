"""Choose the labels whose scores are explained: what a model said of a picture, and what was expected. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tierbench.scoring.labels import LabelSpace
from tierbench.suites.case import Case

if TYPE_CHECKING:
    import numpy as np

PREDICTED, EXPECTED, ABSENT = "predicted", "expected", "absent"


@dataclass(frozen=True, slots=True)
class ExplainedLabel:
    """A label whose score is explained.

    Attributes:
        index: of the label.
        name: as the model has it.
        role: `predicted`, `expected`, or `absent` for a label that should not be seen.
    """

    index: int
    name: str
    role: str


def explained_labels(case: Case, space: LabelSpace, probabilities: np.ndarray) -> tuple[ExplainedLabel, ...]:
    """Return the most probable label, then, unless it counts as the expectation, the best one that does.

    Args:
        case: the case; without an expectation there is only the most probable label.
        space: the concepts, mapped to the labels of the model.
        probabilities: shape [n_labels].
    """
    predicted = int(probabilities.argmax())
    chosen = [ExplainedLabel(predicted, space.labels[predicted], PREDICTED)]
    named = {index for concept in case.expected for index in space.concepts.get(concept, ())}
    if named and predicted not in named:
        best = min(named, key=lambda index: (-probabilities[index], index))
        chosen.append(ExplainedLabel(best, space.labels[best], ABSENT if case.absent else EXPECTED))
    return tuple(chosen)
