"""What pytest and pytest-html keep of tests that are over: nothing that anybody shows is lost."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bench
from tests.runs.records import row
from tierbench.plugin import html
from tierbench.plugin.case_properties import CaseProperties
from tierbench.runs.wire import Reported, to_values

# What a user's own hooks may read when the run is over.
CONFTEST = """
import json
from pathlib import Path

pytest_plugins = ["tierbench.plugin"]
seen = {}


def pytest_terminal_summary(terminalreporter):
    stats = {name: len(reports) for name, reports in terminalreporter.stats.items() if name}
    called = [report for reports in terminalreporter.stats.values() for report in reports if hasattr(report, "when")]
    properties = {report.nodeid: list(report.user_properties) for report in called if report.when == "call"}
    silent = len(terminalreporter.stats.get("", []))
    seen.update(stats=stats, properties=properties, silent=silent)
    Path("seen.json").write_text(json.dumps(seen))


def pytest_sessionfinish(session):
    seen["items"] = {item.nodeid: list(item.user_properties) for item in session.items}


def pytest_html_results_table_header(cells):
    cells.insert(1, "<th>Owner</th>")


def pytest_html_results_table_row(report, cells):
    cells.insert(1, f'<td class="col-owner">owner of {report.when}</td>')
"""
OTHER = """
import pytest

@pytest.fixture
def loud():
    print("loud setup")
    yield
    print("loud teardown")

@pytest.fixture
def broken():
    print("said before it broke")
    raise RuntimeError("broken setup")

def test_loud(loud): assert False
def test_broken(broken): pass
def test_quiet(record_property): record_property("owner", "me")
"""


@pytest.fixture
def mixed(garage: Bench) -> Bench:
    """The garage with tests of others: one that prints, one whose setup breaks, one that records a property."""
    garage.file("conftest.py", CONFTEST)
    garage.file("cases/test_other.py", OTHER)
    return garage


def browser_rows(report: Path) -> list[list[Any]]:
    page = report.read_text(encoding="utf-8")
    assert "<!--tb-cases-->" not in page
    found = re.search(r'id="tb-cases-data">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert {"run", "models", "columns", "rows", "texts"} == set(data)
    return [[data["texts"][row[1]], data["texts"][row[4]], *row[16:22]] for row in data["rows"]]


def table(report: Path) -> dict[str, Any]:
    """The tests in pytest-html's own data."""
    found = re.search(r'data-jsonblob="([^"]*)"', report.read_text(encoding="utf-8"))
    assert found
    tests: dict[str, Any] = json.loads(unescape(found[1]))["tests"]
    return tests


def test_hooks_that_read_a_finished_run_find_all_but_silent_setups_and_teardowns(mixed: Bench) -> None:
    answer = mixed.run("--junitxml=junit.xml", "-o", "junit_family=xunit1")
    assert answer.code == 1
    seen = json.loads((mixed.path / "seen.json").read_text(encoding="utf-8"))
    counts = seen["stats"]
    assert (counts["failed"], counts["error"]) == (3, 1)
    assert f"3 failed, {counts['passed']} passed, 1 error" in answer.text
    # Setup and teardown of the test that prints, and the teardown of the one whose setup printed and broke.
    assert seen["silent"] == 3
    for shown in ("loud setup", "loud teardown", "said before it broke"):
        assert shown in answer.text

    case = "cases/test_tiers.py::test_case[garage/red_1]"
    properties = dict(seen["properties"][case])
    assert (properties["robust"], properties["case"], properties["outcome"]) == ("case", "red_1", "passed")
    assert seen["items"][case] == seen["properties"][case]
    assert seen["properties"]["cases/test_other.py::test_quiet"] == [["owner", "me"]]
    junit = ElementTree.parse(mixed.path / "junit.xml").iter("testcase")  # noqa: S314 (pytest's own)
    (written,) = [each for each in junit if each.get("name") == "test_case[garage/red_1]"]
    assert {each.get("name"): each.get("value") for each in written.iter("property")} == {
        name: str(value) for name, value in properties.items()
    }


def test_the_report_has_every_case_and_the_tests_of_others(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed.run()
    (folder,) = mixed.runs
    rows = browser_rows(folder / "report.html")
    assert len(rows) == 9
    tests = table(folder / "report.html")
    assert not [name for name in tests if "test_case" in name]
    assert [len(tests[f"cases/test_other.py::test_{name}"]) for name in ("loud", "broken", "quiet")] == [1, 1, 1]
    assert "loud teardown" in tests["cases/test_other.py::test_loud"][0]["log"]
    # The cell that the user's own hook gave to the row of a case.
    assert "owner of call" in (folder / "report.html").read_text(encoding="utf-8")

    mixed.record()
    monkeypatch.setattr(html, "_LARGE", 0)
    mixed.run()
    (folder,) = mixed.runs
    # Put in by tierbench when pytest-html has written the page.
    assert browser_rows(folder / "report.html") == rows


def test_a_worker_keeps_no_silent_setups_and_teardowns_for_its_summary(mixed: Bench) -> None:
    mixed.file(
        "conftest.py",
        """
from pathlib import Path

pytest_plugins = ["tierbench.plugin"]


def pytest_terminal_summary(terminalreporter, config):
    name = config.workerinput["workerid"] if hasattr(config, "workerinput") else "controller"
    Path(f"silent-{name}").write_text(str(len(terminalreporter.stats.get("", []))))
""",
    )
    assert mixed.run("-n", "1").code == 1
    # As above: setup and teardown of the test that prints, and the teardown of the one whose setup printed.
    assert [(mixed.path / f"silent-{name}").read_text() for name in ("controller", "gw0")] == ["3", "3"]


def test_durations_count_setups(garage: Bench) -> None:
    text = garage.run("--durations=0", "-vv", "-k", "red_1").text
    assert re.search(r"s setup +cases/test_tiers.py::test_case\[garage/red_1\]", text)


def test_properties_of_a_case_read_like_the_list() -> None:
    said = Reported("case", "model", "fingerprint", None, (row("red", 0.8),))
    made, before, after = to_values(said), [("owner", "me")], [("note", 1)]
    properties = CaseProperties(said, before, after)
    assert properties == before + made + after
    assert list(properties) == [properties[index] for index in range(len(properties))]
    assert properties[-1] == ("note", 1)
    assert repr(properties) == repr(before + made + after)
    assert ("robust", "case") in properties
    assert properties == CaseProperties(said, before, after)
    assert properties != CaseProperties(said)
