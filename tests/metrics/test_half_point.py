from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.metrics.half_point import at_position, half_position, monotone, position_interval

curves = st.lists(st.integers(0, 8).map(lambda seen: seen / 8), min_size=1, max_size=12)


def pool_adjacent_violators(shares: list[float]) -> list[float]:
    """The textbook algorithm, to compare with."""
    blocks: list[tuple[float, int]] = []
    for share in shares:
        blocks.append((share, 1))
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            (mean, count), (last, more) = blocks[-2], blocks[-1]
            blocks[-2:] = [((mean * count + last * more) / (count + more), count + more)]
    return [mean for mean, count in blocks for _ in range(count)]


@given(curves)
def test_the_curve_is_that_of_pooled_adjacent_violators(shares: list[float]) -> None:
    assert monotone(shares).tolist() == pytest.approx(pool_adjacent_violators(shares), abs=1e-12)


def test_several_curves_are_fitted_at_once() -> None:
    curves_ = np.array([[1, 0.5, 0.75], [0, 1, 0.5]])
    assert monotone(curves_).tolist() == [monotone(curve).tolist() for curve in curves_]


@pytest.mark.parametrize(
    ("shares", "position"),
    [
        ([1, 1, 0, 0], 1.5),
        ([1, 0.75, 0.25, 0], 1.5),
        ([1, 0.625, 0.375], 1.5),
        ([1, 0.5, 0], 1),
        ([1, 0.5, 0.5, 0.5, 0], 2),  # the middle of where it stays at one half
        ([1, 0.5, 0.5], 1.75),  # the last step and half a step beyond, as it may go on so
        ([1, 0, 1, 0], 1.5),  # [1, .5, .5, 0]
        ([1, 1, 1], 2.5),
        ([0.375, 0, 0], -0.5),
    ],
)
def test_where_the_curve_passes_one_half(shares: list[float], position: float) -> None:
    assert float(half_position(shares)) == pytest.approx(position)


@given(curves, st.data())
def test_a_step_that_is_seen_more_often_never_brings_the_point_nearer(shares: list[float], data: st.DataObject) -> None:
    step = data.draw(st.integers(0, len(shares) - 1))
    better = [min(1, share + 1 / 8) if index == step else share for index, share in enumerate(shares)]
    assert half_position(better) >= half_position(shares) - 1e-12


def test_between_two_steps_the_parameter_is_geometric() -> None:
    assert at_position([100, 50, 25], 1.5) == pytest.approx(50 / 2**0.5)
    assert at_position([2, 1, 0], 1.5) == pytest.approx(0.5)  # a ratio to zero means nothing
    assert at_position([2, 1, 0], 2) == 0
    assert at_position([7], 0) == 7


@pytest.mark.parametrize("position", [-0.5, 2.5])
def test_outside_of_the_steps_there_is_no_parameter(position: float) -> None:
    assert at_position([100, 50, 25], position) is None


def test_views_that_agree_leave_no_doubt_and_others_do() -> None:
    sharp = [[True] * 8, [True] * 8, [False] * 8]
    assert position_interval(sharp) == (1.5, 1.5)
    low, high = position_interval([[True] * 8, [True, False] * 4, [False] * 8])
    assert 0.5 < low < 1 < high < 1.5
    assert position_interval(sharp) == position_interval(sharp, seed=1)


def test_views_are_drawn_whole() -> None:
    # Four views see all steps and four see none: between them there is nothing that any of them saw.
    assert position_interval([[True] * 4 + [False] * 4] * 3) == (-0.5, 2.5)
