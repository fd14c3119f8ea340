"""False alarms: real predictions, the rate and its limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import write_suite
from tierbench.common.schema import AbsenceResult
from tierbench.models import load_classifier
from tierbench.scoring.absence import absence_sentence, summarise_absence
from tierbench.scoring.evaluate import judge_suite
from tierbench.suites import Suite, read_suite
from tierbench.suites.problems import Problems

# The model takes grey for a ship, and green for a truck.
ROWS = """\
file_name,label,tier,id
red_1.png,automobile,1,car
grey_1.png,!ship,1,pier
green_1.png,!ship,2,meadow
blue_1.png,!automobile,2,sea
"""


@pytest.fixture
def seas(tmp_path: Path) -> Suite:
    return read_suite(write_suite(tmp_path / "seas", ROWS), Problems())


def summarise(suite: Suite, model: Path) -> AbsenceResult:
    results = judge_suite(load_classifier(str(model)), suite, suite.absence_cases, "m")
    return summarise_absence(suite, "m", [result.row() for result in results])


def test_a_false_alarm_is_an_absent_concept_that_the_most_probable_label_claims(
    seas: Suite, colour_model: Path
) -> None:
    result = summarise(seas, colour_model)
    assert (result.false_alarms, result.cases, result.size, result.errors, result.groups) == (1, 3, 3, 0, 3)
    assert result.rate == pytest.approx(1 / 3)
    # The Wilson 95 % interval of 1 in 3.
    assert (result.low, result.high) == pytest.approx((0.0615, 0.7923), abs=1e-4)
    assert result.met is False
    assert absence_sentence(result, ["pier"]) == (
        "seas: 1 false alarm in 3 absence cases (0.33), at most 0.00 allowed: pier"
    )


def test_the_rows_of_absence_cases_have_no_tier(seas: Suite, colour_model: Path) -> None:
    results = judge_suite(load_classifier(str(colour_model)), seas, seas.cases, "m")
    rows = {result.case.id: result.row() for result in results}
    assert [rows[case].tier for case in ("car", "pier", "meadow", "sea")] == [1, None, None, None]
    assert (rows["pier"].expected, rows["pier"].predicted, rows["pier"].rank) == ("!ship", "ship", 2)
    assert rows["pier"].reason == "expected no ship, got ship 0.524; best other label airplane 0.377"
    assert results[1].message() == f"seas/pier [tier 1]: {rows['pier'].reason}"


@pytest.mark.parametrize(
    ("most", "broken", "met"),
    [
        (0.0, (), False),
        (0.33, (), False),
        (1 / 3, (), True),
        # An image without a prediction might be a false alarm.
        (1 / 3, ("green_1.png",), None),
        (2 / 3, ("green_1.png",), None),
        (0.0, ("green_1.png",), False),
    ],
)
def test_the_limit(seas: Suite, colour_model: Path, most: float, broken: tuple[str, ...], met: bool | None) -> None:
    for name in broken:
        (seas.folder / name).write_bytes((seas.folder / name).read_bytes()[:40])
    result = summarise(replace(seas, max_false_alarms=most), colour_model)
    assert (result.met, result.errors, result.false_alarms) == (met, len(broken), 1)


def test_a_part_of_the_cases_leaves_the_limit_open(seas: Suite) -> None:
    assert summarise_absence(seas, "m", []).met is None
