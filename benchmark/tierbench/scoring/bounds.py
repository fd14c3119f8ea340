"""Judge probabilities of which some are only known to lie between 0 and a bound. Pure; NumPy only.

A server may answer with its best labels only. Passing is the easier the more probable the labels of the expectation
and the less probable all others, so two verdicts tell whether the missing ones matter: one on the probabilities that
speak most against the expectation, and one on those that speak most for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tierbench.models.predictor import Prediction
from tierbench.scoring.labels import LabelSpace


def extremes(
    prediction: Prediction, space: LabelSpace, expected: Sequence[str], *, absent: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities that speak most against an expectation, and those that speak most for it.

    They are bounds, and need not sum to 1. Of a prediction for all labels both are its own.

    Args:
        prediction: has probabilities.
        space, expected, absent: see `judge`.
    """
    values = np.asarray(prediction.probabilities, dtype=np.float64)
    if not prediction.ceiling:
        return values, values
    named = np.zeros(len(values), dtype=bool)
    for name in expected:
        named[list(space.concepts[name])] = True
    own, missing = named != absent, values == 0
    return (
        np.where(missing & ~own, prediction.ceiling, values),
        np.where(missing & own, prediction.ceiling, values),
    )


def unscored_reason(predictions: Sequence[Prediction]) -> str:
    """Return why a case has no verdict, though the model answered."""
    short = next(each for each in predictions if each.ceiling and each.probabilities is not None)
    values = np.asarray(short.probabilities)
    return (
        f"unscored: the answer has {int((values > 0).sum())} of {len(values)} labels, and whether the case passes "
        f"depends on the others, which have at most {short.ceiling:.3g} each"
    )
