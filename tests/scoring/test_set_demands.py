"""Demands on data sets: met or not whatever the pictures without a prediction show, else not determined."""

from __future__ import annotations

import itertools

import pytest

from tierbench.common.schema import SetDemand, SetResult, SetSlice
from tierbench.metrics.registry import METRIC_REGISTRY, MetricInput
from tierbench.scoring.set_demands import demand_sentences, with_demands, with_slices
from tierbench.suites.datasets.set_gates import SetGates

CLEAN = SetSlice(slice="clean", total=10, correct=9)


def judged(own: SetSlice, *others: SetSlice, **limits: float) -> SetSlice:
    """Return a slice with what is demanded of it."""
    whole = SetSlice(total=20, correct=10)
    result = SetResult(set="s", model="m", size=20, whole=whole, slices=(own, *others), clean="clean")
    found = with_demands(result, SetGates(slices={own.slice: limits})).slice(own.slice)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("errors", "limit", "met"),
    [(0, 0.7, True), (0, 0.71, False), (1, 0.7, True), (1, 0.71, None), (1, 0.8, None), (1, 0.81, False)],
)
def test_an_accuracy_is_met_whatever_the_errors_show(errors: int, limit: float, met: bool | None) -> None:
    own = judged(SetSlice(slice="fog+3", total=10, correct=7, errors=errors), accuracy=limit)
    assert own.met is met
    assert own.demands == (SetDemand(figure="accuracy", limit=limit, value=7 / (10 - errors), met=met),)


@pytest.mark.parametrize(
    ("own_errors", "clean_errors", "limit", "met"),
    # Nine of ten clean, seven of ten in fog: a drop of 0.2; an error can move it by a tenth.
    [
        (0, 0, 0.2, True),
        (0, 0, 0.19, False),
        (1, 0, 0.2, True),
        (1, 0, 0.19, None),
        (0, 1, 0.2, None),
        (0, 1, 0.3, True),
    ],
)
def test_a_drop_is_measured_from_the_clean_slice(
    own_errors: int, clean_errors: int, limit: float, met: bool | None
) -> None:
    own = SetSlice(slice="fog+3", total=10, correct=7, errors=own_errors)
    clean = SetSlice(slice="clean", total=10, correct=9, errors=clean_errors)
    assert judged(own, clean, drop=limit).met is met


def test_a_drop_without_a_clean_slice_is_not_determined() -> None:
    own = judged(SetSlice(slice="fog+3", total=10, correct=7), drop=0.5)
    assert own.met is None
    assert demand_sentences(own) == [
        "drop of accuracy against the clean slice is not determined: not all pictures that it needs are there"
    ]


def ece(pictures: list[tuple[bool, float]]) -> float:
    import numpy as np

    correct, confidence = (np.array(values) for values in zip(*pictures, strict=True))
    given = MetricInput(
        passed=correct, correct=correct, confidence=confidence, score=confidence, group=np.arange(len(correct))
    )
    value = METRIC_REGISTRY.get("ece").compute(given)
    assert value is not None
    return value


def test_no_answer_on_a_picture_with_an_error_moves_the_calibration_error_past_its_bounds() -> None:
    seen = [(True, 0.9), (True, 0.8), (False, 0.75), (True, 0.3), (False, 0.31)]
    value = ece(seen)
    low, high = value * 5 / 6 - 1 / 6, value * 5 / 6 + 1 / 6
    own = SetSlice(slice="x", total=6, correct=3, errors=1, metrics={"ece": value})
    limits = (low - 0.001, low + 0.001, value, high - 0.001, high + 0.001)
    assert [judged(own, ece=limit).met for limit in limits] == [False, None, None, None, True]
    for hit, confidence in itertools.product((True, False), (0.0, 0.25, 0.3, 0.5, 0.76, 0.9, 1.0)):
        assert abs(ece([*seen, (hit, confidence)]) - value * 5 / 6) <= 1 / 6 + 1e-12


@pytest.mark.parametrize(("errors", "met"), [(0, True), (1, None)])
def test_errors_leave_a_mean_over_slices_open(errors: int, met: bool | None) -> None:
    whole = SetSlice(total=10, correct=4, errors=errors)
    result = SetResult(set="s", model="m", size=10, whole=whole, mce=70.0)
    assert with_demands(result, SetGates(whole={"mce": 75.0})).whole.met is met
    missing = with_demands(result, SetGates(whole={"mean_error": 0.5})).whole
    assert (missing.met, missing.demands[0].value) == (None, None)


def test_a_demand_that_is_not_met_outweighs_one_that_is_open() -> None:
    own = judged(SetSlice(slice="x", total=10, correct=5, errors=1), accuracy=0.9, drop=0.1)
    assert [demand.met for demand in own.demands] == [False, None]
    assert own.met is False
    assert judged(SetSlice(slice="x", total=10, correct=5)).met is True


def test_slices_of_several_tests_are_joined_in_order() -> None:
    result = SetResult(set="s", model="m", size=20, whole=SetSlice(total=20, correct=10), slices=(CLEAN,))
    newer = SetSlice(slice="clean", total=10, correct=1)
    fog = SetSlice(slice="a_fog+1", total=10, correct=3)
    assert with_slices(result, [newer, fog]).slices == (fog, CLEAN)
