"""Build the view of the metrics of a suite: a row per tier and tag, and the metric gates. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.common.schema import Run, TagResult, TierResult
from tierbench.report.metrics_text import metric_names
from tierbench.scoring.figures import metric_sentence, shown_metric


@dataclass(frozen=True, slots=True)
class MetricsView:
    """The metrics of a suite under a model.

    Attributes:
        names: names of the metrics.
        rows: tier or tag, passed and judged cases, and the value of each metric.
        gates: whether each gate is met (None: no case was judged), and its sentence.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    gates: tuple[tuple[bool | None, str], ...]


def metrics_view(suite: str, model: str, run: Run, tiers: Sequence[TierResult]) -> MetricsView | None:
    """Build the view of a suite under a model; None without metrics.

    Args:
        suite, model: names of the suite and the model.
        run: the run.
        tiers: the tiers of the suite under the model.
    """
    tags = [tag for tag in run.tags if (tag.suite, tag.model) == (suite, model)]
    slices: list[tuple[str, TierResult | TagResult]] = [(f"tier {tier.tier}", tier) for tier in tiers]
    slices += [(tag.tag, tag) for tag in tags]
    names = metric_names(result.metrics for _, result in slices)
    gates = [result for result in run.metrics if (result.suite, result.model) == (suite, model)]
    if not names and not gates:
        return None
    rows = (
        (title, f"{each.passed}/{each.total}", tuple(shown_metric(name, each.metrics.get(name)) for name in names))
        for title, each in slices
    )
    return MetricsView(tuple(names), tuple(rows), tuple((gate.met, metric_sentence(gate)) for gate in gates))
