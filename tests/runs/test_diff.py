"""The diff of a run against a baseline: five kinds of change, judged by the current thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.tables import baseline_table, diff_table, rows_of, run_table
from tierbench.runs.diff import CHANGES, diff_cases, judged_tiers, paired_cases
from tierbench.runs.regression import PairedCase


def changes(diff: pd.DataFrame) -> list[str]:
    return diff["change"].tolist()


def test_the_five_changes() -> None:
    baseline = baseline_table([0.9, 0.9, 0.4, 0.9, 0.9, 0.9])
    baseline["log_margin"] = [2.0, 4.0, -1.0, 2.0, 2.0, 2.0]
    run = run_table([0.4, 0.65, 0.6, 0.88, 0.9, 0.9, 0.9], log_margin=[-1.0, 0.5, 1.0, 1.9, 2.0, 2.0, 2.0])
    # In the run, the typical margin is 1.9 without the fifth row.
    run = run.drop(index=4)
    diff = diff_table(baseline, run)
    assert changes(diff) == ["regressed", "regressed", "fixed", "same", "missing", "same", "new"]
    assert diff["reason"].tolist() == [
        "passed, now fails",
        "margin fell by more than 1 typical margins",
        "failed, now passes",
        "",
        "not scored in this run",
        "",
        "not in the baseline",
    ]
    assert diff["drop"].tolist()[:4] == [0.5, 0.25, -0.2, 0.02]
    assert diff["drop"].isna().tolist()[4:] == [True, False, True]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("image_sha256", "1" * 64, "the image changed"),
        ("expected", "automobile|truck", "the expectation changed"),
    ],
)
def test_a_case_with_another_image_or_expectation_is_new(column: str, value: str, reason: str) -> None:
    diff = diff_table(baseline_table([0.9]), run_table([0.1], **{column: value}))
    assert (changes(diff), diff["reason"].tolist()) == (["new"], [reason])


LEGACY = {"log_margin": np.nan}


def test_a_row_of_version_01_keeps_its_accepted_verdict() -> None:
    # Its rank counted concepts, and its tier demanded a score of 0.5.
    baseline = baseline_table([0.9, 0.9, 0.4, 0.4], rank=[1, 2, 1, 2], passed=[True, True, False, False], **LEGACY)
    run = run_table([0.8, 0.8, 0.3, 0.3], min_score=0.0, passed=[True, False, True, False])
    diff = diff_table(baseline, run)
    assert changes(diff) == ["same", "regressed", "fixed", "same"]
    assert diff["baseline_passed"].tolist() == [True, True, False, False]


def test_the_same_prediction_as_in_version_01_is_no_flip_whatever_its_rank_was() -> None:
    baseline = baseline_table([0.6, 0.4], rank=[1, 1], passed=[True, False], **LEGACY)
    run = run_table([0.6, 0.4], rank=[3, 1], min_score=0.0, passed=[False, True])
    assert changes(diff_table(baseline, run)) == ["same", "same"]


def test_a_minimum_margin_of_0_demands_nothing() -> None:
    baseline = baseline_table([0.6], margin=-0.1)
    assert changes(diff_table(baseline, run_table([0.6], margin=-0.2, min_margin=0.0, passed=True))) == ["same"]


@pytest.mark.parametrize(
    ("before", "twin_before", "twin", "passed", "change"),
    [
        # Credited before, and no longer.
        (1.0, 0.5, 3.0, False, "regressed"),
        # Not credited before, too.
        (1.0, 1.5, 3.0, False, "same"),
        (1.0, 1.5, 0.5, True, "fixed"),
        # The twin is new: it alone makes nothing regressed or fixed.
        (1.0, np.nan, 3.0, False, "same"),
        (1.0, np.nan, 0.5, True, "same"),
        # The twin is gone.
        (1.0, 1.5, np.nan, True, "same"),
    ],
)
def test_the_baseline_is_judged_by_its_twin(
    before: float, twin_before: float, twin: float, passed: bool, change: str
) -> None:
    baseline = baseline_table([0.8], log_margin=before, twin_log_margin=twin_before)
    run = run_table([0.82], log_margin=2.0, twin_log_margin=twin, passed=passed)
    assert changes(diff_table(baseline, run)) == [change]


def test_a_miss_beside_a_new_twin_is_regressed() -> None:
    baseline = baseline_table([0.8], log_margin=1.0)
    run = run_table([0.3], log_margin=-1.0, twin_log_margin=-0.5, rank=2, passed=False)
    assert changes(diff_table(baseline, run)) == ["regressed"]


def test_a_case_that_moved_to_another_tier_is_the_same_in_the_new_tier() -> None:
    diff = diff_table(baseline_table([0.9]), run_table([0.9], tier=3))
    assert (changes(diff), diff["tier"].tolist()) == (["same"], [3])


def test_a_case_with_an_error_is_missing_not_failed() -> None:
    run = run_table([0.9, 0.9]).astype({"score": object, "rank": object, "margin": object})
    run.loc[1, ["score", "rank", "margin"]] = None
    assert changes(diff_table(baseline_table([0.9, 0.9]), run)) == ["same", "missing"]
    assert changes(diff_table(baseline_table([0.9]), run)) == ["same"]


@pytest.mark.parametrize(("threshold", "value"), [("min_score", 0.8), ("max_rank", 1), ("min_margin", 0.6)])
def test_a_tightened_threshold_is_not_a_regression(threshold: str, value: float) -> None:
    run = run_table([0.7], rank=2, max_rank=5).assign(**{threshold: value}, passed=False)
    diff = diff_table(baseline_table([0.7], rank=2, passed=True), run)
    assert (changes(diff), diff["baseline_passed"].tolist()) == (["same"], [False])


def test_a_loosened_threshold_fixes_nothing() -> None:
    run = run_table([0.4], min_score=0.3, passed=True)
    assert changes(diff_table(baseline_table([0.4], passed=False), run)) == ["same"]


@pytest.mark.parametrize(("score", "passed"), [(0.4999998, False), (0.5000002, True)])
def test_rounding_in_the_file_flips_nothing(score: float, passed: bool) -> None:
    diff = diff_table(baseline_table([0.5], passed=passed), run_table([score], passed=passed))
    assert (changes(diff), diff["baseline_passed"].tolist()) == (["same"], [passed])


def margins(before: Sequence[float], now: Sequence[float], **options: Any) -> pd.DataFrame:
    """Return the diff of cases that all pass, with these log margins."""
    baseline = baseline_table([0.9] * len(before)).assign(log_margin=before)
    return diff_table(baseline, run_table([0.9] * len(now)).assign(log_margin=now), **options)


@pytest.mark.parametrize(
    ("now", "max_drop", "change"),
    [(2.0, 1.0, "same"), (1.9, 1.0, "regressed"), (1.9, 1.1, "same"), (3.9, 0.04, "regressed"), (-9.0, 4.0, "same")],
)
def test_a_fall_of_the_margin_above_the_limit_is_regressed(now: float, max_drop: float, change: str) -> None:
    # The typical margin is 2 before and now: the first falls from 2 of them, the largest that counts, to `now` / 2.
    diff = margins([4.0, 2.0, 2.0, 2.0, 2.0], [now, 2.0, 2.0, 2.0, 2.0], max_drop=max_drop)
    assert changes(diff) == [change, *["same"] * 4]
    if change == "regressed":
        assert diff["reason"][0] == f"margin fell by more than {max_drop:g} typical margins"


@given(st.lists(st.integers(-900, 900).map(lambda part: part / 100), min_size=1, max_size=9), st.floats(0.05, 20))
@settings(max_examples=25, deadline=None)
def test_the_temperature_of_a_model_changes_nothing(before: list[float], factor: float) -> None:
    cold = margins(before, before)
    warm = margins(before, [factor * margin for margin in before])
    assert changes(cold) == changes(warm) == ["same"] * len(before)
    np.testing.assert_allclose(cold["scaled_margin"], warm["scaled_margin"], rtol=1e-9)


def test_margins_are_judged_only_where_both_sides_know_them_for_the_whole_suite() -> None:
    # A baseline of version 0.1 has no margins.
    old = diff_table(baseline_table([0.9]).drop(columns="log_margin"), run_table([0.9]).assign(log_margin=-9.0))
    assert (changes(old), old["scaled_margin"].isna().tolist()) == (["same"], [False])
    # Two of four cases are a selection.
    part = diff_table(
        baseline_table([0.9] * 4).assign(log_margin=[4.0, 1, 1, 1]), run_table([0.9] * 2).assign(log_margin=[0.1, 1])
    )
    assert changes(part) == ["same", "same", "missing", "missing"]
    assert part["scaled_margin"].isna().all()
    # Corrupted images do not count for what is typical.
    names = ["a", "a+fog-5", "a+snow-5"]
    both = [table([0.9] * 3).assign(case=names, log_margin=[2.0, 0.1, 0.1]) for table in (baseline_table, run_table)]
    assert diff_table(*both)["scaled_margin"].tolist() == [1, 0.05, 0.05]


def test_paired_cases_have_verdicts_predictions_and_margins() -> None:
    run = run_table([0.9, 0.4, 0.9, 0.9], group=["g", "g", "", ""], log_margin=[1.0, -1.0, 1.0, 1.0])
    run.loc[2, "tier"], run.loc[3, "image_sha256"] = None, "1" * 64
    before = baseline_table([0.9] * 4, predicted="a  b")
    first, second = paired_cases(diff_cases(rows_of(before.drop(columns="log_margin")), rows_of(run)))
    assert first == PairedCase("photos", 1, "g", True, True, "a b", "automobile", None, 1.0)
    assert (second.group, second.passed_before, second.passed_now, second.margin_now) == ("g", True, False, -1)
    assert judged_tiers(diff_cases((), rows_of(run))) == [("photos", 1)]


def test_a_case_without_a_group_is_its_own_group() -> None:
    baseline = baseline_table([0.9] * 3)
    run = run_table([0.9, 0.9, 0.9], group=["car", "", None])
    assert diff_table(baseline, run)["group"].tolist() == ["car", "c001", "c002"]
    run = run_table([0.9, 0.9, 0.9], group=np.nan)
    assert diff_table(baseline, run)["group"].tolist() == ["c000", "c001", "c002"]


def test_a_step_of_a_ladder_has_no_tier() -> None:
    diff = diff_table(baseline_table([0.9], tier=None), run_table([0.4], tier=None))
    assert (changes(diff), diff["tier"].isna().tolist()) == (["regressed"], [True])


def test_white_space_in_a_concept_does_not_matter() -> None:
    run = run_table([0.9], expected="sports  car")
    assert changes(diff_table(baseline_table([0.9], expected="sports car"), run)) == ["same"]


def test_empty_tables() -> None:
    assert diff_cases((), ()) == []
    assert changes(diff_table(baseline_table([]), run_table([0.9]))) == ["new"]
    assert changes(diff_table(baseline_table([0.9]), run_table([]))) == ["missing"]


scores = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


@given(scores, scores)
@settings(max_examples=25, deadline=None)
def test_every_case_has_one_change_whatever_the_order_of_rows(
    before: list[float | None], now: list[float | None]
) -> None:
    numbers = [[np.nan if score is None else score for score in each] for each in (before, now)]
    baseline = baseline_table(numbers[0]).dropna(subset="score")
    run = run_table(numbers[1])
    diff = diff_table(baseline, run)
    scored = run.dropna(subset="score")
    assert diff["case"].tolist() == sorted({*baseline["case"], *scored["case"]})
    assert set(changes(diff)) <= set(CHANGES)
    shuffled = diff_table(baseline.iloc[::-1], run.iloc[::-1])
    pd.testing.assert_frame_equal(diff, shuffled)


def test_an_invalid_table_is_rejected() -> None:
    good, base = run_table([0.9, 0.8]), baseline_table([0.9, 0.8])
    with pytest.raises(ValueError, match="run contains photos/c000 with an empty or undefined figure"):
        diff_table(base, good.drop(columns="min_score"))
    with pytest.raises(ValueError, match="baseline contains photos/c000 more than once"):
        diff_table(base.assign(case="c000"), good)
    with pytest.raises(ValueError, match="baseline contains photos/c000 with an empty or undefined figure"):
        diff_table(base.assign(score=np.nan), good)
    with pytest.raises(ValueError, match="run contains photos/c000 with an empty or undefined figure"):
        diff_table(base, good.assign(margin=np.nan))
    for max_drop in (0, -1, 4.1, float("nan")):
        with pytest.raises(ValueError, match="max_drop"):
            diff_table(base, good, max_drop=max_drop)
