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
        ([1, 0.5, 0.5], 1.5),
        ([0.5, 0], 0),
        ([0.5], 0),
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


def test_the_interval_is_wider_where_views_disagree() -> None:
    sharp = position_interval([[True] * 8, [True] * 8, [False] * 8, [False] * 8])
    blurred = position_interval([[True] * 8, [True, False] * 4, [True, False] * 4, [False] * 8])
    assert 1 <= sharp[0] < 1.5 < sharp[1] < 2
    assert blurred[0] < sharp[0] < sharp[1] < blurred[1]
    # More views of the same kind tell more.
    many = position_interval([[True] * 80, [True] * 80, [False] * 80, [False] * 80])
    assert sharp[0] < many[0] < many[1] < sharp[1]


@given(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=1, max_size=10), st.integers(0, 3))
def test_the_interval_holds_the_position_and_comes_back_with_the_seed(seen: list[list[bool]], seed: int) -> None:
    low, high = position_interval(seen, samples=50, seed=seed)
    assert low <= half_position(np.mean(seen, axis=1)) <= high
    assert (low, high) == position_interval(seen, samples=50, seed=seed)


def test_intervals_hold_the_figure_of_other_views_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    share = np.array([1, 0.95, 0.9, 0.7, 0.5, 0.3, 0.05, 0])
    held = 0.0
    for _ in range(300):
        low, high = position_interval(rng.random((8, 8)) < share[:, None], samples=400)
        held += float(low <= half_position((rng.random((8, 8)) < share[:, None]).mean(axis=1)) <= high)
    assert held >= 0.93 * 300
