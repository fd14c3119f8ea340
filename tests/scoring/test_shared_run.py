"""What one process of a run finds out, the others read."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from tierbench.scoring.shared_run import SharedRun


def found_by(folder: Path, name: str) -> Any:
    """What a process gets that would find its own name."""
    return SharedRun(folder).once("names", lambda: [name, 0.1 + 0.2])


def test_the_first_process_finds_and_the_others_read_the_same(tmp_path: Path) -> None:
    with get_context("spawn").Pool(3) as pool:
        found = pool.starmap(found_by, [(tmp_path, str(number)) for number in range(6)])
    assert {tuple(each) for each in found} == {tuple(found[0])}
    assert found[0][1] == 0.1 + 0.2


def test_a_process_alone_finds_each_time() -> None:
    alone, asked = SharedRun(), iter("ab")
    assert [alone.once("letter", lambda: next(asked)) for _ in range(2)] == ["a", "b"]
    assert alone.known("letter") is None
    assert alone.store_file is None


def test_what_cannot_be_written_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tierbench.scoring.shared_run.write_atomically", full)
    asked = iter("ab")
    assert [SharedRun(tmp_path).once("letter", lambda: next(asked)) for _ in range(2)] == ["a", "b"]


@pytest.mark.parametrize("shared", [True, False], ids=["folder", "alone"])
def test_a_claim_is_the_first_ones_again_and_again(tmp_path: Path, *, shared: bool) -> None:
    one = SharedRun(tmp_path if shared else None)
    other = SharedRun(tmp_path) if shared else one
    assert [one.claim("report", "a"), other.claim("report", "b"), one.claim("report", "a")] == [True, False, True]
    assert other.claim("another", "b")
