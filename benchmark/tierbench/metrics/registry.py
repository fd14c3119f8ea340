"""The registry of metrics: figures of one slice of a run, open to other packages; light, since suites name them."""

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
    """The judged cases of one slice of a run: a tier, a corruption at a severity, a tag. Lists or arrays, equally long.

    Attributes:
        passed: booleans: whether the case met its thresholds.
        correct: booleans: whether its expectation ranked first (top-1).
        confidence: the probability of what was predicted, in [0, 1].
        score: the probability of what was expected, in [0, 1].
        group: texts; cases of one group come from one source picture or scene and are not independent.
    """

    passed: Column
    correct: Column
    confidence: Column
    score: Column
    group: Column

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a metric's input must be equally long, got {lengths}")

    def __len__(self) -> int:
        return len(self.passed)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a slice.

    Another package registers one by an entry point `NAME = "module:object"` in the group `tierbench.metrics`.

    Attributes:
        name: the name that it is registered under; gates of a suite and records use it.
        title: shown to people.
        function: makes the figure; None, or no finite number, where it is not defined. It is not
            called for a slice without a case.
        better: which way is good; `neither` for a figure that only describes.
        digits: decimals that are shown.
        source: where it is defined.
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
        """Return the figure of a slice; None where it is not defined.

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
        """Return a figure as people read it."""
        return f"{value:.{self.digits}f}"


def _problem(name: str, part: object) -> str:
    if not isinstance(part, Metric):
        return f"is no tierbench.metrics.Metric but {type(part).__name__!r}"
    return "" if part.name == name else f"calls itself {part.name!r}"


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
