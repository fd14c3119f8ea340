"""Ladders: the breaking point, its gate and its sentence."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tierbench.common.schema import LadderResult
from tierbench.scoring.ladders import ladder_sentence, with_passed


def ladder(
    passed: list[bool], values: list[float], direction: str = "falling", gate: float | None = None
) -> LadderResult:
    first = LadderResult(
        suite="ladders",
        model="model",
        ladder="sedan",
        parameter="visibility_m",
        unit="m",
        direction=direction,
        values=tuple(values),
        scores=(0.9,) * len(values),
        passed=(True,) * len(values),
        breaking_point=values[-1],
        gate=gate,
    )
    return with_passed(first, passed)


def test_the_breaking_point_is_the_last_step_before_the_first_miss() -> None:
    result = ladder([True, True, False, True], [400, 200, 100, 50])
    assert result.breaking_point == 200
    assert result.seen == 2
    assert ladder_sentence(result) == "seen down to 200 m, lost at 100 m (2 of 4 steps)"


def test_a_ladder_that_is_missed_or_passed_throughout() -> None:
    assert ladder([False, True], [400, 200]).breaking_point is None
    assert ladder_sentence(ladder([False, True], [400, 200])) == "lost from the first step on, 400 m (0 of 2 steps)"
    assert ladder_sentence(ladder([True, True], [400, 200])) == "seen down to 200 m, the last step (2 of 2 steps)"


def test_a_gate_is_met_in_the_direction_of_the_ladder() -> None:
    assert ladder([True, True, False], [400, 200, 100], gate=200).met
    assert not ladder([True, False, False], [400, 200, 100], gate=200).met
    assert ladder([True, True, False], [1, 2, 3], "rising", gate=2).met
    assert not ladder([True, False, False], [1, 2, 3], "rising", gate=2).met
    assert not ladder([False], [400], gate=400).met
    assert ladder([False], [400]).met


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_steps_after_the_first_miss_do_not_matter(passed: list[bool]) -> None:
    values = [float(len(passed) - index) for index in range(len(passed))]
    result = ladder(passed, values)
    cut = ladder([good and all(passed[:index]) for index, good in enumerate(passed)], values)
    assert (result.breaking_point, result.seen) == (cut.breaking_point, cut.seen)


def test_a_result_survives_serialisation() -> None:
    result = ladder([False, False], [2, 1], gate=1)
    values = msgspec.to_builtins(result)
    assert msgspec.convert(values, LadderResult) == result
    # Values that are None may be left out.
    without_none = {name: value for name, value in values.items() if value is not None}
    assert len(without_none) < len(values)
    assert msgspec.convert(without_none, LadderResult) == result
