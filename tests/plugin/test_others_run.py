"""A problem of the benchmark does not stop the user's own tests, and does not reach sessions that are not about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Bench
from tests.plugin.test_selection import counts

OTHER = "def test_other():\n    pass\n"
ROWS = "file_name,label,tier\nred.png,automobile,1\n"
PROBLEMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "model": ("model 'nowhere': there is no such folder", {"robust_model": ["nowhere"]}, ROWS),
    "label": (
        "suite 'cars': no label of model 'model' counts as 'automobil'",
        {},
        ROWS.replace("automobile", "automobil"),
    ),
    "suite": ("cases/cars/metadata.csv:2: tier 'one' is not an integer", {}, ROWS.replace(",1", ",one")),
    "option": ("ini key robust_gate: 'mood' is unknown", {"robust_gate": "mood"}, ROWS),
}


@pytest.fixture(params=list(PROBLEMS))
def broken(bench: Bench, request: pytest.FixtureRequest) -> tuple[Bench, str]:
    """A repository with a problem of ours and a test of the user's; and the line that reports the problem."""
    line, settings, rows = PROBLEMS[request.param]
    bench.suite("cars", rows)
    bench.file("tests/test_other.py", OTHER)
    bench.configure(testpaths=["cases", "tests"], **settings)
    return bench, line


@pytest.mark.parametrize("arguments", [(), (".",), ("cases", "tests"), ("-n", "1")], ids=" ".join)
def test_beside_other_tests_it_is_one_error(broken: tuple[Bench, str], arguments: tuple[str, ...]) -> None:
    bench, line = broken
    answer = bench.run(*arguments)
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 1, "error": 1}
    assert [each for each in answer.text.splitlines() if each.startswith(line)]
    assert bench.runs == []


@pytest.mark.parametrize(
    "arguments", [("cases",), ("cases/test_tiers.py",), ("cases/cars",), ("cases", "-n", "1")], ids=" ".join
)
def test_where_only_ours_are_selected_it_ends_the_run(broken: tuple[Bench, str], arguments: tuple[str, ...]) -> None:
    bench, line = broken
    answer = bench.run(*arguments)
    assert answer.code == 4
    assert answer.errors[0].startswith(line)
    assert "test session starts" not in answer.text


@pytest.mark.parametrize(
    "arguments", [("tests",), ("tests/test_other.py::test_other",), ("tests", "-n", "1")], ids=" ".join
)
def test_a_session_pointed_at_other_tests_does_not_hear_of_it(
    broken: tuple[Bench, str], arguments: tuple[str, ...]
) -> None:
    bench, line = broken
    answer = bench.run(*arguments)
    assert (answer.code, counts(answer.text)) == (0, {"passed": 1})
    assert line not in answer.text


def test_a_test_of_the_users_among_the_suites_runs_too(broken: tuple[Bench, str]) -> None:
    bench, line = broken
    bench.file("cases/test_own.py", OTHER)
    answer = bench.run("cases")
    assert (answer.code, counts(answer.text)) == (1, {"passed": 1, "error": 1})
    assert line in answer.text


def test_tests_of_ours_that_lie_elsewhere_end_the_run_alone(bench: Bench) -> None:
    bench.suite("cars", ROWS)
    bench.configure(robust_model=["nowhere"], testpaths=["."])
    (bench.path / "cases" / "test_tiers.py").rename(bench.path / "test_tiers.py")
    answer = bench.run("test_tiers.py")
    assert answer.code == 4
    assert answer.errors[0].startswith("model 'nowhere': there is no such folder")


def test_a_selection_without_ours_does_not_hear_of_the_model(bench: Bench) -> None:
    bench.suite("cars", ROWS)
    bench.file("tests/test_other.py", OTHER)
    bench.configure(robust_model=["nowhere"], testpaths=["cases", "tests"])
    answer = bench.run("-k", "test_other")
    assert (answer.code, counts(answer.text)) == (0, {"passed": 1})
