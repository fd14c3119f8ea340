"""However long an argument is, a command answers in lines that a person can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Answer

LONG = "x" * 5_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", LONG), "no folder of this name has a metadata.csv"),
        (("list", LONG), "no folder of this name has a metadata.csv"),
        (("fetch", LONG), "no folder of this name has a metadata.csv"),
        (("check", "--cases", LONG), ""),
        (("show", LONG), "there is no such run"),
        (("show", "--reports", LONG), ""),
        (("history", "--reports", LONG), ""),
        (("prune", "--keep", "1", "--reports", LONG), ""),
        (("compare", LONG, LONG), "there is no such run"),
        (("compare", f"{LONG}:{LONG}", "last"), "there is no such run"),
        (("baseline", "accept", LONG), "there is no such run"),
        (("baseline", "prune", "--reports", LONG), "there is no baseline"),
        (("baseline", "prune", LONG), "File name too long"),
        (("baseline", "prune", f"{LONG}!"), "use letters, digits"),
        (("model", LONG), "write a folder, a Hub id"),
        (("model", f"python:{LONG}:x"), "cannot import"),
        (("remove", LONG), "is not SUITE/ID"),
        (("remove", f"{LONG}/{LONG}"), "no folder of this name has a metadata.csv"),
        (("remove", f"colours/{LONG}"), "no such case"),
        (("init", "--suite", LONG), "choose another place or name"),
        (("init", "--suite", f"{LONG}!"), "name a suite with"),
        (("init", LONG), ""),
        (("init", "--model", LONG), ""),
        (("add", "cases/colours/red.png", "--suite", LONG, "--label", "red"), "does not exist"),
        (("add", "cases/colours/red.png", "--suite", LONG, "--label", "red", "--new-suite", "--tier", "1"), ""),
        (("add", "new.png", "--suite", "colours", "--label", LONG), ""),
        (("add", "new.png", "--suite", "colours", "--label", "red", "--tier", "1", "--id", f"{LONG}!"), "choose"),
        (("add", "new.png", "--suite", "colours", "--label", "red", "--id", LONG, "--tier", "1"), ""),
        (("add", LONG, "--suite", "colours", "--label", "red"), ""),
        (("corrupt", "cases/colours/red.png", "--out", "o", "--name", LONG), "is not a corruption"),
        (("corrupt", "cases/colours/red.png", "--out", "o", "--variant", LONG), "is unknown; write"),
        (("corrupt", "cases/colours/red.png", "--out", "o", "--geometry", LONG), "is unknown; write"),
        (("corrupt", "cases/colours/red.png", "--out", LONG), ""),
        (("compare", "last", "last", "--max-drop", LONG), ""),
        (("prune", "--keep", LONG), ""),
        ((LONG,), ""),
        (("list", f"--{LONG}"), ""),
    ],
)
def test_an_argument(tierbench: Callable[..., Answer], workplace: Path, arguments: tuple[str, ...], says: str) -> None:
    Image.new("RGB", (32, 24), "green").save(workplace / "new.png")
    answer = tierbench(*arguments)
    said = answer.out + answer.err
    assert answer.code in ({0, 1, 2, 4} if not says else {4})
    assert answer.code or answer.out
    assert says in said
    assert max(map(len, said.splitlines())) <= 1_007
