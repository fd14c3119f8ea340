"""The paired verdict: its three states, its level, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.tables import baseline_table, run_table
from tierbench.common.schema import PairedVerdict
from tierbench.runs.diff import diff_cases
from tierbench.runs.regression import ALPHA, judge_regression, verdict_sentence


def judged(before: Sequence[float], now: Sequence[float], **columns: Any) -> PairedVerdict:
    verdicts = judge_regression(diff_cases(baseline_table(before), run_table(now, **columns)))
    assert len(verdicts) == 1
    return verdicts[0]


def test_regressed() -> None:
    verdict = judged([0.9] * 8, [0.4, 0.7, 0.8, 0.85, 0.6, 0.75, 0.4, 0.8])
    assert verdict.state == "regressed"
    assert verdict.p_value == verdict.p_holm == 1 / 2**8
    assert (verdict.worse, verdict.better, verdict.mcnemar_p) == (2, 0, 0.5)
    assert verdict_sentence(verdict) == (
        "photos tier 1: regressed: mean score fell by 0.237 (95 % upper bound 0.363); "
        "p = 0.004 (8 groups, Holm over 1 test); 2 of 8 cases fail that passed, 0 the other way"
    )


def test_cleared() -> None:
    verdict = judged([0.9] * 6, [0.91, 0.9, 0.89, 0.9, 0.91, 0.9])
    assert verdict.state == "cleared"
    assert verdict_sentence(verdict) == (
        "photos tier 1: cleared: mean score rose by 0.002 (95 % upper bound 0.005); a drop of 0.05 is allowed"
    )


def test_not_shown() -> None:
    verdict = judged([0.8] * 7, [0.9, 0.6, 0.8, 0.85, 0.7, 0.9, 0.7])
    assert verdict.state == "not shown"
    assert verdict_sentence(verdict) == (
        "photos tier 1: not shown: mean score fell by 0.021 (95 % upper bound 0.1); "
        "7 groups could have shown a drop of 0.096"
    )


def test_the_worked_example_of_the_docs() -> None:
    drops = [0.12, 0.06, 0.10, 0.02, 0.08, -0.04]
    verdict = judged([0.8] * 6, [0.8 - drop for drop in drops])
    assert verdict.p_value == 3 / 64
    assert verdict.drop == pytest.approx(0.34 / 6)
    assert verdict.state == "regressed"
    assert verdict.upper == pytest.approx(0.10)
    # The third smallest mean over a set of groups: -0.04, (0.02 - 0.04) / 2, (0.06 - 0.04) / 2.
    assert verdict.detectable == pytest.approx(0.34 / 6 - 0.01)


@pytest.mark.parametrize("count", range(1, 6))
def test_nothing_is_decided_with_fewer_than_six_groups(count: int) -> None:
    verdict = judged([0.9] * count, [0.1] * count)
    assert (verdict.state, verdict.p_value, verdict.p_holm) == ("not shown", None, None)
    assert verdict_sentence(verdict).endswith(f"{count} group{'s' if count > 1 else ''} cannot decide: 6 are needed")
    assert ("no upper bound" in verdict_sentence(verdict)) == (count < 5)


def test_nothing_is_decided_with_many_cases_in_one_group() -> None:
    assert judged([0.9] * 50, [0.1] * 50, group="car").state == "not shown"


def test_no_case_in_common() -> None:
    diff = diff_cases(baseline_table([]), run_table([0.9] * 9))
    (verdict,) = judge_regression(diff)
    assert verdict_sentence(verdict) == "photos tier 1: not shown: no case to compare with the baseline"
    assert judge_regression(diff_cases(baseline_table([0.9]), run_table([]))) == ()


def test_all_flipped_both_ways() -> None:
    assert judged([1.0] * 12, [0.0] * 12).state == "regressed"
    better = judged([0.0] * 12, [1.0] * 12)
    assert (better.state, better.better, better.upper) == ("cleared", 12, -1)
    assert "mean score rose by 1 (95 % upper bound 0)" in verdict_sentence(better)


@pytest.mark.parametrize("cases", [6, 14, 15, 40])
def test_the_same_model_again_is_cleared(cases: int) -> None:
    scores = np.random.default_rng(cases).uniform(0, 1, cases)
    verdict = judged(scores.round(6).tolist(), scores.tolist())
    assert (verdict.state, verdict.drop, verdict.p_value) == ("cleared", 0, 1)


def test_rounding_in_the_file_is_not_a_drop_of_scores_just_under_one() -> None:
    assert judged([1.0] * 30, [0.9999996] * 30).state == "cleared"


@pytest.mark.parametrize("cases", [8, 30])
def test_differences_up_to_a_ten_thousandth_count_as_none(cases: int) -> None:
    verdict = judged([0.9] * cases, [0.8999] * cases)
    assert (verdict.state, verdict.drop, verdict.p_value) == ("cleared", 0, 1)
    assert "mean score did not change" in verdict_sentence(verdict)
    # Anything larger counts, however small; the sentence states its size.
    verdict = judged([0.9] * cases, [0.899899] * cases)
    assert verdict.state == "regressed"
    assert verdict.p_value == pytest.approx(max(2**-cases, 1e-4), rel=0.01)
    assert "mean score fell by less than 0.001" in verdict_sentence(verdict)


def test_holms_correction_covers_the_tests_that_can_decide() -> None:
    before, now = baseline_table([0.9] * 30), run_table([0.9] * 30)
    tiers = [1] * 7 + [2] * 7 + [3] * 7 + [4] * 5 + [5] * 4
    now.loc[:6, "score"] = 0.8
    diff = diff_cases(before, now.iloc[: len(tiers)].assign(tier=tiers))
    verdicts = judge_regression(diff)
    assert [verdict.tier for verdict in verdicts] == [1, 2, 3, 4, 5]
    assert {verdict.tests for verdict in verdicts} == {3}
    assert verdicts[0].p_holm == 3 * 2**-7
    assert verdicts[0].state == "regressed"


def test_too_many_tests_for_six_groups_report_the_number_needed() -> None:
    before, now = baseline_table([0.9] * 60), run_table([0.8] * 60)
    verdicts = judge_regression(diff_cases(before, now.assign(tier=[1 + row // 6 for row in range(60)])))
    assert {verdict.state for verdict in verdicts} == {"not shown"}
    assert verdict_sentence(verdicts[0]).endswith("6 groups in 10 tests could not have shown any drop: 8 are needed")


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    before, now = rng.uniform(0, 1, (2, 40)).tolist()
    diff = diff_cases(baseline_table(before), run_table(now, group=[f"g{row % 20}" for row in range(40)]))
    assert judge_regression(diff) == judge_regression(diff.sample(frac=1, random_state=1))


def test_new_missing_and_ladder_cases_are_left_out() -> None:
    run = run_table([0.9] * 8 + [0.0] * 3)
    run.loc[8, "image_sha256"] = "1" * 64
    run.loc[9, "tier"] = None
    run.loc[10, "case"] = "other"
    (verdict,) = judge_regression(diff_cases(baseline_table([0.9] * 11), run))
    assert (verdict.cases, verdict.state) == (8, "cleared")


figures = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=30)


@given(figures)
@settings(max_examples=40, deadline=None)
def test_properties_of_every_verdict(rows: list[tuple[float, float, int]]) -> None:
    before, now, groups = zip(*rows, strict=True)
    verdict = judged(before, now, group=[f"g{group}" for group in groups])
    assert (verdict.cases, verdict.groups) == (len(rows), len(set(groups)))
    assert verdict_sentence(verdict).startswith(f"photos tier 1: {verdict.state}: ")
    assert "\n" not in verdict_sentence(verdict)
    if verdict.groups < 6:
        assert verdict.state == "not shown"
        return
    assert verdict.p_value is not None
    assert verdict.upper is not None
    assert verdict.detectable is not None
    assert verdict.upper >= verdict.drop - 1e-9
    assert verdict.detectable >= -1e-9
    significant = verdict.p_value <= ALPHA
    assert significant == (verdict.state == "regressed") == (verdict.drop > verdict.detectable + 1e-12)


def test_each_tier_has_its_own_allowed_drop() -> None:
    tiers = [1] * 8 + [2] * 8
    diff = diff_cases(baseline_table([0.9] * 16).assign(tier=tiers), run_table([0.83, 0.9] * 8).assign(tier=tiers))
    first, second = judge_regression(diff, allowed_drop={("photos", 2): 0.5})
    assert (first.allowed_drop, first.state) == (0.05, "not shown")
    assert (second.allowed_drop, second.state) == (0.5, "cleared")
    with pytest.raises(ValueError, match="allowed_drop"):
        judge_regression(diff, allowed_drop={("photos", 1): 1.5})


@pytest.mark.parametrize("allowed_drop", [0, -0.1, 2, float("nan")])
def test_an_allowed_drop_out_of_range_is_rejected(allowed_drop: float) -> None:
    with pytest.raises(ValueError, match="allowed_drop"):
        judge_regression(diff_cases(baseline_table([]), run_table([])), allowed_drop=allowed_drop)


def test_a_drop_that_is_not_a_number_is_rejected() -> None:
    diff = diff_cases(baseline_table([0.9] * 8), run_table([0.9] * 8))
    with pytest.raises(ValueError, match="photos tier 1 has a drop that is not a number"):
        judge_regression(diff.assign(drop=np.nan))


def test_equal_retrainings_are_false_alarms_in_at_most_5_percent_and_a_worse_one_is_found() -> None:
    """Run a reduced, seeded version of tools/simulate_regression.py: three tiers, 8 groups of 3 cases."""
    rng = np.random.default_rng(11)
    runs, alarms, found = 100, 0, 0
    for worsened in (False, True):
        for _ in range(runs):
            scene = rng.normal(1, 1, (3, 8, 1)) + rng.normal(0, 0.7, (3, 8, 3))
            before, now = (scene + rng.normal(0, 0.7, (3, 8, 1)) + rng.normal(0, 0.4, (3, 8, 3)) for _ in range(2))
            drop = 1 / (1 + np.exp(-before)) - 1 / (1 + np.exp(-now + 2 * worsened))
            tier, group, _ = np.indices(drop.shape)
            columns = {"tier": tier.ravel() + 1, "group": group.ravel(), "drop": drop.ravel()}
            table = pd.DataFrame({"suite": "s", "change": "same", "passed": True, "baseline_passed": True, **columns})
            regressed = any(verdict.state == "regressed" for verdict in judge_regression(table))
            alarms += regressed and not worsened
            found += regressed and worsened
    assert alarms <= 0.05 * runs
    assert found >= 0.95 * runs
