"""What an xdist worker sends of a test, packed and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Bench
from tierbench.plugin.reports import pack, unpack

# What execnet can send, and JSON keeps.
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def _report(properties: list[tuple[str, Any]], **more: Any) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="cases/test_tiers.py::test_case[vehicles/sedan]",
        location=("cases/test_tiers.py", 7, "test_case[vehicles/sedan]"),
        keywords={"tier1": 1, "test_case": 1},
        outcome="failed",
        longrepr="missed",
        when="call",
        sections=[("Captured stdout call", "Größe\n")],
        duration=0.25,
        user_properties=properties,
        **more,
    )


def _serialised(report: pytest.TestReport) -> dict[str, Any]:
    return {**report._to_json(), "$report_type": "TestReport"}


@given(st.lists(st.tuples(st.text(), VALUES)))
def test_a_report_arrives_as_it_was_sent(properties: list[tuple[str, Any]]) -> None:
    report = _report(properties)
    data = _serialised(report)
    pack(report, data)
    assert set(data) == {"robust-packed", "longrepr", "$report_type"}
    unpack(data)
    assert data == _serialised(report)
    assert [type(each) for each in data["user_properties"]] == [tuple] * len(properties)
    assert type(data["location"]) is tuple


def test_what_other_plugins_added_travels_beside_it() -> None:
    report = _report([], extras=[{"content": (1, b"bytes")}])
    data = _serialised(report)
    pack(report, data)
    assert data["extras"] == [{"content": (1, b"bytes")}]
    unpack(data)
    assert data == _serialised(report)


def test_a_report_with_what_json_lacks_travels_as_it_is() -> None:
    report = _report([("theirs", b"bytes")])
    data = _serialised(report)
    pack(report, data)
    assert data == _serialised(report)


@pytest.mark.parametrize("data", [{"$report_type": "CollectReport", "nodeid": "x"}, {"nodeid": "x"}, {}])
def test_other_reports_are_left_alone(data: dict[str, Any]) -> None:
    sent = dict(data)
    pack(object(), data)
    unpack(data)
    assert data == sent


# As pytest-reportlog and others do it.
LOGGING = """
import json
from pathlib import Path

import pytest

pytest_plugins = ["tierbench.plugin"]


class Log:
    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        for name in ("duration", "start", "stop", "item_index", "worker_id", "testrun_uid", "node"):
            data.pop(name, None)
        with Path("reports.jsonl").open("a") as stream:
            stream.write(json.dumps(data, sort_keys=True) + "\\n")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Log(config))


@pytest.fixture(autouse=True)
def owner(record_property):
    record_property("before", "ours")
    yield
    record_property("after", "theirs")
"""


def _logged(bench: Bench, *arguments: str) -> list[dict[str, Any]]:
    bench.run(*arguments)
    file = bench.path / "reports.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    file.unlink()
    return lines


def test_other_plugins_write_the_same_reports_with_and_without_workers(garage: Bench) -> None:
    garage.file("conftest.py", LOGGING)
    alone, sent = _logged(garage), _logged(garage, "-n", "1")
    assert len(alone) == len(sent)
    for mine, theirs in zip(alone, sent, strict=True):
        assert mine == theirs
    called = next(each for each in alone if each["nodeid"].endswith("[garage/red_1]") and each["when"] == "teardown")
    names = [name for name, _ in called["user_properties"]]
    assert (names[0], names[1], names[-1]) == ("before", "robust", "after")
