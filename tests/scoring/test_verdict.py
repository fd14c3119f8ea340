"""Score, rank, margin and verdict: hand-computed values and properties."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.verdict import judge, meets
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


def test_the_rank_counts_other_concepts_and_free_labels() -> None:
    verdict = judge(np.array([0.06, 0.05, 0.2, 0.3, 0.39]), SPACE, ["car"], Thresholds())
    assert (verdict.rank, verdict.predicted, verdict.confidence) == (4, "maypole", 0.39)
    assert verdict.score == pytest.approx(0.11)
    assert verdict.margin == pytest.approx(0.11 - 0.39)
    assert verdict.reason == "expected car ≥ 0.50, got maypole 0.390; car 0.110 at rank 4"


def test_the_labels_of_one_other_concept_count_as_one_rank() -> None:
    space = LabelSpace(LABELS, {"car": (0,), "other": (1, 2, 3)})
    verdict = judge(np.array([0.4, 0.2, 0.2, 0.2, 0.0]), space, ["car"], Thresholds())
    assert (verdict.rank, verdict.predicted) == (2, "other")


def test_the_expected_concept_wins_a_tie() -> None:
    verdict = judge(np.array([0.5, 0.0, 0.5, 0.0, 0.0]), SPACE, ["car"], Thresholds())
    assert (verdict.rank, verdict.margin, verdict.predicted, verdict.passed) == (1, 0.0, "car", True)


def test_the_margin_is_the_score_if_there_is_no_other_label() -> None:
    verdict = judge(np.array([1.0]), LabelSpace(("cat",), {"cat": (0,)}), ["cat"], Thresholds())
    assert (verdict.score, verdict.rank, verdict.margin, verdict.passed) == (1.0, 1, 1.0, True)


@pytest.mark.parametrize(
    ("thresholds", "reason"),
    [
        (Thresholds(0.5), "expected car ≥ 0.50, got car 0.400 at rank 1"),
        (Thresholds(0.3, 1, 0.2), "expected car ≥ 0.30 with a margin ≥ 0.20, got car 0.400 at rank 1, margin 0.100 to"),
        (Thresholds(0.5, 3, -1.0), "expected car ≥ 0.50 within rank 3, got car 0.400 at rank 1"),
        (Thresholds(0.4, 1, 0.05), ""),
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


def test_the_ten_most_probable_labels_are_kept() -> None:
    labels = tuple(f"label {index}" for index in range(1000))
    values = np.linspace(0, 1, 1000)
    verdict = judge(values / values.sum(), LabelSpace(labels, {"label 3": (3,)}), ["label 3"], Thresholds())
    assert [label for label, _ in verdict.top] == [f"label {index}" for index in range(999, 989, -1)]
    assert verdict.rank == 997


probabilities = st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda values: sum(values) > 0)


@given(probabilities, st.booleans())
def test_rank_margin_and_prediction_agree(values: list[float], multi_label: bool) -> None:
    array = np.array(values) if multi_label else np.array(values) / sum(values)
    verdict = judge(array, SPACE, ["car"], Thresholds(0.0, 100, -1.0), multi_label=multi_label)
    assert (verdict.rank == 1) == (verdict.margin >= 0) == (verdict.predicted == "car")
    assert verdict.confidence >= verdict.score
    assert verdict.confidence - verdict.score == pytest.approx(max(0.0, -verdict.margin))
    assert 0 <= verdict.score <= 1 + 1e-9
    assert verdict.passed
    top = [value for _, value in verdict.top]
    assert top == sorted(top, reverse=True)


@given(probabilities, st.permutations(range(5)))
def test_the_order_of_the_labels_does_not_matter(values: list[float], order: list[int]) -> None:
    array = np.array(values) / sum(values)
    moved = {name: tuple(order.index(index) for index in indices) for name, indices in CONCEPTS.items()}
    other = LabelSpace(tuple(LABELS[index] for index in order), moved)
    first = judge(array, SPACE, ["car"], Thresholds())
    second = judge(array[order], other, ["car"], Thresholds())
    assert second.score == pytest.approx(first.score)
    assert second.margin == pytest.approx(first.margin)
    if abs(first.margin) > 1e-9:
        assert (second.passed, second.rank == 1) == (first.passed, first.rank == 1)
