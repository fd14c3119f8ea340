"""A registered metric computes one value for a slice, whether it is built in or comes from another package."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.distribution import install, python_with
from tierbench import UserError, metrics
from tierbench.metrics import METRIC_REGISTRY, Metric, MetricInput

# The whole code of another package.
MEDIAN = """
import statistics
from tierbench.metrics import Metric, MetricInput

def median_score(rows: MetricInput) -> float:
    return statistics.median(rows.score)

METRIC = Metric("median_score", "median score", median_score, better="higher", digits=2)
"""


def rows(count: int = 4) -> MetricInput:
    """Return cases; the first three are right, and the third misses its threshold."""
    return MetricInput(
        passed=[True, True, False, False][:count],
        correct=[True, True, True, False][:count],
        confidence=[0.95, 0.9, 0.4, 0.6][:count],
        score=[0.95, 0.9, 0.4, 0.1][:count],
        group=["a", "a", "b", "c"][:count],
    )


def test_the_built_in_metrics_have_the_expected_values() -> None:
    figures = {name: METRIC_REGISTRY.get(name).compute(rows()) for name in METRIC_REGISTRY.names()}
    confidence, correct = rows().confidence, rows().correct
    assert figures == {
        "accuracy": 0.75,
        "ece": metrics.expected_calibration_error(confidence, correct),
        "nll": metrics.negative_log_likelihood(rows().score),
        "brier": metrics.brier_score(confidence, correct),
        "mean_confidence": pytest.approx((0.95 + 0.9 + 0.4 + 0.6) / 4),
    }
    assert len(set(figures.values())) == 5


def test_each_metric_is_described() -> None:
    directions = {}
    for name in METRIC_REGISTRY.names():
        metric = METRIC_REGISTRY.get(name)
        assert metric.name == name
        assert metric.title
        assert metric.source
        directions[name] = metric.better
    assert directions == {
        "accuracy": "higher",
        "ece": "lower",
        "nll": "lower",
        "brier": "lower",
        "mean_confidence": "neither",
    }
    assert METRIC_REGISTRY.get("ece").shown(0.04567) == "0.046"


def test_arrays_work_like_lists() -> None:
    given = rows()
    columns = {name: np.array(getattr(given, name)) for name in ("passed", "correct", "confidence", "score", "group")}
    for name in METRIC_REGISTRY.names():
        figure = METRIC_REGISTRY.get(name).compute(MetricInput(**columns))
        assert type(figure) is float
        assert figure == METRIC_REGISTRY.get(name).compute(given)


def test_a_slice_without_cases_has_no_value() -> None:
    for name in METRIC_REGISTRY.names():
        assert METRIC_REGISTRY.get(name).compute(rows(0)) is None


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
def test_an_undefined_value_is_none(nothing: float | None) -> None:
    assert Metric("m", "M", lambda rows: nothing, better="lower").compute(rows()) is None
    assert Metric("m", "M", lambda rows: np.float64(0.5), better="lower").compute(rows()) == 0.5


def broken(rows: MetricInput) -> float:
    raise KeyError("tags")


@pytest.mark.parametrize(
    ("function", "line"),
    [(broken, "metric 'm' failed: KeyError: 'tags'"), (lambda rows: [0.5], "metric 'm' failed: TypeError: ")],
)
def test_a_metric_that_fails_is_one_line(function: Callable[[MetricInput], float], line: str) -> None:
    with pytest.raises(UserError) as error:
        Metric("m", "M", function, better="lower").compute(rows())
    assert str(error.value).startswith(line)
    assert len(error.value.lines) == 1


def test_columns_must_have_the_same_length() -> None:
    with pytest.raises(
        ValueError, match=r"must have the same length, got \{'passed': 1, 'correct': 1, 'confidence': 2, "
    ):
        MetricInput([True], [True], [0.5, 0.6], [0.5], ["a"])
    with pytest.raises(ValueError, match="metric 'm': better must be higher, lower or neither, not 'up'"):
        Metric("m", "M", broken, better="up")  # type: ignore[arg-type]  # wrong on purpose


def test_another_package_adds_a_metric_by_an_entry_point(tmp_path: Path) -> None:
    points = {"tierbench.metrics": {"median_score": "medians:METRIC", "other": "medians:METRIC"}}
    site = install(tmp_path, "medians", points, {"medians": MEDIAN})
    code = """
import sys
from tierbench.metrics import METRIC_REGISTRY, MetricInput
print(METRIC_REGISTRY.names()[-2:], {"medians", "numpy"} & set(sys.modules))
metric = METRIC_REGISTRY.get("median_score")
print(metric.title, metric.shown(metric.compute(MetricInput([1] * 3, [1] * 3, [1] * 3, [0.1, 0.25, 0.9], "abc"))))
METRIC_REGISTRY.get("other")
"""
    answer = python_with(site, "-c", code, cwd=tmp_path)
    assert answer.stdout.splitlines() == ["('median_score', 'other') set()", "median score 0.25"]
    line = (
        "metric 'other' of medians 1.0 (medians:METRIC) has another name, 'median_score'; fix or uninstall that package"
    )
    assert line in answer.stderr


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(UserError, match="metric 'ece' is registered twice: by tierbench and by this process"):
        METRIC_REGISTRY.register("ece", METRIC_REGISTRY.get("nll"))
