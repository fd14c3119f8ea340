"""What an xdist worker sends of a test, packed and read back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.plugin.reports import pack, unpack

# What execnet can send, and JSON keeps.
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def _serialised(properties: list[tuple[str, Any]], **more: Any) -> dict[str, Any]:
    report = pytest.TestReport(
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
    return {**report._to_json(), "$report_type": "TestReport"}


@given(st.lists(st.tuples(st.text(), VALUES)))
def test_a_report_arrives_as_it_was_sent(properties: list[tuple[str, Any]]) -> None:
    data = _serialised(properties)
    pack(data)
    assert set(data) == {"robust-packed", "longrepr", "$report_type"}
    unpack(data)
    assert data == _serialised(properties)
    assert [type(each) for each in data["user_properties"]] == [tuple] * len(properties)
    assert type(data["location"]) is tuple


def test_what_other_plugins_added_travels_beside_it() -> None:
    data = _serialised([], extras=[{"content": (1, b"bytes")}])
    pack(data)
    assert data["extras"] == [{"content": (1, b"bytes")}]
    unpack(data)
    assert data == _serialised([], extras=[{"content": (1, b"bytes")}])


def test_a_report_with_what_json_lacks_travels_as_it_is() -> None:
    data = _serialised([("theirs", b"bytes")])
    pack(data)
    assert data == _serialised([("theirs", b"bytes")])


@pytest.mark.parametrize("data", [{"$report_type": "CollectReport", "nodeid": "x"}, {"nodeid": "x"}, {}])
def test_other_reports_are_left_alone(data: dict[str, Any]) -> None:
    sent = dict(data)
    pack(data)
    unpack(data)
    assert data == sent
