"""Metrics as people read them: a table beside the tiers, and what suites demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tierbench.common.schema import MetricResult, TierResult
from tierbench.common.text import aligned, one_line
from tierbench.metrics.registry import METRIC_REGISTRY
from tierbench.scoring.figures import metric_sentence, shown_metric


def metric_names(found: Iterable[Mapping[str, float]]) -> list[str]:
    """Return the names of the metrics that some slice has, in the order of the registry; unknown ones last."""
    present = dict.fromkeys(name for metrics in found for name in metrics)
    known = [name for name in METRIC_REGISTRY.names() if name in present]
    return [*known, *(name for name in present if name not in known)]


def metric_lines(tiers: Sequence[TierResult], *, several_models: bool = False) -> list[str]:
    """Return a table of the tiers' metrics, a line a tier, an empty one first; nothing without a metric."""
    names = metric_names(tier.metrics for tier in tiers)
    if not names:
        return []
    rows = [(*(("model",) if several_models else ()), "suite", "tier", *(one_line(name, 30) for name in names))]
    for tier in tiers:
        own = (tier.model,) if several_models else ()
        figures = [shown_metric(name, tier.metrics.get(name)) for name in names]
        rows.append((*own, one_line(tier.suite), f"{tier.tier} {one_line(tier.name, 20)}".rstrip(), *figures))
    return ["", *aligned(rows)]


def metric_gate_lines(results: Iterable[MetricResult], *, several_models: bool = False) -> list[str]:
    """Return what suites demand of metrics, a line each, an empty one first."""
    lines = []
    for result in results:
        model = f"{one_line(result.model)}: " if several_models else ""
        lines.append(f"{model}{one_line(metric_sentence(result), 300)}" + ("" if result.met else " ✗"))
    return ["", *lines] if lines else []
