"""Format metrics for the terminal: a table by tier, and the gates of the suites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tierbench.common.schema import MetricResult, TierResult
from tierbench.common.text import MET_MARKS, aligned, one_line
from tierbench.metrics.registry import METRIC_REGISTRY
from tierbench.scoring.figures import metric_sentence, shown_metric


def metric_names(found: Iterable[Mapping[str, float]]) -> list[str]:
    """Return the names of the metrics found, in the order of the registry; unregistered ones last."""
    present = dict.fromkeys(name for metrics in found for name in metrics)
    known = [name for name in METRIC_REGISTRY.names() if name in present]
    return [*known, *(name for name in present if name not in known)]


# How sure the model was, beside whether it was right.
_CALIBRATION = {"mean_confidence": "confidence", "ece": "ECE", "nll": "NLL"}


def calibration(tier: TierResult) -> list[tuple[str, str]]:
    """Return name and text of each figure that stands beside the pass rate of a tier, without undefined ones."""
    return [
        (title, shown_metric(name, tier.metrics[name])) for name, title in _CALIBRATION.items() if name in tier.metrics
    ]


def metric_lines(tiers: Sequence[TierResult], *, several_models: bool = False) -> list[str]:
    """Return a table of metrics with a line per tier, after an empty line; nothing without metrics."""
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
    """Return a line per metric gate, after an empty line; nothing without gates."""
    lines = []
    for result in results:
        model = f"{one_line(result.model)}: " if several_models else ""
        lines.append(f"{model}{one_line(metric_sentence(result), 300)}" + MET_MARKS[result.met])
    return ["", *lines] if lines else []
