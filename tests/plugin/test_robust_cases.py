"""--robust-cases PATH"""

from __future__ import annotations

import pytest

from tests.conftest import STUDY, Bench, write_suite


def test_a_suite_or_a_folder_of_suites_anywhere(study: Bench) -> None:
    write_suite(study.path / "more" / "a", STUDY)
    write_suite(study.path / "more" / "b", STUDY)
    write_suite(study.path / "one", STUDY)
    answer = study.run("-m", "tier1", "--robust-cases", "more", f"--robust-cases={study.path / 'one'}")
    assert answer.code == 0
    assert study.record().scores["suite"].tolist() == ["a", "b", "one"]


def test_the_ini_key_is_relative_to_the_rootpath(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(study.path / "one", STUDY)
    study.configure(robust_cases=["one"])
    monkeypatch.chdir(study.path / "cases")
    assert study.outcomes("-m", "tier1", "test_tiers.py") == {"one/red_space": "passed"}


@pytest.mark.parametrize("path", ["nowhere", "~no_such_user_here/x"])
def test_a_path_that_is_not_there_is_one_line(study: Bench, path: str) -> None:
    answer = study.run("--robust-cases", path)
    assert answer.code == 4
    assert answer.errors == [f"{path}: is not a folder; name a suite folder or a folder of suites (--robust-cases)"]


def test_a_repository_without_suites_selects_nothing(bench: Bench) -> None:
    (bench.path / "cases" / "test_tiers.py").rename(bench.path / "test_tiers.py")
    (bench.path / "cases").rmdir()
    answer = bench.run("-k", "case or tier")
    assert answer.code in {0, 5}
    assert answer.errors == []
    assert bench.runs == []


def test_a_name_that_no_folder_can_have_is_one_line(study: Bench) -> None:
    answer = study.run("--robust-cases", "9" * 400)
    assert answer.code == 4
    assert answer.errors == [f"robust_cases '{'9' * 59}…': File name too long; name a suite folder"]
