"""Corrupt, truncated, foreign and newer baseline files are reported in one clear line, never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.tables import baseline_rows
from tierbench.common.errors import UserError
from tierbench.runs.baseline import read_baseline
from tierbench.runs.baseline_format import parse_baseline, serialise_baseline

ROWS = baseline_rows([0.9, 0.8, 0.3], predicted='an "odd", name', expected="automobile|lorry")
GOOD = serialise_baseline(ROWS, {"model": "mine", "torch": "2.13.0"})


def problem(data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        parse_baseline(data)
    (line,) = caught.value.lines
    assert "\n" not in line
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\r\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8 text"),
        (b"suite,case\nphotos,a\n", "not a baseline: line 1 is 'suite,case'"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not a baseline"),
        (b'{"a": 1}', "not a baseline"),
        (b"# tierbench baseline 3\nanything\n", "a newer tierbench wrote it; update tierbench"),
        (b"# tierbench baseline 0\n# end\n", "schema '0' is not 1"),
        (b"# tierbench baseline one\n# end\n", "schema 'one' is not 1"),
        (b"# tierbench baseline 1\n", "the file is truncated"),
        (b"# tierbench baseline 1\n# end\n", "line 2: '# end' is not the header"),
        (b"# tierbench baseline 1\n# free text\n# end\n", "line 2: '# free text' is not '# name: value'"),
        (GOOD.replace(b"suite,case,", b"suite,", 1), "line 4: 'suite,tier,expected"),
        (GOOD.replace(b"suite,case,", b"suite,##[error],", 1), r"line 4: 'suite,#\x23[error],"),
        (GOOD.replace(b"suite,case,", b"<<<<<<< HEAD\nsuite,case,", 1), "line 4: '<<<<<<< HEAD' is not the header"),
        (GOOD.replace(b"photos,c001", b"=======\nphotos,c001"), "line 6: expected 15 cells, found 1"),
        (GOOD.replace(b"photos,c001", b"\nphotos,c001"), "line 6: expected 15 cells, found 0"),
        (GOOD.replace(b"c001", b"c000"), "line 6: 'photos/c000' appears twice"),
        (GOOD.replace(b"photos,c001", b",c001"), "line 6: suite '' is empty"),
        (GOOD.replace(b"0.800000", b"nan"), "line 6: score 'nan' is not a number from 0 to 1"),
        (GOOD.replace(b"0.800000", b"1.800000"), "line 6: score '1.800000'"),
        (GOOD.replace(b"0.800000", b"-0.800000"), "line 6: score '-0.800000'"),
        (GOOD.replace(b"0.800000,1,", b"0.800000,1.5,"), "line 6: rank '1.5' is not a whole number"),
        (GOOD.replace(b"0.800000,1,", b"0.800000,,"), "line 6: rank '' is not a whole number"),
        (GOOD.replace(b"c001,1,", b"c001,0,"), "line 6: tier '0' is not a whole number"),
        (GOOD.replace(b"c001,1,", "c001,١,".encode()), "line 6: tier '١' is not a whole number"),
        (GOOD.replace(b"True", b"yes", 1), "line 5: passed 'yes' is neither True nor False"),
        (GOOD.replace(b"0" * 64, b"0" * 63, 1), "line 5: image_sha256"),
        (GOOD.replace(b'name"', b"name", 1), "line 6: ',' expected after"),
        (GOOD.replace(b"-0.847298", b"inf"), "line 7: log_margin 'inf' is not a number with"),
        (GOOD.replace(b"1.38629", b"1e9"), "line 6: log_margin '1e9' is not a number with"),
        (GOOD.replace(b"[]", b"{}", 1), "line 5: top '{}' is not a list of labels with their probabilities"),
        (GOOD.replace(b"[]", b'"[[""a"", 2]]"', 1), "line 5: top '[[\"a\", 2]]' is not a list"),
        (GOOD.replace(b"c001", b"\x1b[31m" + b"c" * 500 + b"\n"), "line 6: expected 15 cells, found 2"),
    ],
)
def test_one_line_reports_the_place_and_the_problem(data: bytes, says: str) -> None:
    assert says in problem(data)


def test_the_line_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(GOOD[:-3])
    with pytest.raises(UserError) as caught:
        read_baseline(path)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: the file is truncated: its last line is '# e', not '# end': restore it")


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n"), GOOD.rstrip(b"\n"), GOOD + b"\n\n"]
)
def test_changes_by_editors_and_version_control_do_no_harm(data: bytes) -> None:
    assert parse_baseline(data).rows == parse_baseline(GOOD).rows


def test_every_truncation_is_found() -> None:
    for length in range(len(GOOD) - 1):
        problem(GOOD[:length])


def reads_or_says_why(data: bytes) -> None:
    try:
        baseline = parse_baseline(data)
    except UserError:
        problem(data)
        return
    # A baseline that can be read can also be written and read again.
    again = parse_baseline(serialise_baseline(baseline.rows, baseline.provenance))
    assert len(again.rows) == len(baseline.rows)


@given(st.lists(st.integers(0, 8 * len(GOOD) - 1), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_flipped_bits(bits: list[int]) -> None:
    data = bytearray(GOOD)
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
    reads_or_says_why(bytes(data))


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=30))
@settings(max_examples=200, deadline=None)
def test_overwritten_pieces(start: int, end: int, piece: bytes) -> None:
    reads_or_says_why(GOOD[:start] + piece + GOOD[end:])


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_rubbish(data: bytes) -> None:
    reads_or_says_why(data)
    reads_or_says_why(b"# tierbench baseline 1\n" + data + b"\n# end\n")
