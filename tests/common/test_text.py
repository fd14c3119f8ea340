"""Text from suites and models becomes one line without characters that control the terminal."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.common.files import expanded
from tierbench.common.text import listed, message_line, nearest, one_line, plural, suggestion


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größer ≥ 自動車 🚗", "größer ≥ 自動車 🚗"),
        ("two\nlines\ttab", "two\\nlines\\ttab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("abc\u202edef", "abc\\u202edef"),
        ("line\u2028separator", "line\\u2028separator"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text(st.characters(codec=None), max_size=300))
def test_the_result_is_always_one_printable_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in shown)
    shown.encode("utf-8")


@given(st.text(min_size=1, max_size=50), st.integers(1, 60))
def test_a_long_text_ends_in_an_ellipsis(text: str, limit: int) -> None:
    shown = one_line(text.encode("ascii", "replace").decode().replace("\n", " "), limit)
    assert shown.endswith("…") == (len(text) > limit)


@given(st.text(max_size=200), st.integers(20, 150))
def test_a_message_is_one_line_within_its_limit(text: str, limit: int) -> None:
    shown = message_line(text, limit)
    assert (len(shown) <= limit, shown) == (True, one_line(shown))


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    assert message_line("not a number; write one", 23) == "not a number; write one"
    assert message_line(f"'{'x' * 5_000}' is not a number; write one", 40) == "'" + "x" * 23 + " … er; write one"


def test_hints() -> None:
    assert nearest("automobil", ["ship", "Automobile", "airplane"]) == ["Automobile"]
    assert suggestion("teir", ["tier", "label"]) == "did you mean 'tier'?"
    assert suggestion("zzz", ["tier", "label"]) == "known: tier, label"
    assert listed(["a", "b", "c"], limit=2) == "a, b and 1 more"
    assert listed(["a", "b"]) == "a, b"
    assert (plural(1, "case"), plural(0, "case")) == ("1 case", "0 cases")


def test_the_home_of_an_unknown_user_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/models") == Path("/home/me/models")
    assert expanded("~no_such_user_here/models") == Path("~no_such_user_here/models")
