"""Whatever a suite says is printed on the line that it belongs to, without characters that control a terminal."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.flat_colours import flat

Call = Callable[..., Answer]
HOSTILE = "a\n##[error]b\x1b[31m\u202egnp.png"  # a colon would not be a path


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("check", "colours"), 6),
        (("list", "colours"), 5),
        (("fetch", "colours"), 2),
        (("fetch", "colours", "--from", "cases"), 2),
        (("add", "green.png", "--suite", "colours", "--label", "x\n::error::y", "--tier", "1"), 2),
        (("add", "green.png", "--suite", "x\n::error::y", "--label", "red", "--tier", "1"), 1),
        (("add", HOSTILE, "--suite", "colours", "--label", "red", "--tier", "1"), 1),
        (("remove", "colours/x\n::error::y"), 1),
        (("remove", "x\n::error::y/red"), 1),
        (("check", "x\n::error::y"), 1),
    ],
    ids=lambda value: " ".join(value)[:30].replace("\n", " ") if isinstance(value, tuple) else None,
)
def test_no_line_is_made_by_a_suite(tierbench: Call, workplace: Path, arguments: tuple[str, ...], count: int) -> None:
    suite = workplace / "cases" / "colours"
    flat("green").save(workplace / "green.png")
    (workplace / HOSTILE).write_text("no picture", encoding="utf-8")
    columns = ["file_name", "label", "tier", "id", "url", "sha256"]
    rows = [
        [HOSTILE, HOSTILE, "1", "one", "https://localhost/%0A::error::x.png", "0" * 64],
        ["red.png", HOSTILE, "2", "two", "", "1" * 64],
    ]
    with (suite / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    (suite / "suite.toml").write_text(
        f"description = {HOSTILE!r}\n[labels]\nred = 3\n{HOSTILE!r} = 3\n", encoding="utf-8"
    )
    answer = tierbench(*arguments)
    lines = (answer.out + answer.err).splitlines()
    assert len(lines) <= count
    for line in lines:
        assert line.isprintable(), line
        assert not line.startswith(("::", "##[")), line
