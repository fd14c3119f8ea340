"""Ladders: the 50 % point with its interval, the first miss, the gate, and the sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.common.schema import CaseRow, LadderResult
from tierbench.scoring.ladders import (
    ConceptReach,
    concept_reaches,
    concept_sentence,
    ladder_sentence,
    summarise_ladder,
    with_baseline,
    with_shares,
)
from tierbench.suites.case import Ladder, Suite

VIEWS = 8


def ladder(
    seen: list[int], values: list[float], direction: str = "falling", gate: float | None = None, unit: str = "m"
) -> LadderResult:
    """Return the result of a ladder whose steps are recognised in so many of the eight views."""
    declared = Ladder("sedan", "visibility_m", direction, gate)
    suite = Suite(
        name="ladders",
        folder=Path(),
        description="",
        cases=(),
        tiers={},
        ladders={"sedan": declared},
        concepts={},
        parameters={"visibility_m": unit},
    )
    recognised = [[view < count for view in range(VIEWS)] for count in seen]
    rows = [
        CaseRow(
            suite="ladders",
            case=f"step{number}",
            model="model",
            expected="automobile",
            score=0.9,
            passed=views[0],
            outcome="passed",
            parameters={"visibility_m": value},
        )
        for number, (value, views) in enumerate(zip(values, recognised, strict=True))
    ]
    return summarise_ladder(suite, declared, "model", rows, recognised)


def test_the_figure_is_where_half_of_the_views_recognise_the_step() -> None:
    result = ladder([8, 8, 4, 0], [400, 200, 100, 50])
    assert (result.half_state, result.half_point, result.concept) == ("inside", 100, "automobile")
    assert result.half_low is not None
    assert result.half_high is not None
    assert 50 < result.half_low < 100 < result.half_high < 200
    # The picture as it is was last seen at 100 m.
    assert (result.breaking_point, result.seen) == (100, 3)
    assert ladder_sentence(result).startswith("seen down to 100 m [")
    assert ladder_sentence(result).endswith("; first miss at 50 m, after 3 of 4 steps")


def test_a_rising_ladder_has_its_interval_by_value_too() -> None:
    result = ladder([8, 8, 4, 0], [1, 2, 4, 8], "rising")
    assert result.half_point == 4
    assert result.half_low is not None
    assert result.half_high is not None
    assert 2 < result.half_low < 4 < result.half_high < 8
    assert ladder_sentence(result).startswith("seen up to 4 m [")


def test_a_ladder_that_is_never_or_always_seen() -> None:
    never = ladder([1, 0], [400, 200])
    assert (never.half_state, never.half_point, never.reach) == ("before", None, None)
    assert ladder_sentence(never).startswith("not seen in half of the views even at 400 m, the first step")
    always = ladder([8, 8], [400, 200])
    assert (always.half_state, always.half_point, always.reach) == ("beyond", None, 200)
    assert ladder_sentence(always).startswith("seen down to 200 m, the last step")
    assert ladder_sentence(always).endswith("; no miss in 2 steps")


def test_everyday_sizes_have_no_exponent() -> None:
    assert "down to 1600 m" in ladder_sentence(ladder([8, 4, 0], [3200, 1600, 800]))
    assert "down to 0.25 lx" in ladder_sentence(ladder([8, 4, 0], [1, 0.25, 0.1], unit="lx"))


def test_a_gate_is_met_in_the_direction_of_the_ladder() -> None:
    assert ladder([8, 4, 0], [400, 200, 100], gate=200).met
    assert not ladder([8, 3, 0], [400, 200, 100], gate=200).met
    assert ladder([8, 4, 0], [1, 2, 3], "rising", gate=2).met
    assert not ladder([8, 3, 0], [1, 2, 3], "rising", gate=2).met
    assert ladder([8, 8, 8], [400, 200, 100], gate=100).met
    assert not ladder([0, 0], [400, 200], gate=400).met
    assert ladder([0], [400]).met


def test_the_baseline_is_held_against_the_run() -> None:
    result = with_baseline(ladder([8, 4, 0], [400, 200, 100]), [1, 1, 0.5])
    assert (result.half_point, result.baseline_half_point) == (200, 100)
    assert ladder_sentence(result).endswith("; in the baseline seen down to 100 m")
    lost = with_baseline(ladder([8, 4, 0], [400, 200, 100]), [0, 0, 0])
    assert "in the baseline not seen in half of the views" in ladder_sentence(lost)


@given(st.lists(st.integers(0, VIEWS), min_size=1, max_size=10))
def test_an_interval_holds_the_point(seen: list[int]) -> None:
    result = ladder(seen, [float(2 ** (len(seen) - number)) for number in range(len(seen))])
    point = {"before": result.values[0] + 1, "beyond": result.values[-1] - 1}.get(result.half_state, result.half_point)
    assert point is not None
    low = result.values[-1] - 1 if result.half_low is None else result.half_low
    high = result.values[0] + 1 if result.half_high is None else result.half_high
    assert low - 1e-9 <= point <= high + 1e-9


def test_records_from_before_the_views_keep_their_sentence() -> None:
    old = replace(ladder([8, 8, 0, 8], [400, 200, 100, 50]), recognised=(), half_state="", half_point=None)
    assert ladder_sentence(old) == "seen down to 200 m, lost at 100 m (2 of 4 steps)"
    assert old.reach == 200


def test_a_result_survives_serialisation() -> None:
    result = ladder([0, 0], [2, 1], gate=1)
    values = msgspec.to_builtins(result)
    assert msgspec.convert(values, LadderResult) == result
    # Values that are None may be left out.
    without_none = {name: value for name, value in values.items() if value is not None}
    assert len(without_none) < len(values)
    assert msgspec.convert(without_none, LadderResult) == result


def reaches(*points: list[int]) -> list[ConceptReach]:
    return concept_reaches([replace(ladder(seen, [8, 4, 2, 1]), ladder=str(n)) for n, seen in enumerate(points)])


def test_a_concept_is_summarised_over_its_scenes() -> None:
    assert reaches([8, 4, 0, 0]) == []  # one scene speaks of itself
    (few,) = reaches([8, 4, 0, 0], [8, 8, 4, 0], [8, 8, 8, 8])
    assert (few.scenes, few.median, few.low, few.high) == (3, 2, None, None)
    assert concept_sentence(few) == (
        "automobile: 3 scenes seen down to a median of 2 m (fewer than 6 scenes have no interval)"
    )
    (many,) = reaches(*[[8, 4, 0, 0]] * 3, *[[8, 8, 4, 0]] * 4)
    assert (many.scenes, many.median, many.low, many.high) == (7, 2, 2, 4)
    assert concept_sentence(many) == "automobile: 7 scenes seen down to a median of 2 m [2, 4]"


def test_other_shares_move_the_point() -> None:
    assert with_shares(ladder([8, 0, 0], [4, 2, 1]), [1, 1, 0.5]).half_point == pytest.approx(1)
