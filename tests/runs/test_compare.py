"""Comparing two sets of scores: which cases flip, what decides, what is reported."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.test_history_page import HOSTILE, Page
from tests.runs.records import row, write
from tierbench.common.errors import UserError
from tierbench.common.schema import CaseRow
from tierbench.report.comparison_text import comparison_json, comparison_lines, comparison_markdown
from tierbench.report.html.comparison_page import comparison_page
from tierbench.runs.acceptance import accept_recorded
from tierbench.runs.baseline import update_baseline
from tierbench.runs.compare import ScoreComparison, compare_scores
from tierbench.runs.model_scores import find_before_and_after

BEFORE = [0.9, 0.8, 0.7, 0.9, 0.3, 0.9, 0.6]
# c0, c1 and c2 flip, c3 falls without flipping, c4 is better. Without log margins, only flips count.
AFTER = [0.2, 0.4, 0.4999, 0.65, 0.8, 0.9, 0.6]


def rows(scores: list[float]) -> list[CaseRow]:
    return [row(f"c{number}", score) for number, score in enumerate(scores)]


def compare(reports: Path, before: str, after: str) -> ScoreComparison:
    ((first, second),) = find_before_and_after(before, after, reports)
    return compare_scores(first, second)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, str, str]:
    before, after = write(tmp_path, 1, rows(BEFORE)), write(tmp_path, 2, rows(AFTER))
    return tmp_path, str(before), after.name


def test_flips_come_first_sorted_by_drop(runs: tuple[Path, str, str]) -> None:
    comparison = compare(*runs)
    changed = [(case.case, case.change, case.reason) for case in comparison.cases if case.change != "same"]
    assert changed == [
        ("c0", "regressed", "passed, now fails"),
        ("c1", "regressed", "passed, now fails"),
        ("c2", "regressed", "passed, now fails"),
        ("c4", "fixed", "failed, now passes"),
    ]
    first = comparison.cases[0]
    assert (first.score_before, first.score_after, first.drop) == (0.9, 0.2, 0.7)
    assert first.top_before == (("automobile", 0.9), ("ship", 0.1), ("cat", 0.0))
    assert first.top_after[0] == ("automobile", 0.2)


def test_the_gate_decides_what_is_a_regression(runs: tuple[Path, str, str]) -> None:
    comparison = compare(*runs)
    assert comparison.regressed("flips")
    whole, verdict = comparison.verdicts
    assert (whole.state, verdict.state) == ("not shown", "not shown")
    assert (verdict.lost_groups, verdict.won_groups) == (("c0", "c1", "c2"), ("c4",))
    assert comparison.note == ""
    assert not comparison.regressed("regression")


def test_a_loss_everywhere_is_a_regression_by_both_gates(tmp_path: Path) -> None:
    write(tmp_path, 1, rows([0.9] * 8))
    write(tmp_path, 2, rows([0.4] * 8))
    comparison = compare(tmp_path, "20260102", "last")
    assert comparison.regressed("regression")
    assert comparison.regressed("flips")


@pytest.mark.parametrize("kind", ["name", "path"])
def test_a_baseline_is_given_by_name_or_path(runs: tuple[Path, str, str], kind: str) -> None:
    reports, before, after = runs
    accept_recorded(Path(before), reports, force=False)
    baseline = "model" if kind == "name" else str(reports / "baselines" / "model.csv")
    run, file = compare(reports, before, after), compare(reports, baseline, after)
    assert [(case.key, case.change, case.drop) for case in run.cases] == [
        (case.key, case.change, case.drop) for case in file.cases
    ]
    assert run.verdicts == file.verdicts
    assert file.cases[0].top_before == run.cases[0].top_before
    assert file.cases[0].predicted_before == "automobile"


def test_a_run_compared_with_a_later_baseline_keeps_both_verdicts(runs: tuple[Path, str, str]) -> None:
    reports, before, after = runs
    accept_recorded(reports / after, reports, force=False)
    comparison = compare(reports, before, "model")
    assert {case.case for case in comparison.cases if case.change == "regressed"} == {"c0", "c1", "c2"}
    assert [case.case for case in comparison.cases if case.change == "fixed"] == ["c4"]
    assert comparison.grouped


def test_a_case_passed_in_a_run_whatever_rank_its_suite_allowed(tmp_path: Path) -> None:
    before = write(tmp_path, 1, [row("a", 0.9, rank=120, max_rank=200)])
    after = write(tmp_path, 2, [row("a", 0.9, rank=110, max_rank=200)])
    accept_recorded(after, tmp_path, force=False)
    (case,) = compare(tmp_path, str(before), "model").cases
    assert case.change == "same"


def test_comparing_two_baselines_reports_that_groups_are_unknown(runs: tuple[Path, str, str]) -> None:
    reports, before, after = runs
    accept_recorded(Path(before), reports, force=False)
    (old,) = [pair[0] for pair in find_before_and_after("model", after, reports)]
    for name in ("first", "second"):
        # Baselines of version 0.1 have no groups.
        ungrouped = [replace(each, group="") for each in old.rows]
        update_baseline(reports / "baselines" / f"{name}.csv", ungrouped, old.provenance)
    comparison = compare(reports, "first", "second")
    assert not comparison.grouped
    assert "each case counts as independent" in "\n".join(comparison_lines(comparison, {}, 9))
    assert comparison.count("same") == len(BEFORE)
    assert compare(reports, "model", "second").grouped


def test_cases_that_are_new_or_missing_are_listed_and_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, 1, [row("a", 0.9), row("b", 0.9), row("other", 0.9)])
    write(tmp_path, 2, [row("a", 0.9), row("new", 0.1), row("other", 0.1, image_sha256="b" * 64)], complete=False)
    comparison = compare(tmp_path, "20260102", "20260103")
    assert [(case.case, case.change) for case in comparison.cases] == [
        ("new", "new"),
        ("other", "new"),
        ("b", "missing"),
        ("a", "same"),
    ]
    assert not comparison.regressed("flips")
    assert "stopped early: only the cases that it ran are compared" in "\n".join(comparison_lines(comparison, {}, 9))


def test_an_older_score_is_judged_by_the_current_thresholds(tmp_path: Path) -> None:
    write(tmp_path, 1, [row("a", 0.6)])
    write(tmp_path, 2, [row("a", 0.6001, min_score=0.8, passed=False)])
    (case,) = compare(tmp_path, "20260102", "last").cases
    assert case.change == "same"


def test_models_are_paired_by_name_or_selected(tmp_path: Path) -> None:
    write(tmp_path, 1, [row("a", 0.9, model="x"), row("a", 0.9, model="y")])
    write(tmp_path, 2, [row("a", 0.2, model="y"), row("a", 0.2, model="z")])
    ((before, after),) = find_before_and_after("20260102", "last", tmp_path)
    assert (before.model, after.model) == ("y", "y")
    ((before, after),) = find_before_and_after("last:z", "last:y", tmp_path)
    assert (before.model, after.model) == ("z", "y")
    with pytest.raises(UserError, match=r"has no model 'q'; it has x, y"):
        find_before_and_after("20260102:q", "last", tmp_path)
    with pytest.raises(UserError, match="name the two to be compared, as in RUN:MODEL"):
        find_before_and_after("20260102", "last:z", tmp_path)


def test_differences_in_provenance_are_listed(tmp_path: Path) -> None:
    write(tmp_path, 1, rows(BEFORE))
    write(tmp_path, 2, rows(BEFORE), suites={"photos": "d2"}, versions={"torch": "3"})
    comparison = compare(tmp_path, "20260102", "last")
    assert comparison.differences == ("suite photos: baseline d1, now d2", "torch: baseline 2, now 3")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run.json", "{", "cannot be read as JSON"),
        ("run.json", '{"schema": 7}', "newer tierbench"),
        ("scores.csv", "a,b\n1,2\n", "has no column suite"),
        ("scores.csv", "", "scores.csv: "),
        ("scores.csv", None, "no case was scored"),
    ],
)
def test_a_damaged_run_is_reported_in_one_line(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    write(tmp_path, 1, rows(BEFORE))
    bad = write(tmp_path, 2, rows(AFTER))
    file = bad / name
    file.write_text(file.read_text().splitlines()[0] + "\n" if text is None else text)
    with pytest.raises(UserError) as caught:
        find_before_and_after("20260102", "last", tmp_path)
    (line,) = caught.value.lines
    assert says in line
    assert "\n" not in line


def test_a_truncated_row_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, 1, rows(BEFORE))
    cut = write(tmp_path, 2, rows(BEFORE), complete=False)
    text = (cut / "scores.csv").read_text()
    (cut / "scores.csv").write_text(text[:-90])
    comparison = compare(tmp_path, "20260102", "last")
    assert (comparison.count("same"), comparison.count("missing")) == (len(BEFORE) - 1, 1)


def test_hostile_texts_are_escaped_everywhere(tmp_path: Path) -> None:
    top = ((HOSTILE, 0.9), ("`|</code>", 0.1))
    values = {"suite": HOSTILE, "expected": HOSTILE, "predicted": HOSTILE, "top": top}
    write(tmp_path, 1, [row("a`|b", 0.9, **values)])
    write(tmp_path, 2, [row("a`|b", 0.1, **values)])
    comparison = compare(tmp_path, "20260102", "last")
    for line in comparison_lines(comparison, {}, 9):
        assert "\x1b" not in line
        assert "\u202e" not in line
    html = comparison_page([comparison], "flips", {})
    assert not Page(html).all("img")
    assert not [name for _, attributes in Page(html).tags for name in attributes if name.startswith("on")]
    markdown = comparison_markdown([comparison], "flips")
    (line,) = [line for line in markdown.splitlines() if line.startswith("| regressed")]
    assert len(re.split(r" \| ", line.strip("| "))) == 5
    assert comparison_json([comparison], "flips")["regression"] is True
