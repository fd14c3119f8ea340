"""What an xdist worker sends of a test, packed and read back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierbench.plugin.reports import pack_attached, unpack_attached

# What execnet can send, and JSON keeps.
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.lists(st.tuples(st.text(), VALUES)), st.booleans())
def test_properties_arrive_as_they_were_sent(properties: list[tuple[str, Any]], ours: bool) -> None:
    sent = [("robust", "case"), *properties] if ours else [each for each in properties if each[0] != "robust"]
    data = {"user_properties": list(sent), "nodeid": "x"}
    pack_attached(data)
    assert len(data["user_properties"]) == (1 if ours else len(sent))
    unpack_attached(data)
    assert data == {"user_properties": sent, "nodeid": "x"}


def test_a_property_of_others_that_json_lacks_travels_as_it_is() -> None:
    sent = [("robust", "case"), ("theirs", b"bytes")]
    data: dict[str, Any] = {"user_properties": sent}
    pack_attached(data)
    assert data == {"user_properties": sent}


def test_a_report_without_properties_is_left_alone() -> None:
    data: dict[str, Any] = {"nodeid": "x"}
    pack_attached(data)
    unpack_attached(data)
    assert data == {"nodeid": "x"}
