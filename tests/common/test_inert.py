"""Text that no program obeys in a file, and that reads back unchanged."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis.strategies import text

from tests.plugin.test_hostile import steers
from tierbench.common.inert import escaped, guarded, unescaped, unguarded

# Characters that meet in escapes, far more often than in text of any kind.
ODD = text("'=+-@\t\r\n\\u05c#[: \u202e\x1b\ud800a＝")


@given(text() | ODD)
@example("'=1")
@example("\\u005c")
@example("##[error]x")
def test_it_reads_back_unchanged_and_starts_no_formula(said: str) -> None:
    assert unguarded(guarded(said)) == said
    assert unescaped(escaped(said)) == said
    assert guarded(said)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert escaped(said)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert not steers(escaped(said))


def test_plain_text_stays_as_it_is() -> None:
    for said in ("automobile", "'tis", "a - b", "x=1", "C#", "a: b"):
        assert escaped(said) == guarded(said) == said


def test_old_cells_are_read_as_they_were_written() -> None:
    assert unguarded("=1+1") == "=1+1"
    assert unguarded("'tis") == "'tis"
