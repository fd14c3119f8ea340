"""The record of a shard keeps what its tests left to merge, each beside what others left, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.records import content, row
from tierbench.common.errors import UserError
from tierbench.common.schema import CaseRow, LeftToMerge, ShardRecord
from tierbench.runs.assemble import Gathered
from tierbench.runs.merge import Merged
from tierbench.runs.shard_record import SHARD, read_shard, write_shard
from tierbench.suites.case import Case, Thresholds

# More digits than scores.csv has.
ROWS = (
    row("red", 0.1 + 0.2),
    CaseRow(suite="photos", case="blue", model="model", outcome="error", reason="not an image"),
    CaseRow(suite="photos", case="grey", model="model", outcome="unscored", reason="the answer lacks labels"),
    CaseRow(suite="photos", case="green", model="model", outcome="skipped", reason="no label"),
)


def case(name: str) -> Case:
    return Case("photos", name, "a.png", Path("a.png"), ("automobile",), 1, Thresholds())


def test_what_tests_leave_adds_up() -> None:
    gathered = Gathered()
    gathered.leave(LeftToMerge(model="a", takes_cropped=False, partial=("photos/red",)), ROWS[:1])
    gathered.leave(LeftToMerge(model="b"), ())
    gathered.leave(LeftToMerge(model="b", takes_cropped=True), ())
    gathered.leave(LeftToMerge(model="a", partial=("photos/blue", "photos/red")), ROWS[1:])
    assert list(gathered.left.values()) == list(ROWS)
    both = LeftToMerge(model="a", takes_cropped=False, partial=("photos/red", "photos/blue"))
    assert gathered.left_notes == {"a": both, "b": LeftToMerge(model="b", takes_cropped=True)}


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    written = ShardRecord(number=1, of=1, rows=ROWS, partial=(("model", "photos/red"),), takes_cropped={"model": False})
    write_shard(tmp_path, written)
    shard = read_shard(tmp_path)
    assert shard == written
    merged = Merged([content()], [written], [tmp_path])
    red = merged.result("model", case("red"))
    assert red.row().score == 0.1 + 0.2
    assert red.row().log_margin == ROWS[0].log_margin
    assert red.partial
    assert merged.result("model", case("blue")).error == "not an image"
    assert merged.result("model", case("grey")).unscored == "the answer lacks labels"
    assert merged.result("model", case("green")).skipped == "no label"
    assert merged.result("model", case("black")).error.startswith("no shard has a result of it; run all shards")
    assert not merged.takes_cropped("model")
    assert merged.takes_cropped("other")


def test_a_damaged_record_is_one_line(tmp_path: Path) -> None:
    assert read_shard(tmp_path) is None
    for text in ("{", "[]", '{"number": 1}', '{"number": -1, "of": 2}', "\udcff"):
        (tmp_path / SHARD).write_text(text, encoding="utf-8", errors="replace")
        with pytest.raises(UserError, match=r"shard\.json: is damaged \(.*; run the shard again") as caught:
            read_shard(tmp_path)
        assert len(caught.value.lines) == 1
