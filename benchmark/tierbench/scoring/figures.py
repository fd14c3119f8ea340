"""Compute the registered metrics over the judged rows of a suite, tier, tag or slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.common.errors import UserError
from tierbench.common.schema import CaseRow, MetricResult, TagResult
from tierbench.metrics import pass_rate_interval
from tierbench.metrics.registry import METRIC_REGISTRY, MetricInput
from tierbench.suites.case import Suite


def metric_input(rows: Iterable[CaseRow]) -> MetricInput:
    """Return the input of the metrics, made from the rows that have a verdict."""
    scored = [row for row in rows if row.score is not None and row.confidence is not None]
    return MetricInput(
        passed=[row.passed for row in scored],
        correct=[row.rank == 1 for row in scored],
        # Half-precision probabilities can add up to slightly more than 1.
        confidence=[min(1.0, max(0.0, row.confidence or 0.0)) for row in scored],
        score=[min(1.0, max(0.0, row.score or 0.0)) for row in scored],
        group=[row.group or row.case for row in scored],
    )


def figures(rows: Iterable[CaseRow], failed: dict[str, str] | None = None) -> dict[str, float]:
    """Return the value of every registered metric by name; undefined ones are left out.

    Args:
        rows: the rows to compute the metrics over.
        failed: if given, collects by name why a metric of another package could not be computed.
    """
    given = metric_input(rows)
    found: dict[str, float] = {}
    for name in METRIC_REGISTRY.names() if len(given) else ():
        try:
            value = METRIC_REGISTRY.get(name).compute(given)
        except UserError as error:
            if failed is not None:
                failed[name] = str(error)
            continue
        if value is not None:
            found[name] = value
    return found


def pass_rate_bounds(rows: Sequence[CaseRow]) -> tuple[float, float] | tuple[None, None]:
    """Return the 95 % interval of the pass rate of judged rows, by groups; None twice with too few of them."""
    interval = pass_rate_interval([row.passed for row in rows], [(row.suite, row.group or row.case) for row in rows])
    return interval or (None, None)


def judge_metric(suite: Suite, model: str, name: str, rows: Iterable[CaseRow]) -> MetricResult:
    """Compute a metric over the rows of a suite, with the limits that the suite sets for it.

    Raises:
        UserError: if the metric cannot be computed.
    """
    gate, given = suite.gates[name], metric_input(rows)
    value = METRIC_REGISTRY.get(name).compute(given)
    return MetricResult(
        suite=suite.name, model=model, metric=name, value=value, cases=len(given), least=gate.min, most=gate.max
    )


def shown_metric(name: str, value: float | None) -> str:
    """Format a metric's value; a metric that is not installed here gets three decimals."""
    if value is None:
        return ""
    return METRIC_REGISTRY.get(name).shown(value) if name in METRIC_REGISTRY else f"{value:.3f}"


def metric_sentence(result: MetricResult) -> str:
    """Return `photos: ece 0.213 over 36 cases, at most 0.05 required`."""
    value = "is not defined" if result.value is None else shown_metric(result.metric, result.value)
    limits = [] if result.least is None else [f"at least {result.least:g}"]
    limits += [] if result.most is None else [f"at most {result.most:g}"]
    return f"{result.suite}: {result.metric} {value} over {result.cases} cases, {' and '.join(limits)} required"


def summarise_tags(
    suite: Suite, model: str, rows: Iterable[CaseRow], failed: dict[str, str] | None = None
) -> list[TagResult]:
    """Summarise the cases of a suite's tiers by tag.

    Args:
        suite: the suite.
        model: name of the model.
        rows: the model's rows for the suite; skipped rows and rows without a tier are ignored.
        failed: see `figures`.
    """
    by_tag: dict[str, list[CaseRow]] = {}
    for row in rows:
        if row.tier is not None and row.outcome != "skipped":
            for tag in row.tags.split():
                by_tag.setdefault(tag, []).append(row)
    results = []
    for tag, own in sorted(by_tag.items()):
        passed = sum(row.passed for row in own)
        low, high = pass_rate_bounds(own)
        results.append(
            TagResult(
                suite=suite.name,
                model=model,
                tag=tag,
                passed=passed,
                total=len(own),
                low=low,
                high=high,
                groups=len({row.group for row in own}),
                metrics=figures(own, failed),
            )
        )
    return results
