"""The result files of a data set: whole or not there, gone on from, and refused in one line where they do not fit."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tierbench.common.errors import UserError
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_results import read_stored
from tierbench.scoring.set_scores import SetRow

MADE = {"set": "weather", "model": "m", "size": 3, "protocol": ["as it is"]}


def row(name: str, **values: object) -> SetRow:
    known = {"predicted": "ship", "confidence": 0.75, "rank": 1, "correct": True, "top": (("ship", 0.75),)}
    return SetRow(name, "fog+3", "ship", name, **(known | values))  # type: ignore[arg-type]  # of the test's own


@pytest.fixture
def parts(tmp_path: Path) -> SetParts:
    opened = SetParts(tmp_path / "results")
    opened.open(MADE)
    return opened


def test_rows_are_read_back_sorted_by_id(parts: SetParts) -> None:
    parts.write([row("c"), row("a", top=(("ship", 0.75), ("truck, lorry", 0.25)))])
    parts.write([row("b", predicted="", rank=0, correct=False, confidence=0.0, top=(), error="no picture")])
    rows = parts.read()
    assert rows["id"].tolist() == ["a", "b", "c"]
    assert rows["correct"].tolist() == [True, False, True]
    assert rows["error"].tolist() == ["", "no picture", ""]
    assert [each["label"] for each in rows["top"][0]] == ["ship", "truck, lorry"]
    assert parts.done() == {"a", "b", "c"}
    assert parts.read(["id", "rank"]).columns.tolist() == ["id", "rank"]


def test_others_read_the_folder_as_a_whole(parts: SetParts) -> None:
    parts.write([row("a")])
    parts.write([row("b")])
    assert pd.read_parquet(parts.folder)["id"].tolist() == ["a", "b"]


def test_a_picture_that_two_runs_predicted_counts_once(parts: SetParts) -> None:
    parts.write([row("a"), row("b")])
    parts.write([row("b"), row("c")])
    assert parts.read()["id"].tolist() == ["a", "b", "c"]


def test_no_rows_are_a_table_without_rows(parts: SetParts) -> None:
    assert parts.read(["id", "correct"]).shape == (0, 2)
    assert parts.done() == set()


def test_a_run_goes_on_only_with_what_it_was_made_with(parts: SetParts) -> None:
    SetParts(parts.folder).open(dict(MADE))
    with pytest.raises(UserError, match="holds results of another run: size was 3, is 4; name an empty folder"):
        SetParts(parts.folder).open(MADE | {"size": 4})


def test_what_a_killed_run_left_half_written_is_no_part(parts: SetParts) -> None:
    parts.write([row("a")])
    (parts.folder / ".tierbench-x1").write_bytes(b"PAR1")
    parts.open(MADE)
    assert parts.read()["id"].tolist() == ["a"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all"])
def test_a_damaged_part_is_one_line(parts: SetParts, content: bytes) -> None:
    parts.write([row("a")])
    (parts.folder / "part-000001.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"part-000001\.parquet: cannot be read .*; delete it and run again") as caught:
        parts.read()
    assert len(caught.value.lines) == 1


def test_a_part_without_a_column_is_one_line(parts: SetParts) -> None:
    pd.DataFrame({"id": ["a"]}).to_parquet(parts.folder / "part-000000.parquet")
    assert parts.done() == {"a"}
    with pytest.raises(UserError, match=r"no column correct\); delete it and run again"):
        parts.read(["id", "correct"])


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", '{"set": "x"}', '{"set": "x", "model": 5}', '{"set": "x", "model": "m", "size": -1}'),
        '{"set": "x", "model": "m", "shard": "1/2"}',
        '{"set": "x", "model": "m", "stop_when": {"gates": {"": 0.5}, "alpha": 0, "sizes": {}}}',
    ],
)
def test_a_damaged_description_is_one_line(parts: SetParts, content: str) -> None:
    (parts.folder / "_set.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"_set\.json: cannot be read .*; restore the file, or run again") as caught:
        parts.open(MADE)
    assert len(caught.value.lines) == 1


def test_parts_of_before_unscored_pictures_are_read_with_new_ones(parts: SetParts) -> None:
    parts.write([row("a"), row("b", error="no picture", rank=0, correct=False)])
    (file,) = parts.files()
    pq.write_table(pq.read_table(file).drop_columns("unscored"), file)
    parts.write([row("c", error="unscored: open", unscored=True), row("d", rank=None, correct=False)])
    rows = parts.read()
    assert rows["unscored"].tolist() == [False, False, True, False]
    assert rows["error"].tolist() == ["", "no picture", "unscored: open", ""]
    # A rank that is not known is below no limit.
    assert (rows["rank"] <= 5).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("column", "values"),
    [("correct", [None]), ("id", [None]), ("confidence", [float("nan")]), ("rank", ["first"]), ("group", [[1]])],
)
def test_a_part_with_other_values_than_ours_is_one_line(parts: SetParts, column: str, values: list[object]) -> None:
    parts.write([row("a")])
    file = parts.folder / "part-000000.parquet"
    table = pq.read_table(file)
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(values)), file)
    with pytest.raises(UserError, match=r"part-000000\.parquet: cannot be read .*; delete it and run again") as caught:
        parts.read()
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ({"size": 1}, "2 pictures have a row, of a set of 1"),
        ({"stop_when": {"gates": {"": 0.5}, "alpha": 0.05, "sizes": {"fog+3": 1}}}, "'fog+3' has 2 pictures"),
        ({"stop_when": {"gates": {"x": 0.5}, "alpha": 0.05, "sizes": {"fog+3": 3}}}, "'x' has no picture"),
    ],
)
def test_rows_that_cannot_be_those_of_the_set_are_one_line(
    parts: SetParts, made: dict[str, object], problem: str
) -> None:
    parts.write([row("a"), row("b")])
    (parts.folder / "_set.json").write_text(json.dumps(MADE | made), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(problem)) as caught:
        read_stored(parts.folder)
    assert len(caught.value.lines) == 1


def test_a_pipe_in_the_place_of_a_part_is_not_waited_for(parts: SetParts) -> None:
    os.mkfifo(parts.folder / "part-000000.parquet")
    with pytest.raises(UserError, match="it is not a regular file"):
        parts.read()


def test_runs_that_write_at_once_keep_the_rows_of_all(parts: SetParts) -> None:
    def write(run: int) -> None:
        for number in range(8):
            SetParts(parts.folder).open(dict(MADE))
            SetParts(parts.folder).write([row(f"{run}-{number}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(parts.done()) == 32
