"""Score, rank, margins and verdict: hand-computed values and properties."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.verdict import Verdict, judge, log_margin, meets, with_twin
from tierbench.suites import Thresholds

# Two labels are kinds of cars, one is a truck; the last two belong to no concept.
LABELS = ("sports car", "cab", "pickup", "fog lamp", "maypole, pole")
CONCEPTS: Mapping[str, tuple[int, ...]] = {"car": (0, 1), "truck": (2,), "ship": ()}
SPACE = LabelSpace(LABELS, CONCEPTS)


def test_the_score_is_the_sum_over_the_labels_of_the_concept() -> None:
    verdict = judge(np.array([0.3, 0.25, 0.2, 0.15, 0.1]), SPACE, ["car"], Thresholds())
    assert verdict.score == pytest.approx(0.55)
    assert verdict.margin == pytest.approx(0.35)
    assert (verdict.rank, verdict.predicted, verdict.passed, verdict.reason) == (1, "car", True, "")
    assert verdict.confidence == verdict.score
    assert [label for label, _ in verdict.top] == list(LABELS)


def test_alternatives_score_by_their_union() -> None:
    values = np.array([0.2, 0.1, 0.35, 0.3, 0.05])
    verdict = judge(values, SPACE, ["car", "truck"], Thresholds(min_score=0.6))
    assert verdict.score == pytest.approx(0.65)
    assert verdict.margin == pytest.approx(0.35)
    # The most probable alternative is the prediction.
    assert (verdict.rank, verdict.predicted, verdict.passed) == (1, "truck", True)
    overlapping = LabelSpace(LABELS, {"car": (0, 1), "vehicle": (1, 2)})
    assert judge(values, overlapping, ["car", "vehicle"], Thresholds()).score == pytest.approx(0.65)


def test_sigmoid_outputs_score_by_the_largest() -> None:
    values = np.array([0.8, 0.7, 0.9, 0.1, 0.0])
    verdict = judge(values, SPACE, ["car"], Thresholds(), multi_label=True)
    assert (verdict.score, verdict.rank, verdict.predicted) == (0.8, 2, "truck")
    assert verdict.margin == pytest.approx(-0.1)
    assert judge(values, SPACE, ["car", "truck"], Thresholds(), multi_label=True).score == 0.9


def test_the_rank_counts_labels_and_not_concepts() -> None:
    verdict = judge(np.array([0.06, 0.05, 0.2, 0.3, 0.39]), SPACE, ["car"], Thresholds())
    assert (verdict.rank, verdict.predicted, verdict.confidence) == (4, "maypole", 0.39)
    assert verdict.score == pytest.approx(0.11)
    assert verdict.margin == pytest.approx(0.11 - 0.39)
    assert verdict.reason == "expected car, got maypole 0.390; car's best label sports car 0.060 at rank 4"
    space = LabelSpace(LABELS, {"car": (0,), "other": (1, 2, 3)})
    assert judge(np.array([0.1, 0.2, 0.3, 0.4, 0.0]), space, ["car"], Thresholds()).rank == 4


def test_a_sum_over_many_labels_does_not_make_a_concept_recognised() -> None:
    space = LabelSpace(LABELS, {"car": (0, 1, 2)})
    verdict = judge(np.array([0.2, 0.2, 0.2, 0.25, 0.15]), space, ["car"], Thresholds())
    assert (verdict.rank, verdict.predicted, verdict.confidence, verdict.passed) == (2, "fog lamp", 0.25, False)
    assert (verdict.score, verdict.margin) == pytest.approx((0.6, 0.35))
    # The sum of another concept does not stop it either: a margin of 0 demands nothing.
    verdict = judge(
        np.array([0.25, 0.25, 0.1, 0.4, 0.0]), LabelSpace(LABELS, {"car": (0, 1), "lamp": (3,)}), ["lamp"], Thresholds()
    )
    assert (verdict.rank, verdict.predicted, verdict.passed) == (1, "lamp", True)
    assert verdict.margin == pytest.approx(-0.1)
    assert verdict.log_margin == pytest.approx(math.log(0.4 / 0.25))


def test_a_wrong_label_is_shown_with_its_concept() -> None:
    verdict = judge(np.array([0.5, 0.2, 0.2, 0.1, 0.0]), SPACE, ["truck"], Thresholds(min_score=0.3))
    assert verdict.predicted == "car"
    assert verdict.confidence == pytest.approx(0.7)
    assert verdict.reason == (
        "expected truck ≥ 0.30, got car (sports car) 0.500; truck's best label pickup 0.200 at rank 2, score 0.200"
    )
    labels = LabelSpace(("cat", "dog"), {"cat": (0,), "dog": (1,)})
    verdict = judge(np.array([0.3, 0.7]), labels, ["cat"], Thresholds())
    assert verdict.reason == "expected cat, got dog 0.700; cat 0.300 at rank 2"


def test_an_absence_case_is_right_if_the_most_probable_label_is_none_of_the_concept() -> None:
    right = judge(np.array([0.25, 0.25, 0.1, 0.4, 0.0]), SPACE, ["car"], Thresholds(), absent=True)
    assert (right.passed, right.rank, right.predicted, right.confidence) == (True, 1, "fog lamp", 0.4)
    assert (right.score, right.margin) == pytest.approx((0.5, -0.1))
    assert right.log_margin == pytest.approx(math.log(0.4 / 0.25))
    wrong = judge(np.array([0.35, 0.3, 0.1, 0.25, 0.0]), SPACE, ["car"], Thresholds(), absent=True)
    assert (wrong.passed, wrong.rank, wrong.predicted) == (False, 3, "car")
    assert wrong.confidence == pytest.approx(0.65)
    assert (wrong.score, wrong.margin) == pytest.approx((0.35, 0.25 - 0.65))
    assert wrong.reason == "expected no car, got car (sports car) 0.350; best other label fog lamp 0.250"
    # An equally probable label does not make it wrong.
    assert judge(np.array([0.5, 0.0, 0.5, 0.0, 0.0]), SPACE, ["car"], Thresholds(), absent=True).predicted == "truck"


def test_the_log_margin_is_the_difference_of_logits() -> None:
    values = np.array([0.6, 0.1, 0.2, 0.1, 0.0])
    assert log_margin(values, SPACE, ["car"]) == pytest.approx(math.log(3))
    assert log_margin(values, SPACE, ["truck"]) == pytest.approx(-math.log(3))
    assert log_margin(values, SPACE, ["car"], absent=True) == pytest.approx(-math.log(3))
    odds = math.log(0.6 / 0.4) - math.log(0.2 / 0.8)
    assert log_margin(values, SPACE, ["car"], multi_label=True) == pytest.approx(odds)


def test_a_saturated_probability_has_no_finite_log_margin() -> None:
    certain = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    assert log_margin(certain, SPACE, ["car"]) == math.inf
    assert log_margin(certain, SPACE, ["truck"]) == -math.inf
    assert log_margin(np.array([0.5, 0.0, 1.0, 0.0, 0.0]), SPACE, ["car"], multi_label=True) == -math.inf
    assert log_margin(np.array([1.0, 0.0, 1.0, 0.0, 0.0]), SPACE, ["car"], multi_label=True) is None
    assert log_margin(np.array([1.0]), LabelSpace(("cat",), {"cat": (0,)}), ["cat"]) == math.inf


def recognised(own: float | None, thresholds_met: bool = True) -> Verdict:
    verdict = judge(np.array([0.6, 0.1, 0.2, 0.1, 0.0]), SPACE, ["car"], Thresholds())
    return replace(verdict, log_margin=own, passed=thresholds_met, reason="" if thresholds_met else "missed")


@pytest.mark.parametrize(
    ("own", "twin", "reason"),
    [
        (1.2, 1.1999, ""),
        (1.2, 1.2, "seen no better than without it: log margin 1.200000, its twin empty_road 1.200000"),
        (1.2, 1.35, "seen no better than without it: log margin 1.20, its twin empty_road 1.35"),
        (math.inf, 80.0, ""),
        (math.inf, math.inf, "seen no better than without it: log margin saturated, its twin empty_road saturated"),
        (1.2, -math.inf, ""),
        (None, 1.0, "seen no better than without it: log margin saturated, its twin empty_road 1.00"),
        (1.0, None, "seen no better than without it: log margin 1.00, its twin empty_road saturated"),
    ],
)
def test_a_case_is_credited_only_if_it_is_seen_better_than_its_twin(
    own: float | None, twin: float | None, reason: str
) -> None:
    verdict = with_twin(recognised(own), "empty_road", twin)
    assert (verdict.passed, verdict.reason, verdict.twin_log_margin) == (not reason, reason, twin)
    missed = with_twin(recognised(own, thresholds_met=False), "empty_road", twin)
    assert (missed.passed, missed.reason, missed.twin_log_margin) == (False, "missed", twin)


def test_the_expected_concept_wins_a_tie() -> None:
    verdict = judge(np.array([0.5, 0.0, 0.5, 0.0, 0.0]), SPACE, ["car"], Thresholds())
    assert (verdict.rank, verdict.margin, verdict.predicted, verdict.passed) == (1, 0.0, "car", True)


def test_the_margin_is_the_score_if_there_is_no_other_label() -> None:
    verdict = judge(np.array([1.0]), LabelSpace(("cat",), {"cat": (0,)}), ["cat"], Thresholds())
    assert (verdict.score, verdict.rank, verdict.margin, verdict.passed) == (1.0, 1, 1.0, True)
    # A model that knows nothing but cars cannot say that there is none.
    space = LabelSpace(("cab", "sports car"), {"car": (0, 1)})
    verdict = judge(np.array([0.6, 0.4]), space, ["car"], Thresholds(), absent=True)
    assert (verdict.rank, verdict.passed, verdict.reason) == (3, False, "expected no car, got car (cab) 0.600")


@pytest.mark.parametrize(
    ("thresholds", "reason"),
    [
        (Thresholds(0.5), "expected car ≥ 0.50, got car 0.400 at rank 1"),
        (Thresholds(0.3, 1, 0.2), "expected car ≥ 0.30 with a margin ≥ 0.20, got car 0.400 at rank 1, margin 0.100 to"),
        (Thresholds(0.5, 3, -1.0), "expected car ≥ 0.50 within rank 3, got car 0.400 at rank 1"),
        (Thresholds(0.4, 1, 0.05), ""),
        (Thresholds(), ""),
    ],
)
def test_the_reason_names_what_was_missed(thresholds: Thresholds, reason: str) -> None:
    verdict = judge(np.array([0.4, 0.0, 0.3, 0.2, 0.1]), SPACE, ["car"], thresholds)
    assert verdict.reason.startswith(reason)
    assert verdict.passed == (reason == "")


def test_a_value_equal_to_its_threshold_passes() -> None:
    assert meets(Thresholds(0.5, 2, -0.1), 0.5, 2, -0.1)
    assert not meets(Thresholds(0.5, 2, -0.1), 0.4999, 2, -0.1)
    assert not meets(Thresholds(0.5, 2, -0.1), 0.5, 3, -0.1)
    assert not meets(Thresholds(0.5, 2, -0.1), 0.5, 2, -0.11)
    assert meets(Thresholds(0.5, 2, 0.0), 0.5, 2, -0.9)


def test_the_ten_most_probable_labels_are_kept() -> None:
    labels = tuple(f"label {index}" for index in range(1000))
    values = np.linspace(0, 1, 1000)
    verdict = judge(values / values.sum(), LabelSpace(labels, {"label 3": (3,)}), ["label 3"], Thresholds())
    assert [label for label, _ in verdict.top] == [f"label {index}" for index in range(999, 989, -1)]
    assert verdict.rank == 997


probabilities = st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda values: sum(values) > 0)


@given(probabilities, st.booleans(), st.booleans())
def test_rank_log_margin_and_prediction_agree(values: list[float], multi_label: bool, absent: bool) -> None:
    array = np.array(values) if multi_label else np.array(values) / sum(values)
    verdict = judge(array, SPACE, ["car"], Thresholds(), absent=absent, multi_label=multi_label)
    assert verdict.passed == (verdict.rank == 1) == ((verdict.predicted == "car") != absent)
    assert verdict.log_margin is None or (verdict.log_margin >= -1e-12) == (verdict.rank == 1)
    assert -1e-9 <= verdict.score <= 1 + 1e-9
    assert -1 - 1e-9 <= verdict.margin <= 1 + 1e-9
    assert verdict.confidence >= max(array) - 1e-9
    top = [value for _, value in verdict.top]
    assert top == sorted(top, reverse=True)


@given(st.lists(st.floats(-20, 20), min_size=5, max_size=5), st.floats(0.1, 3), st.booleans())
def test_multiplying_all_logits_changes_no_verdict(logits: list[float], factor: float, absent: bool) -> None:
    def verdict(scale: float) -> Verdict:
        powers = np.exp(scale * (np.array(logits) - max(logits)))
        return judge(powers / powers.sum(), SPACE, ["car"], Thresholds(), absent=absent)

    first, second = verdict(1), verdict(factor)
    assert first.log_margin is not None
    assert second.log_margin == pytest.approx(factor * first.log_margin, abs=1e-6)
    if abs(first.log_margin) > 1e-6:
        assert (second.rank, second.predicted, second.passed) == (first.rank, first.predicted, first.passed)


@given(probabilities, st.permutations(range(5)))
def test_the_order_of_the_labels_does_not_matter(values: list[float], order: list[int]) -> None:
    array = np.array(values) / sum(values)
    moved = {name: tuple(order.index(index) for index in indices) for name, indices in CONCEPTS.items()}
    other = LabelSpace(tuple(LABELS[index] for index in order), moved)
    first = judge(array, SPACE, ["car"], Thresholds())
    second = judge(array[order], other, ["car"], Thresholds())
    assert second.score == pytest.approx(first.score)
    assert second.margin == pytest.approx(first.margin)
    assert (second.rank, second.passed, second.log_margin) == (first.rank, first.passed, first.log_margin)
