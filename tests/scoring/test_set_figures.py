"""The figures of a data set: held against plain loops, and against values computed by hand."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.set_rows import MADE_WITH, error_row, set_row, table
from tierbench.metrics import pass_rate_interval
from tierbench.scoring.set_details import detail_set
from tierbench.scoring.set_figures import near_chance, summarise_rows, summarise_set
from tierbench.scoring.set_scores import SetRow

LABELS = ("cat", "dog", "cow")


def random_rows(seed: int, count: int = 120) -> list[SetRow]:
    chosen = random.Random(seed)  # noqa: S311 (a draw, no secret)
    rows = []
    for number in range(count):
        place: dict[str, Any] = {
            "slice": chosen.choice("ab"),
            "group": f"g{chosen.randrange(20)}",
            "label": chosen.choice(LABELS),
        }
        if chosen.random() < 0.1:
            rows.append(error_row(f"p{number:03}", **place))
        else:
            own: dict[str, Any] = {**place, "predicted": chosen.choice(LABELS), "confidence": chosen.random()}
            rows.append(set_row(f"p{number:03}", **own))
    return rows


def looped_ece(rows: list[SetRow]) -> float:
    total = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        own = [row for row in rows if low < row.confidence <= high or (not number and not row.confidence)]
        total += abs(sum(row.correct - row.confidence for row in own))
    return total / len(rows)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_figures_are_those_of_a_plain_loop(seed: int) -> None:
    rows = random_rows(seed)
    result = summarise_set(table(rows), MADE_WITH)
    for found in (result.whole, *result.slices):
        own = [row for row in rows if found.slice in ("", row.slice)]
        judged = [row for row in own if not row.error]
        assert (found.total, found.errors) == (len(own), len(own) - len(judged))
        assert found.accuracy is not None
        assert found.accuracy == pytest.approx(sum(row.correct for row in judged) / len(judged), abs=1e-9)
        assert found.metrics["ece"] == pytest.approx(looped_ece(judged), abs=1e-9)
        mean = math.fsum(row.confidence for row in judged) / len(judged)
        assert found.metrics["mean_confidence"] == pytest.approx(mean, abs=1e-9)
        interval = pass_rate_interval([row.correct for row in judged], [row.group for row in judged])
        assert (found.low, found.high) == pytest.approx(interval or (None, None), abs=1e-9)
        assert (found.classes, found.groups) == (len({r.label for r in own}), len({r.group for r in judged}))


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_details_are_those_of_a_plain_loop(seed: int) -> None:
    rows = random_rows(seed)
    details = detail_set(table(rows), confusions=99)
    judged = [row for row in rows if not row.error]
    wrong = [row for row in judged if not row.correct]
    assert details.wrong == len(wrong)
    pairs = {(row.label, row.predicted) for row in wrong}
    assert {(each.label, each.predicted): each.count for each in details.confusions} == {
        pair: sum((row.label, row.predicted) == pair for row in wrong) for pair in pairs
    }
    for each in details.classes:
        own = [row for row in judged if row.label == each.label]
        assert (each.correct, each.total - each.unjudged) == (sum(row.correct for row in own), len(own))
    assert [each.label for each in details.classes] == sorted(
        (each.label for each in details.classes),
        key=lambda label: next(each.accuracy or 0.0 for each in details.classes if each.label == label),
    )
    confidences = [each.confidence for each in details.worst]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[:1] == [max(row.confidence for row in wrong)]


def test_the_order_of_rows_and_pictures_with_an_error_change_no_figure() -> None:
    rows = random_rows(1)
    shuffled = random.Random(2).sample(rows, len(rows))  # noqa: S311 (a draw, no secret)
    first, second = (summarise_set(table(each), MADE_WITH) for each in (rows, shuffled))
    assert first == second
    without = summarise_rows(table([row for row in rows if not row.error]), "")
    assert first.whole.accuracy == without.accuracy
    assert first.whole.metrics == without.metrics


def test_figures_by_hand() -> None:
    rows = [
        set_row("a", confidence=0.9),
        set_row("b", predicted="dog", confidence=0.8),
        set_row("c", label="dog", confidence=0.6),
        error_row("d"),
    ]
    result = summarise_set(table(rows), {**MADE_WITH, "size": 4})
    assert (result.whole.total, result.whole.correct, result.whole.errors) == (4, 2, 1)
    assert result.accuracy == pytest.approx(2 / 3)
    # Three bins with a picture each: |1 − .9| + |0 − .8| + |1 − .6|, divided by 3.
    assert result.whole.metrics["ece"] == pytest.approx(1.3 / 3)
    assert result.slices == ()
    assert result.notes == ("1 picture of 4 without a prediction, left out of all figures: d (is damaged)",)
    assert result.warnings == ()
    assert [(each.label, each.accuracy) for each in detail_set(table(rows)).classes] == [("cat", 0.5), ("dog", 1.0)]


def test_classes_are_worst_first_with_what_they_were_taken_for() -> None:
    rows = [set_row(f"a{number}", predicted="dog") for number in range(3)]
    rows += [set_row("a3", predicted="cow"), set_row("b0", "dog"), error_row("c0", "cow")]
    cat, dog, cow = detail_set(table(rows)).classes
    assert (cat.label, cat.correct, cat.total, cat.taken_for, cat.taken) == ("cat", 0, 4, "dog", 3)
    assert (dog.label, dog.accuracy, dog.taken_for) == ("dog", 1.0, "")
    # Nothing is known of a class without a prediction, so it is last.
    assert (cow.label, cow.accuracy, cow.unjudged) == ("cow", None, 1)


def test_the_worst_pictures_are_of_different_originals() -> None:
    rows = [
        set_row("fog/a", predicted="dog", confidence=0.9, group="a"),
        set_row("snow/a", predicted="dog", confidence=0.99, group="a"),
        set_row("fog/b", predicted="dog", confidence=0.5, group="b"),
        set_row("fog/c", confidence=1.0, group="c"),
    ]
    details = detail_set(table(rows))
    assert [each.id for each in details.worst] == ["snow/a", "fog/b"]
    assert details.wrong == 3


@pytest.mark.parametrize(
    ("chance", "limit"), [(0.001, 0.004), (0.1, 0.19), (0.5, 0.55)], ids=["1000 labels", "10 labels", "2 labels"]
)
def test_near_chance(chance: float, limit: float) -> None:
    assert near_chance(chance) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("correct", "total", "said"),
    [(2, 1000, "accuracy 0.0020 is near chance (0.0010)"), (0, 1000, "accuracy 0.0000 is below chance (0.0010)")],
)
def test_an_accuracy_near_chance_is_a_warning_that_names_the_suspects(correct: int, total: int, said: str) -> None:
    rows = [set_row(f"p{number}", predicted="cat" if number < correct else "dog") for number in range(total)]
    result = summarise_set(table(rows), {**MADE_WITH, "chance": 0.001})
    (warning,) = result.warnings
    assert warning == f"{said}: check the order of the model's labels, how classes map onto them, and the preprocessing"


def test_few_pictures_or_a_good_accuracy_are_no_warning() -> None:
    wrong = [set_row(f"p{number}", predicted="dog") for number in range(49)]
    made: dict[str, Any] = {**MADE_WITH, "chance": 0.001}
    assert summarise_set(table([set_row("p")]), made).labels == 1000
    assert summarise_set(table(wrong), made).warnings == ()
    many = [set_row(f"p{number}", predicted="cat" if number < 4 else "dog") for number in range(1000)]
    assert summarise_set(table(many), made).warnings == ()


def test_a_part_of_a_set_says_so() -> None:
    rows = [set_row("a"), set_row("b")]
    result = summarise_set(table(rows), {**MADE_WITH, "size": 5})
    assert result.notes == ("2 of 5 pictures have a result: all figures are on these; run it again, and it goes on",)
    result = summarise_set(table(rows), {**MADE_WITH, "size": 5, "pictures": 2})
    assert result.notes == ("2 of 5 pictures were selected: all figures are on these",)
    assert not result.complete


def test_a_set_without_any_prediction_has_no_figures() -> None:
    result = summarise_set(table([error_row("a"), error_row("b")]), MADE_WITH)
    assert result.accuracy is None
    assert (result.whole.low, result.whole.metrics) == (None, {})
    assert detail_set(table([error_row("a")])).worst == ()


def test_one_slice_of_a_set_with_slices_is_shown_as_a_slice() -> None:
    rows = [replace(set_row("a"), slice="fog+3"), replace(set_row("b"), slice="fog+3")]
    assert [each.slice for each in summarise_set(table(rows), MADE_WITH).slices] == ["fog+3"]


def test_without_a_known_chance_no_accuracy_is_near_it() -> None:
    made = {name: value for name, value in MADE_WITH.items() if name != "chance"}
    assert summarise_set(table([set_row(f"{n}", predicted="dog") for n in range(60)]), made).warnings == ()
