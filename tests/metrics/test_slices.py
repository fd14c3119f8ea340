"""Slices of a table: by columns, by tags, under other names, without rows."""

from __future__ import annotations

import pandas as pd
import pytest

from tierbench.metrics import slice_summary, wilson_interval

TABLE = pd.DataFrame(
    {
        "corruption": ["fog", "fog", "fog", "snow", "snow"],
        "severity": [1, 1, 2, 1, 1],
        "tags": [["night", "fog"], [], ["night"], ["fog"], ["fog"]],
        "group": ["a", "a", "b", "c", "d"],
        "passed": [True, False, True, False, False],
    },
    index=[7, 7, 8, 9, 9],
)


def test_slices_of_two_columns() -> None:
    result = slice_summary(TABLE, ["corruption", "severity"])
    assert list(result.index) == [("fog", 1), ("fog", 2), ("snow", 1)]
    assert result["passed"].tolist() == [1, 1, 0]
    assert result["total"].tolist() == [2, 1, 2]
    assert result["rate"].tolist() == [0.5, 1, 0]
    assert result["groups"].tolist() == [1, 1, 2]
    assert result[["low", "high"]].to_numpy()[2] == pytest.approx(wilson_interval(0, 2))
    # Two images of one group have no interval; without groups, each image is one.
    assert result[["low", "high"]].iloc[0].isna().all()
    alone = slice_summary(TABLE.drop(columns="group"), ["corruption", "severity"])
    assert alone[["low", "high"]].to_numpy()[0] == pytest.approx(wilson_interval(1, 2))


def test_a_row_counts_in_each_of_its_tags() -> None:
    result = slice_summary(TABLE.drop(columns="group"), "tags")
    assert result[["passed", "total"]].to_dict("index") == {
        "fog": {"passed": 1, "total": 3},
        "night": {"passed": 2, "total": 2},
    }
    assert "groups" not in result
    sets = TABLE.map(lambda cell: set(cell) if isinstance(cell, list) else cell)
    pd.testing.assert_frame_equal(slice_summary(sets, "tags"), slice_summary(TABLE, "tags"))


def test_slices_under_other_names() -> None:
    table = TABLE.rename(columns={"passed": "hit", "group": "scene"})
    result = slice_summary(table, "corruption", passed="hit", group="scene")
    assert list(result.columns) == ["passed", "total", "rate", "low", "high", "groups"]
    assert result.loc["fog", "groups"] == 2
    assert slice_summary(TABLE, "group").loc["a", "total"] == 2


def test_the_table_is_not_changed_and_may_be_empty() -> None:
    before = TABLE.copy(deep=True)
    slice_summary(TABLE, "tags")
    pd.testing.assert_frame_equal(TABLE, before)
    empty = slice_summary(TABLE.iloc[:0], "corruption")
    assert len(empty) == 0
    assert {"passed", "total", "rate", "low", "high", "groups"} == set(empty.columns)


def test_slices_refuse_wrong_tables() -> None:
    with pytest.raises(ValueError, match="the table has no column 'weather', 'ok'"):
        slice_summary(TABLE, "weather", passed="ok")
    with pytest.raises(ValueError, match="passed must contain only true and false"):
        slice_summary(TABLE.assign(passed=["yes", "no", "yes", "no", "no"]), "corruption")
