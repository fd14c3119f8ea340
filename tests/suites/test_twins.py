"""Twins and absence cases are read from metadata.csv, and what they must not combine is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SuiteWriter, write_suite
from tierbench.suites import Suite, read_suite
from tierbench.suites.derived import derive_cases
from tierbench.suites.duplicates import duplicate_problems
from tierbench.suites.problems import Problems
from tierbench.suites.twins import unused_twins

HEAD = "file_name,label,tier,id,twin\n"
ROWS = f"""{HEAD}\
red_1.png,automobile,1,near,road
red_2.png,automobile,1,far,road
grey.png,!ship,2,pier,
blue.png,-,,road,
"""


def read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Suite, list[str]]:
    monkeypatch.chdir(folder.parent)
    problems = Problems()
    return read_suite(folder, problems), problems.lines


def test_twins_and_absence_cases_count_for_no_tier(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    found, problems = read(suite(ROWS, "max_false_alarms = 0.1"), monkeypatch)
    assert problems == []
    assert [case.id for case in found.cases] == ["near", "far", "pier"]
    assert [case.id for case in found.images] == ["near", "far", "pier", "road"]
    near, _, pier = found.cases
    assert (near.twin, near.twin_key, near.label, near.expectation) == (
        "road",
        "colours/road",
        "automobile",
        "automobile",
    )
    assert (pier.absent, pier.expected, pier.tier, pier.label, pier.expectation) == (
        True,
        ("ship",),
        2,
        "!ship",
        "no ship",
    )
    road = found.twins["road"]
    assert (road.is_twin, road.expected, road.tier, road.label, road.expectation) == (True, (), None, "-", "")
    # Two cases share it.
    assert found.twins_of(found.cases) == [road]
    assert {number: len(cases) for number, cases in found.by_tier.items()} == {1: 2}
    assert {number: len(cases) for number, cases in found.tests_by_tier.items()} == {1: 2, 2: 1}
    assert found.absence_cases == (pier,)
    assert found.expected_concepts == ("automobile", "ship")
    assert found.max_false_alarms == 0.1
    # The twin of a corrupted image would have to be corrupted, too.
    assert [case.twin for case in derive_cases(found, ["fog"], [1])] == ["", ""]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("red.png,a,1,x,x", "2: twin 'x' is the case itself; name the id of a row with the label -"),
        ("red.png,a,1,x,sea", "2: twin 'sea' is not in the suite; known: road"),
        ("red.png,a,1,x,rood", "2: twin 'rood' is not in the suite; did you mean 'road'?"),
        ("red.png,a,1,x,car", "2: twin 'car' (row 4) has the label 'a', not -; name the id of a row with the label -"),
        ("red.png,-,1,x,", "2: a twin (label -) has no tier; leave tier empty, or write the concept that the image"),
        ("red.png,-,,x,road", "2: a twin (label -) has no twin of its own; leave twin empty"),
        ("red.png,!a,1,x,road", "2: an absence case has no twin; leave twin empty"),
        ("red.png,a|!b,1,x,", "2: label 'a|!b' combines an absence with alternatives; write one concept after !"),
        ("red.png,!a|!b,1,x,", "2: label '!a|!b' combines an absence with alternatives"),
        ("red.png,!,1,x,", "2: label is empty; name the concept that is absent, as in !ship"),
        ("red.png,!a,,x,", "2: tier '' is not an integer ≥ 1"),
    ],
)
def test_what_does_not_fit_is_one_line_with_the_row_and_the_fix(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, row: str, problem: str
) -> None:
    folder = suite(f"{HEAD}{row}\nblue.png,-,,road,\ngreen.png,a,1,car,\n")
    _, problems = read(folder, monkeypatch)
    assert len(problems) == 1
    assert problems[0].startswith(f"colours/metadata.csv:{problem}")


def test_a_row_with_a_problem_is_still_known_as_a_twin(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    _, problems = read(suite(f"{HEAD}red.png,a,1,x,road\nblue.png,-,3,road,\n"), monkeypatch)
    assert [line.partition(": ")[0] for line in problems] == ["colours/metadata.csv:3"]


@pytest.mark.parametrize("column", ["min_score", "max_rank", "min_margin"])
def test_an_absence_case_has_no_thresholds(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    folder = suite(f"file_name,label,tier,{column}\nred.png,!a,1,1\n", "[tiers.1]\nmin_score = 0.9\nmax_rank = 3\n")
    _, problems = read(folder, monkeypatch)
    assert problems == [f"colours/metadata.csv:2: an absence case has no threshold; leave {column} empty"]
    folder = suite("file_name,label,tier\nred.png,!a,1\n", "[tiers.1]\nmin_score = 0.9\nmax_rank = 3\n")
    found, problems = read(folder, monkeypatch)
    assert problems == []
    assert (found.cases[0].thresholds.min_score, found.cases[0].thresholds.max_rank) == (0, 1)


def test_steps_of_ladders_may_have_twins_but_are_neither_twins_nor_absence_cases(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = "[parameters]\nm = 'm'\n[ladders.fog]\nparameter = 'm'\n"
    head = "file_name,label,tier,id,twin,ladder,m\n"
    found, problems = read(suite(head + "red.png,a,,x,road,fog,5\nblue.png,-,,road,,,\n", toml), monkeypatch)
    assert problems == []
    assert found.cases[0].twin == "road"
    _, problems = read(suite(head + "red.png,-,,x,,fog,5\nblue.png,!a,,road,,fog,6\n", toml), monkeypatch)
    assert problems == [
        "colours/metadata.csv:2: a twin (label -) is no step of a ladder; leave ladder empty",
        "colours/metadata.csv:3: an absence case is no step of a ladder; leave ladder empty, and fill in tier",
    ]


def test_a_twin_that_no_case_names_is_no_problem_of_a_run(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    found, problems = read(suite(f"{HEAD}red.png,a,1,x,\nblue.png,-,,road,\n"), monkeypatch)
    assert problems == []
    assert unused_twins(found) == [
        "colours/metadata.csv:3: no case names 'road', which has the label -; "
        "write its id in the column twin of a case, or remove the row"
    ]


def test_a_twin_may_look_like_its_case_and_an_absence_case_like_both(tmp_path: Path) -> None:
    rows = "red_1.png,a,1,x,{}\nred_2.png,-,,road,\nred_1.png,!b,1,no_b,\n"
    for twin, near in (("road", 0), ("", 1)):
        folder = write_suite(tmp_path / f"suite{near}", HEAD + rows.format(twin))
        # Not the same file, but the same picture.
        (folder / "red_2.png").write_bytes((folder / "red_2.png").read_bytes() + b"\0")
        assert len(duplicate_problems(read_suite(folder, Problems()))) == near
