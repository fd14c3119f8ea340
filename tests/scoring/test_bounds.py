"""Verdicts on answers that lack labels: decided where every value that the missing ones can have decides alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models.predictor import Prediction
from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.suites.case import Case, Thresholds

SPACE = LabelSpace(("car", "van", "ship", "sea", "sky"), {"car": (0, 1), "ship": (2,)})
CASE = Case("s", "a", "a.png", Path("a.png"), ("car",), 1, Thresholds())


def result(
    values: list[float], ceiling: float, thresholds: Thresholds, *, absent: bool = False, multi_label: bool = False
) -> CaseResult:
    prediction = Prediction("", np.array(values, dtype=np.float32), ceiling=ceiling)
    case = replace(CASE, thresholds=thresholds, absent=absent)
    return judge_case(case, "m", SPACE, prediction, multi_label=multi_label)


@pytest.mark.parametrize(
    ("values", "ceiling", "thresholds", "outcome"),
    [
        # A car with 0.7 is the best label, whatever the others have.
        ([0.7, 0, 0.2, 0, 0], 0.1, Thresholds(), "passed"),
        ([0, 0, 0.7, 0.2, 0], 0.1, Thresholds(), "failed"),
        # A missing van has 0 to 0.1.
        ([0.7, 0, 0.2, 0, 0], 0.1, Thresholds(min_score=0.7 - 1e-6), "passed"),
        ([0.7, 0, 0.2, 0, 0], 0.1, Thresholds(min_score=0.75), "unscored"),
        ([0.7, 0, 0.2, 0, 0], 0.1, Thresholds(min_score=0.85), "failed"),
        ([0, 0, 0.7, 0.2, 0], 0.1, Thresholds(max_rank=3), "unscored"),
        ([0, 0, 0.7, 0.2, 0], 0.1, Thresholds(max_rank=2), "failed"),
        ([0.7, 0, 0.2, 0, 0], 0.1, Thresholds(min_margin=0.55), "unscored"),
    ],
)
def test_a_verdict_that_depends_on_what_is_missing_is_unscored(
    values: list[float], ceiling: float, thresholds: Thresholds, outcome: str
) -> None:
    judged = result(values, ceiling, thresholds)
    assert judged.outcome == outcome
    assert (judged.verdict is None) is (outcome == "unscored")
    assert judged.passed is (outcome == "passed")


@given(
    st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any),
    st.lists(st.booleans(), min_size=5, max_size=5).filter(any),
    st.sampled_from([Thresholds(), Thresholds(max_rank=2), Thresholds(min_score=0.4), Thresholds(min_margin=0.1)]),
    st.booleans(),
    st.booleans(),
)
def test_no_value_of_the_missing_labels_contradicts_a_verdict(
    weights: list[int], given_ones: list[bool], thresholds: Thresholds, absent: bool, multi_label: bool
) -> None:
    true = (np.array(weights) / sum(weights)).astype(np.float32)
    values = np.where(given_ones, true, np.float32(0))
    shown = values[np.array(given_ones)]
    ceiling = float(min(shown.min(), 1) if multi_label else min(shown.min(), max(0.0, 1 - values.sum())))
    judged = result(list(values), ceiling, thresholds, absent=absent, multi_label=multi_label)
    if judged.unscored:
        return
    missing = [index for index in range(5) if values[index] == 0]
    for filled in product((0.0, ceiling / 2, ceiling), repeat=len(missing)):
        possible = values.copy()
        possible[missing] = filled
        if multi_label or possible.sum() <= 1 + 1e-6:
            full = result(list(possible), 0, thresholds, absent=absent, multi_label=multi_label)
            assert full.passed is judged.passed


@pytest.mark.parametrize(
    ("own", "twin", "outcome"),
    [
        ([0.7, 0, 0.2, 0, 0], [0.3, 0, 0.6, 0, 0], "passed"),
        # Without the car, it may be as small as nothing, or too large.
        ([0.6, 0, 0.3, 0, 0], [0, 0, 0, 0.9, 0], "passed"),
        ([0.5, 0, 0.4, 0, 0], [0.52, 0, 0.38, 0, 0], "failed"),
        ([0.9, 0, 0, 0, 0], [0.85, 0, 0, 0.05, 0], "unscored"),
    ],
)
def test_what_is_missing_in_the_picture_of_the_twin_counts_too(
    own: list[float], twin: list[float], outcome: str
) -> None:
    first, second = (Prediction("", np.array(each, dtype=np.float32), ceiling=0.1) for each in (own, twin))
    case = replace(CASE, twin="b")
    assert judge_case(case, "m", SPACE, first, twin=second).outcome == outcome
