"""Adding several cases to a suite: all of them or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flat_colours import flat
from tierbench.common.errors import UserError
from tierbench.suites import read_suites
from tierbench.suites.editing import NewCase, add_cases


def pictures(folder: Path, *colours: str) -> list[NewCase]:
    """Write pictures into a folder each, all of one name."""
    cases = []
    for colour in colours:
        file = folder / colour / "picture.png"
        file.parent.mkdir(parents=True)
        flat(colour).save(file)
        cases.append(NewCase(file, "thing", 1, source=colour))
    return cases


def test_cases_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    added = add_cases(suite, pictures(tmp_path, "red", "green"), {"thing": ["a", "b"]})
    assert [(case.id, case.source) for case in added] == [("picture", "red"), ("picture_2", "green")]
    more = add_cases(suite, pictures(tmp_path, "blue", "grey"), {"thing": ["c"], "other": ["d"]})
    assert [case.id for case in more] == ["picture_3", "picture_4"]
    (read,), problems = read_suites([suite])
    assert problems == []
    assert [case.source for case in read.cases] == ["red", "green", "blue", "grey"]
    assert read.concepts == {"thing": ("a", "b"), "other": ("d",)}


def test_one_that_cannot_be_added_leaves_nothing_behind(tmp_path: Path) -> None:
    suite = tmp_path / "cases" / "suite"
    good, bad, first = pictures(tmp_path, "red", "green", "blue")
    # The rows are written before the suite is read and found to have a problem.
    refused = [good, NewCase(bad.image, "thing", 1, tags="parametrize")]
    with pytest.raises(UserError, match="cannot be a marker"):
        add_cases(suite, refused, {"thing": ["a"]})
    assert not (tmp_path / "cases").exists()
    add_cases(suite, [first], {"thing": ["a"]})
    before = {file.name: file.read_bytes() for file in suite.iterdir()}
    with pytest.raises(UserError, match="cannot be a marker"):
        add_cases(suite, refused, {"thing": ["a"], "other": ["b"]})
    assert {file.name: file.read_bytes() for file in suite.iterdir()} == before


def test_pictures_that_a_killed_process_left_are_used(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    red, green = pictures(tmp_path, "red", "green")
    (suite / "picture.png").write_bytes(red.image.read_bytes())
    assert [case.id for case in add_cases(suite, [red, green])] == ["picture", "picture_2"]
    assert sorted(file.name for file in suite.iterdir()) == ["metadata.csv", "picture.png", "picture_2.png"]


def test_a_picture_that_was_added_in_between_is_refused(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    red, green = pictures(tmp_path, "red", "green")
    add_cases(suite, [red])
    before = (suite / "metadata.csv").read_bytes()
    with pytest.raises(UserError, match="the suite has this picture already; nothing was added"):
        add_cases(suite, [green, red])
    assert (suite / "metadata.csv").read_bytes() == before
    assert sorted(file.name for file in suite.iterdir()) == ["metadata.csv", "picture.png"]
