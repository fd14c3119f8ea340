"""Any run survives a round trip through its record, and any row one through `scores.csv`."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.any_value import values
from tests.runs.records import content
from tierbench.common.schema import CaseRow, Run
from tierbench.common.text import printable_values
from tierbench.runs.history import read_history
from tierbench.runs.record import ScoresFile, cells, read_run, read_run_json, row_from, write_run
from tierbench.scoring.score_table import COLUMNS

FIELDS = {each.name for each in fields(CaseRow)}
PARAMETERS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in COLUMNS)


def as_kept(value: Any) -> Any:
    """Return the value as it is read from a file: lone surrogates, which UTF-8 cannot encode, become escapes."""
    return msgspec.convert(printable_values(msgspec.to_builtins(value)), type(value))


def in_json(top: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Return the same labels with each pair of surrogates joined into one character, as JSON does."""
    return tuple((json.loads(json.dumps(label)), probability) for label, probability in top)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "20261125T031700Z-000001"


@given(values(Run))
@settings(max_examples=60)
def test_any_run_survives_its_record(folder: Path, run: Run) -> None:
    folder.mkdir(exist_ok=True)
    write_run(folder, run)
    read = read_run_json(folder)
    assert read == as_kept(run)
    # A second round trip changes nothing.
    write_run(folder, read)
    assert read_run_json(folder) == read


@given(values(Run))
@settings(max_examples=30)
def test_any_run_survives_the_index_of_the_history(folder: Path, run: Run) -> None:
    folder.mkdir(exist_ok=True)
    write_run(folder, run)
    first = read_history(folder.parent)
    assert len(first.entries) == 1
    assert first.entries[0].run.tiers == as_kept(run).tiers
    assert read_history(folder.parent) == first


@st.composite
def case_rows(draw: st.DrawFn) -> CaseRow:
    finite = st.floats(-1e12, 1e12)
    row: CaseRow = draw(values(CaseRow))
    return replace(row, parameters=draw(st.dictionaries(PARAMETERS, finite, max_size=2)))


@given(st.lists(case_rows(), max_size=4))
@settings(max_examples=80)
def test_any_row_survives_the_scores(folder: Path, rows: list[CaseRow]) -> None:
    folder.mkdir(exist_ok=True)
    write_run(folder, content())
    (folder / "scores.csv").unlink(missing_ok=True)
    scores = ScoresFile(folder / "scores.csv", sorted({name for row in rows for name in row.parameters}))
    for row in rows:
        scores.append(row)
    scores.close()
    wanted: dict[tuple[str, str, str], CaseRow] = {}
    for row in rows:
        row = replace(as_kept(row), top=in_json(row.top), baseline_top=in_json(row.baseline_top))
        key = (row.suite, row.case, row.model)
        wanted.pop(key, None)
        wanted[key] = row
    read = read_run(folder).rows
    assert len(read) == len(wanted)
    for got, row in zip(read, wanted.values(), strict=True):
        assert_same(got, row)


def assert_same(read: CaseRow, written: CaseRow) -> None:
    """Compare rows up to rounding (six decimals; six digits from 1 on, and of log margins); an empty cell is None."""
    assert read.parameters.keys() == written.parameters.keys()
    for name, value in written.parameters.items():
        assert read.parameters[name] == rounded(value)
    for name in FIELDS - {"parameters"}:
        value = getattr(written, name)
        if isinstance(value, float):
            kept = float(f"{value:.6g}") if "log_margin" in name else rounded(value)
            assert getattr(read, name) == kept, name
        elif name in ("predicted", "change"):
            assert getattr(read, name) == (value or None), name
        else:
            assert getattr(read, name) == value, name


def rounded(value: float) -> float:
    return round(value, 6) if abs(value) < 1 else float(f"{value:.6g}")


@given(case_rows())
@settings(max_examples=60)
def test_a_row_from_a_worker_is_not_rounded(row: CaseRow) -> None:
    wanted = replace(
        row,
        predicted=row.predicted or None,
        change=row.change or None,
        top=in_json(row.top),
        baseline_top=in_json(row.baseline_top),
    )
    assert row_from(cells(row)) == wanted
