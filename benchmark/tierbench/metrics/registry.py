"""The registry of metrics, open to other packages; it imports no heavy library, because reading a suite needs it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from tierbench.common.errors import UserError
from tierbench.common.registry import Registry
from tierbench.common.text import error_text

if TYPE_CHECKING:
    import numpy.typing as npt

    Column = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class MetricInput:
    """The judged cases of one slice of a run (a tier, a corruption at a severity, a tag), as columns of one length.

    Attributes:
        passed: booleans: whether the case met its thresholds.
        correct: booleans: whether its expectation ranked first (top-1).
        confidence: the probability of the prediction, in [0, 1].
        score: the probability of the expectation, in [0, 1].
        group: strings; cases of one group come from one source image or scene and are not independent.
    """

    passed: Column
    correct: Column
    confidence: Column
    score: Column
    group: Column

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a metric's input must have the same length, got {lengths}")

    def __len__(self) -> int:
        return len(self.passed)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, which is computed for each slice of a run.

    Another package registers one with an entry point `NAME = "module:object"` in the group `tierbench.metrics`.

    Attributes:
        name: the name under which it is registered; gates of suites and records use it.
        title: the name in reports.
        function: computes the value; None or a number that is not finite means "not defined". It is not called for
            slices without cases.
        better: whether higher or lower values are better; `neither` for a metric that only describes.
        digits: number of decimals in reports.
        source: the reference for its definition.
    """

    name: str
    title: str
    function: Callable[[MetricInput], float | None]
    better: Literal["higher", "lower", "neither"]
    digits: int = 3
    source: str = ""

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower", "neither"):
            raise ValueError(f"metric {self.name!r}: better must be higher, lower or neither, not {self.better!r}")

    def compute(self, rows: MetricInput) -> float | None:
        """Return the value for a slice; None if it is not defined.

        Raises:
            UserError: if the function fails; one line that names the metric.
        """
        if not len(rows):
            return None
        try:
            value = self.function(rows)
            figure = math.nan if value is None else float(value)
        except Exception as error:
            # Another package's function may raise anything.
            raise UserError(f"metric {self.name!r} failed: {error_text(error)}") from error
        return figure if math.isfinite(figure) else None

    def shown(self, value: float) -> str:
        """Return a value formatted for reports."""
        return f"{value:.{self.digits}f}"


def _problem(name: str, part: object) -> str:
    if not isinstance(part, Metric):
        return f"must be a tierbench.metrics.Metric, not {type(part).__name__!r}"
    return "" if part.name == name else f"has another name, {part.name!r}"


METRIC_REGISTRY: Final = Registry[Metric](
    "metric",
    {
        "accuracy": "tierbench.metrics.top1_accuracy:METRIC",
        "ece": "tierbench.metrics.ece:METRIC",
        "nll": "tierbench.metrics.nll:METRIC",
        "brier": "tierbench.metrics.brier:METRIC",
        "mean_confidence": "tierbench.metrics.mean_confidence:METRIC",
    },
    group="tierbench.metrics",
    problem=_problem,
)
