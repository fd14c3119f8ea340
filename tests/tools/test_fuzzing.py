"""The fuzzer sees what it is there to see, draws the same inputs again, and feeds a saved one again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzz import Findings, fuzz, spread
from fuzzing.door import Input
from fuzzing.feeding import DOORS, Result, drawn, feed_door, open_door

from tests.tools.bad_door import DEEDS

BAD = "tests.tools.bad_door:BadDoor"
SEED = 1
# What each deed is reported as.
REPORTED = {
    "write": "wrote outside its folder",
    "contact": "contacted 192.0.2.1",
    "import": "imported the canary",
    "start": "started true",
    "read": "read a file outside the folder",
    "fail": "KeyError in outside the engine",
    "complain": "unclear",
    "wait": "HangError in outside the engine",
    "never return": "the process hangs for 5 s",
    "die": "the process died",
}


@pytest.mark.slow
def test_every_bad_deed_is_reported_with_its_input_and_the_next_input_is_fed() -> None:
    wanted = [drawn(open_door(BAD), BAD, SEED, number).arguments[0] for number in range(40)]
    assert set(wanted) == set(DEEDS), "the seed leaves a deed out"
    results: list[Result] = []
    feed_door(BAD, SEED, range(40), results.append, limit_s=1)
    valid, *others = results
    assert valid.outcome == "a valid input is refused"
    assert [result.number for result in others] == list(range(40))
    for deed, result in zip(wanted, others, strict=True):
        assert result.outcome == REPORTED.get(deed, deed)
        assert bool(result.problem) == (deed in REPORTED)
        assert not result.problem or Input.from_json(result.given).arguments == (deed,)


@pytest.mark.slow
def test_a_door_that_cannot_be_prepared_ends_the_tool() -> None:
    with pytest.raises(RuntimeError, match="cannot be prepared: the process died"):
        feed_door("tests.tools.bad_door:NoDoor", SEED, range(3), lambda result: None)


def test_an_input_depends_on_its_seed_and_number_alone(tmp_path: Path) -> None:
    first, second = open_door("suites"), open_door("suites")
    for number, door in enumerate((first, second)):
        door.prepare(tmp_path / str(number))
    ahead = [drawn(first, "suites", SEED, number) for number in range(20)]
    back = [drawn(second, "suites", SEED, number) for number in reversed(range(20))]
    assert ahead == back[::-1]
    assert len({given.to_json() for given in ahead}) == 20
    assert drawn(first, "suites", SEED + 1, 0) != ahead[0]


def test_a_saved_input_is_the_same_when_it_is_read() -> None:
    given = Input(("check", "\udc80"), {"a/b": bytes(range(256))}, {"c": "../d"}, ("e",))
    assert Input.from_json(given.to_json()) == given


def test_each_door_gets_its_share_and_at_least_one_input() -> None:
    assert set(spread(1, list(DOORS))) == set(DOORS)
    assert min(spread(1, list(DOORS)).values()) == 1
    assert abs(sum(spread(5000, list(DOORS)).values()) - 5000) <= len(DOORS)


def test_the_first_input_of_each_problem_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = Findings(tmp_path / "saved")
    for number in (4, 5):
        findings.add(Result("suites", number, "a/b: \x1b", "why", json.dumps({"number": number})))
    findings.add(Result("suites", 6, "read"))
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["suites-4-a-b-.json", "suites-4-a-b-.txt"]
    assert findings.problems.total() == 2
    assert findings.outcomes.total() == 1
    assert capsys.readouterr().out.count("saved as") == 1


@pytest.mark.slow
def test_no_door_of_the_engine_shows_a_problem(tmp_path: Path) -> None:
    # One seed for all runs, so that a red run is about its change; the tool takes others.
    findings = Findings(tmp_path / "saved")
    fed = fuzz(100, 20261124, list(DOORS), jobs=2, findings=findings)
    assert fed > 100
    assert not findings.problems, [path.read_text(encoding="utf-8") for path in tmp_path.glob("saved/*.txt")]
    assert {door for door, _ in findings.outcomes} == set(DOORS)
