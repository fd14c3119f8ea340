"""Top-1 accuracy: the share of correct predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tierbench.metrics._checks import flags
from tierbench.metrics.registry import Metric
from tierbench.metrics.wilson import wilson_interval

if TYPE_CHECKING:
    import numpy.typing as npt


class Accuracy(NamedTuple):
    """A share of images and its 95 % interval; all but `passed` and `total` are fractions in [0, 1]."""

    rate: float
    low: float
    high: float
    passed: int
    total: int


def accuracy(correct: npt.ArrayLike) -> Accuracy:
    """Return the share of correct predictions with its Wilson interval; see `wilson_interval`.

    Args:
        correct: [n], booleans (or 0 and 1), one per independent image.

    Raises:
        ValueError: if there is no prediction, or a value is neither true nor false.
    """
    right = flags("correct", correct)
    passed, total = int(right.sum()), right.size
    return Accuracy(passed / total, *wilson_interval(passed, total), passed, total)


METRIC = Metric(
    name="accuracy",
    title="top-1 accuracy",
    function=lambda rows: accuracy(rows.correct).rate,
    better="higher",
    source="the share of images whose most probable label is right",
)
