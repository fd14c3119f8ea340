"""False alarms, calibration and a level that fell, in the terminal, in Markdown and in the HTML report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.records import comparison, content, row, tier
from tierbench.common.schema import AbsenceResult, CaseRow, LevelResult, Run
from tierbench.report.html.report_page import ReportParts, render_report
from tierbench.report.html.rows import case_view
from tierbench.report.markdown import run_markdown
from tierbench.report.summary_text import run_lines
from tierbench.suites import Case, Suite, Thresholds, Tier

ROWS = [
    row("car", 0.9),
    row("pier", 0.4, tier=None, expected="!ship", rank=2, passed=False, outcome="failed", reason="expected no ship"),
    row("sea", 0.9, tier=None, expected="!ship"),
]
SENTENCE = "photos: 1 false alarm in 2 absence cases (0.50), at most 0.25 allowed: pier"
FELL = "photos tier 1: 4 of 4 passed in the baseline, 2 now, at least 0.75 required"


@pytest.fixture
def run() -> Run:
    absence = AbsenceResult(
        suite="photos",
        model="model",
        cases=2,
        size=2,
        false_alarms=1,
        low=0.1,
        high=0.9,
        max_false_alarms=0.25,
        met=False,
    )
    levels = (
        LevelResult(model="model", suite="photos", tier=1, cases=4, before=4, now=2, min_pass_rate=0.75),
        LevelResult(model="model", cases=4, before=1, now=1),
    )
    figures = {"mean_confidence": 0.5, "ece": 0.25, "nll": 1.5, "accuracy": 1.0}
    return content([tier(1, 1, metrics=figures)], absences=(absence,), levels=levels, comparisons=(comparison(),))


def test_the_terminal_has_a_line_for_false_alarms_and_one_for_each_demand_that_fell(run: Run) -> None:
    lines = run_lines(run, ROWS)
    assert f"{SENTENCE} ✗" in lines
    assert lines[-1] == f"{FELL} ✗"
    assert sum(line.endswith(" ✗") for line in lines) == 2


def test_markdown_has_false_alarms_and_the_calibration_of_each_tier(run: Run) -> None:
    lines = run_markdown(run, ROWS).splitlines()
    assert "| `photos` | `model` | 1/2 ✗ | 0.50 [0.10, 0.90] | 0.25 |" in lines
    (line,) = [line for line in lines if line.startswith("| `photos` | 1 ")]
    assert line.endswith("| 0.500 | confidence 0.500, ECE 0.250, NLL 1.500 |")
    assert f"- ✗ `photos`{FELL.removeprefix('photos')}" in lines


def test_the_report_shows_absence_cases_beside_the_tiers(run: Run) -> None:
    cases = [_case(each) for each in ROWS]
    suite = Suite("photos", Path("photos"), "", tuple(cases), {1: Tier(1)}, {})
    views = [
        case_view(each, suite, case, nodeid=f"test_case[{each.key}]") for each, case in zip(ROWS, cases, strict=True)
    ]
    html = render_report(ReportParts(run, ROWS, views, [suite], {}, {}), None).html
    assert SENTENCE in html
    assert FELL in html
    assert "ECE 0.250" in html
    assert [view.expected for view in views] == [("automobile",), ("no ship",), ("no ship",)]
    # The confusion by concept is about what is there.
    assert "!ship" not in html


def test_only_the_thresholds_that_are_set_are_shown() -> None:
    def names(thresholds: Thresholds, **values: float) -> list[str]:
        made = row("car", 0.9, **values)
        case = _case(made, thresholds)
        view = case_view(made, None, case, nodeid="")
        return [f"{threshold.name} {threshold.wanted}" for threshold in view.thresholds]

    assert names(Thresholds()) == ["rank ≤ 1"]
    assert names(Thresholds(0.5, 2, -0.1)) == ["rank ≤ 2", "score ≥ 0.50", "margin ≥ -0.10"]
    assert names(Thresholds(), twin_log_margin=1.35) == ["rank ≤ 1", "log margin > +1.35 of its twin"]


def _case(of: CaseRow, thresholds: Thresholds | None = None) -> Case:
    absent, concept = of.absent, of.expected.removeprefix("!")
    made = thresholds or Thresholds()
    return Case(of.suite, of.case, "x.png", Path("x.png"), (concept,), 1, made, absent=absent)
