"""A reduced run of `tools/simulate_regression.py`: no false alarms, losses found, bounds and intervals that cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
RUNS = 60


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, imported as if it were run."""
    monkeypatch.syspath_prepend(str(TOOLS))
    import simulate_regression

    return simulate_regression


def shares(cells: list[str]) -> list[float]:
    return [float(cell.partition(" %")[0]) for cell in cells if " %" in cell]


def rows(table: Callable[..., Iterator[list[str]]], runs: int = RUNS, *groups: int) -> list[list[str]]:
    head, *found = list(table(runs, groups) if groups else table(runs))
    assert found
    assert {len(row) for row in found} == {len(head)}
    return found


@pytest.mark.slow
def test_equal_models_are_rarely_called_regressed(tool: ModuleType) -> None:
    # The level is 5 %: of 60 runs, nine or more alarm with a probability of 0.2 %. The tool holds the first runs of
    # each world against `judge_regression` itself.
    for row in rows(tool.verdicts.false_alarms, RUNS, 6, 24):
        assert max(shares(row)) <= 100 * 8 / RUNS, row


@pytest.mark.slow
def test_lost_scenes_are_found(tool: ModuleType) -> None:
    found = {(row[0], row[1]): shares(row) for row in rows(tool.verdicts.power, 30, 24)}
    assert found["retrained; all tiers: every margin −1", "24"][0] > 90
    assert found["nearly the same weights; all tiers: a quarter of the scenes", "24"][0] > 80


@pytest.mark.slow
def test_intervals_cover(tool: ModuleType) -> None:
    for row in rows(tool.intervals.net_loss_coverage, RUNS, 6, 20):
        assert shares(row)[0] >= 100 * (1 - float(row[1])) - 0.005, row
    for row in rows(tool.intervals.cleared, 400, 12, 30):
        assert max(shares(row)[:2]) <= 8, row
    for row in rows(tool.intervals.slipping):
        assert min(shares(row)) >= 90, row
    for row in rows(tool.intervals.several_models, RUNS, 12, 30):
        assert max(shares(row)[:2]) <= 15, row


@pytest.mark.slow
def test_the_more_a_tier_has_to_spare_the_rarer_its_demand_breaks(tool: ModuleType) -> None:
    for row in rows(tool.verdicts.demands):
        broken = shares(row[2:])
        assert broken == sorted(broken, reverse=True)


def test_planted_slices_are_found_and_nothing_by_chance(tool: ModuleType) -> None:
    # The draws are always the same; the figures of 200 draws are in docs/statistics.md.
    tag, dark = tool.standouts.World(200), tool.standouts.World(500, planted_as="picture")
    for world, runs, least in ((tag, 40, 80), (dark, 15, 70)):
        _, figures = tool.standouts.standouts(runs, [world])
        silent, found, _, alone = shares(figures[6:])
        assert silent >= 90, world
        assert least <= found <= alone, world


def test_runs_that_stop_are_rarely_wrong_and_need_little_of_a_large_set(tool: ModuleType) -> None:
    found = {row[1]: row for row in rows(tool.stopping.stopping, RUNS, 2000)}
    assert all(shares(row)[0] <= 5 for row in found.values())
    assert shares(found["+0.10"])[1] < 25 < 95 < shares(found["one picture below"])[1]
