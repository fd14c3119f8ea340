"""Metrics in the report: a row for each tier and each tag of a suite, and what the suite demands. Pure."""

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
        names: of the metrics.
        rows: what the row is about, the cases that passed of those judged, and a figure a metric.
        gates: whether a demand is met, and the sentence that says it.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    gates: tuple[tuple[bool, str], ...]


def metrics_view(suite: str, model: str, run: Run, tiers: Sequence[TierResult]) -> MetricsView | None:
    """Gather the metrics of a suite; None where there is none.

    Args:
        suite, model: whose metrics.
        run: the run.
        tiers: those of the suite under the model.
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
