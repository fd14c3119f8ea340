"""Turning runs into series, lines for the terminal, and charts."""

from __future__ import annotations

from tests.runs.records import content, model, tier
from tierbench.common.schema import TierResult
from tierbench.report.history_text import block, history_lines
from tierbench.report.html.history_chart import BOTTOM, HEIGHT, TOP, make_charts
from tierbench.runs.history import HistoryEntry
from tierbench.runs.trend import make_series


def entry(number: int, *tiers: TierResult, fingerprint: str = "f", digest: str = "d") -> HistoryEntry:
    models = tuple(model(name, fingerprint=fingerprint) for name in dict.fromkeys(each.model for each in tiers))
    started = f"2026-11-{number:02d}T03:17:00Z"
    return HistoryEntry(f"run-{number}", content(tiers, started=started, models=models, suites={"photos": digest}))


def test_a_series_per_suite_tier_and_model() -> None:
    runs = [
        entry(1, tier(3, 4), tier(1, 4, tier=2), tier(2, 4, model="other")),
        entry(2, tier(4, 4), tier(1, 4, tier=2, suite="street")),
    ]
    found = {(each.suite, each.tier, each.model): [p.tier.passed for p in each.points] for each in make_series(runs)}
    assert found == {
        ("photos", 1, "model"): [3, 4],
        ("photos", 1, "other"): [2],
        ("photos", 2, "model"): [1],
        ("street", 2, "model"): [1],
    }


def test_runs_of_a_part_of_a_tier_are_ignored() -> None:
    (series,) = make_series([entry(1, tier(4, 4)), entry(2, tier(1, 1, size=4)), entry(3, tier(3, 4))])
    assert [point.run for point in series.points] == ["run-1", "run-3"]
    assert make_series([entry(1, tier(0, 0))]) == []


def test_changed_weights_and_suites_are_marked() -> None:
    runs = [
        entry(1, tier(4, 4)),
        entry(2, tier(4, 4), fingerprint="g"),
        entry(3, tier(4, 4), fingerprint="g", digest="e"),
        entry(4, tier(4, 4), fingerprint="g", digest="e"),
    ]
    (series,) = make_series(runs)
    assert [(point.new_weights, point.new_suite) for point in series.points] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]
    # The marks are the same if only the last points are requested.
    assert make_series(runs, last=3)[0].points == series.points[1:]


def test_the_terminal_shows_trend_change_and_flips() -> None:
    runs = [entry(1, tier(4, 4)), entry(2, tier(2, 4), fingerprint="g"), entry(3, tier(2, 4), fingerprint="g")]
    lines = history_lines(runs, 20)
    assert lines[0] == "3 runs, 2026-11-01 to 2026-11-03"
    assert lines[3] == (
        "photos  1 easy  model  █▅▅                      2/4 ✗  2/4     0.500       2026-11-02: 4/4 → 2/4 (new weights)"
    )
    assert lines[-1] == (
        "2026-11-03 03:17  run-3  model  level 1 of 3  no baseline           "
        "Failed: level 1 of 3, no baseline yet; tier 1 falls short (2 of 4)"
    )
    assert len(history_lines(runs, 1)) == len(lines) - 2


def test_only_a_rate_of_one_is_a_full_block() -> None:
    assert [block(rate) for rate in (0, 0.01, 0.5, 0.99, 1)] == ["▁", "▂", "▅", "▇", "█"]


def test_a_chart_contains_its_points_and_marks_where_the_suite_changed() -> None:
    runs = [entry(1, tier(0, 4)), entry(2, tier(4, 4), digest="e")]
    runs.append(entry(3, tier(4, 4), tier(2, 4, model="b"), digest="e"))
    (chart,) = make_charts(make_series(runs))
    first, second = chart.lines
    assert [line.model for line in chart.lines] == ["b", "model"]
    assert [dot.y for dot in second.dots] == [HEIGHT - BOTTOM, TOP, TOP]
    assert chart.breaks == (second.dots[1].x,)
    assert first.dots[0].x == second.dots[2].x
    assert (first.band, second.band) == ("", "")
    (alone,) = make_charts(make_series(runs[:2]))
    assert alone.lines[0].band
