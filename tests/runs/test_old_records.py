"""Records of version 0.1 are read completely: every figure is kept, and states have their current names."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.old_records import BASELINE, KILLED, LADDERS, MODELS, RECORDS
from tierbench.common.schema import BaselineComparison, ModelEntry, Run, TierResult
from tierbench.runs.baseline import read_baseline
from tierbench.runs.history import read_history
from tierbench.runs.model_scores import run_provenance
from tierbench.runs.record import read_run

STATES = {"no regression": "cleared", "inconclusive": "not shown", "regressed": "regressed"}
# The keys of these mappings are names, not fields.
MAPPINGS = {"suites", "versions", "preprocessing"}


def content(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def edited(folder: Path, tmp_path: Path, run: dict[str, Any]) -> Path:
    """Copy a record and replace its `run.json`."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    (copy / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return copy


def assert_holds(value: Any, wanted: Any, where: str = "run") -> None:
    """Assert that a part of a run has the values in its JSON."""
    if isinstance(wanted, dict):
        for name, each in wanted.items():
            part = value[name] if isinstance(value, dict) else getattr(value, name)
            assert_holds(part, STATES[each] if name == "state" else each, f"{where}.{name}")
    elif isinstance(wanted, list):
        assert len(value) == len(wanted), where
        for index, each in enumerate(wanted):
            assert_holds(value[index], each, f"{where}[{index}]")
    else:
        assert value == wanted, where


@pytest.mark.parametrize("folder", [MODELS, LADDERS, KILLED])
def test_every_figure_of_the_run_is_that_of_the_json(folder: Path) -> None:
    wanted = content(folder)
    assert wanted.pop("schema") == 1
    assert_holds(read_run(folder).run, wanted)


def test_what_made_the_scores_is_named_as_version_0_1_named_it() -> None:
    made = run_provenance(read_run(MODELS), "reference")
    accepted = read_baseline(BASELINE).provenance
    # Else every baseline of 0.1 would be reported as made with another preprocessing.
    assert made["preprocessing"] == accepted["preprocessing"]


def test_the_states_of_paired_verdicts_have_their_current_names() -> None:
    raw = [verdict["state"] for each in content(MODELS)["comparisons"] for verdict in each["verdicts"]]
    assert set(raw) == {"no regression", "inconclusive"}
    run = read_run(MODELS).run
    assert [verdict.state for each in run.comparisons for verdict in each.verdicts] == [STATES[state] for state in raw]
    against = run.comparison("mobilenet")
    assert against is not None
    assert (against.regressed, against.fixed, against.same, against.new) == (6, 1, 29, 16)


@pytest.mark.parametrize(("folder", "rows"), [(MODELS, 104), (LADDERS, 80), (KILLED, 13)])
def test_every_cell_of_the_scores_is_read(folder: Path, rows: int) -> None:
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    read = read_run(folder).rows
    assert len(read) == rows
    for row, cells in zip(read, table, strict=folder != KILLED):
        assert row.key == f"{cells['suite']}/{cells['case']}"
        for name in ("model", "tags", "group", "expected", "outcome", "reason", "corruption", "image_sha256"):
            assert getattr(row, name) == cells.pop(name)
        for name in ("predicted", "change"):
            assert getattr(row, name) == (cells.pop(name) or None)
        assert row.passed == (cells.pop("passed") == "true")
        assert [list(entry) for entry in row.top] == json.loads(cells.pop("top"))
        numbers = {name: float(cell) for name, cell in cells.items() if cell and name not in ("suite", "case")}
        for name in numbers.keys() - row.parameters.keys():
            assert getattr(row, name) == numbers[name]
        assert {name: numbers[name] for name in row.parameters} == row.parameters
        # An empty cell is None, or there is no such parameter.
        assert all(getattr(row, name, None) is None for name, cell in cells.items() if not cell)


def test_a_killed_run_keeps_its_complete_rows() -> None:
    record = read_run(KILLED)
    assert not record.run.complete
    assert record.run.tiers == ()
    assert [model.level for model in record.run.models] == [None]
    last = (KILLED / "scores.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last.split(",")[1] not in {row.case for row in record.rows}


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    def with_more(value: Any, name: str = "") -> Any:
        if isinstance(value, list):
            return [with_more(each, name) for each in value]
        if isinstance(value, dict) and name not in MAPPINGS:
            return {"of_a_later_version": {"x": [1]}, **{key: with_more(each, key) for key, each in value.items()}}
        return value

    folder = edited(MODELS, tmp_path, with_more(content(MODELS)))
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as stream:
        first, *lines = csv.reader(stream)
    with (folder / "scores.csv").open("w", encoding="utf-8", newline="") as stream:
        table = [["seen_by", *first], *(["a person", *line] for line in lines)]
        csv.writer(stream, lineterminator="\n").writerows(table)
    assert (folder / "run.json").read_text(encoding="utf-8").count("of_a_later_version") == 28
    more, as_written = read_run(folder), read_run(MODELS)
    assert more.run == as_written.run
    assert more.rows == as_written.rows


def test_a_field_that_an_older_version_did_not_write_has_its_default(tmp_path: Path) -> None:
    least: dict[str, Any] = {
        "schema": 1,
        "complete": True,
        "started": "2026-11-25T18:17:06Z",
        "duration_s": 1,
        "models": [{"name": "m", "level": None, "of": 3, "level_text": "level not determined"}],
        "tiers": [
            {"suite": "s", "model": "m", "tier": 1, "name": "", "passed": 1, "total": 2, "size": 2}
            | {"low": 0.1, "high": 0.9, "min_pass_rate": 1}
        ],
        "comparisons": [
            {"model": "m", "baseline": "b", "gate": "flips", "regressed": 0, "fixed": 0, "same": 2, "new": 0}
        ],
    }
    assert read_run(edited(MODELS, tmp_path, least)).run == Run(
        complete=True,
        started="2026-11-25T18:17:06Z",
        duration_s=1.0,
        models=(ModelEntry(name="m", level=None, of=3, level_text="level not determined"),),
        tiers=(
            TierResult(
                suite="s", model="m", tier=1, name="", passed=1, total=2, size=2, low=0.1, high=0.9, min_pass_rate=1.0
            ),
        ),
        comparisons=(BaselineComparison(model="m", baseline="b", gate="flips", regressed=0, fixed=0, same=2, new=0),),
    )


def test_a_column_that_an_older_version_did_not_write_has_its_default(tmp_path: Path) -> None:
    folder = edited(KILLED, tmp_path, content(KILLED))
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))[:-1]
    later = ("tags", "group", "change", "baseline_score", "corruption", "severity", "image_sha256")
    names = [name for name in table[0] if name not in later]
    with (folder / "scores.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    rows = read_run(folder).rows
    assert len(rows) == 13
    assert {(row.tags, row.group, row.change, row.severity, row.image_sha256) for row in rows} == {
        ("", "", None, None, "")
    }


def test_lone_surrogates_are_read_as_escapes(tmp_path: Path) -> None:
    run = content(LADDERS) | {"command": ["pytest", "-k", "caf\udce9"]}
    run["models"][0]["spec"] = "models/caf\udce9"
    folder = edited(LADDERS, tmp_path, run)
    assert "\\udce9" in (folder / "run.json").read_text(encoding="utf-8")
    read = read_run(folder).run
    assert read.command == ("pytest", "-k", "caf\\udce9")
    history = read_history(tmp_path)
    assert [entry.run.models[0].spec for entry in history.entries] == ["models/caf\\udce9"]
    # The second time, it is read from the index.
    assert read_history(tmp_path) == history


def test_the_history_lists_all_of_them_oldest_first(tmp_path: Path) -> None:
    shutil.copytree(RECORDS, tmp_path / "reports")
    history = read_history(tmp_path / "reports")
    assert history.problems == ()
    assert [entry.folder for entry in history.entries] == [MODELS.name, LADDERS.name, KILLED.name]
    for entry, folder in zip(history.entries, (MODELS, LADDERS, KILLED), strict=True):
        assert entry.run.tiers == read_run(folder).run.tiers
    # The second time, it is read from the index.
    assert read_history(tmp_path / "reports") == history


def test_the_baseline() -> None:
    with BASELINE.open(encoding="utf-8", newline="") as stream:
        lines = [line for line in stream if not line.startswith("#")]
    baseline = read_baseline(BASELINE)
    assert baseline.provenance["fingerprint"] == "8535393d95bdeb63"
    for row, cells in zip(baseline.rows, csv.DictReader(lines), strict=True):
        assert (row.suite, row.case, row.predicted) == (cells["suite"], cells["case"], cells["predicted"])
        assert (row.score, row.margin) == (float(cells["score"]), float(cells["margin"]))
        assert (row.tier, row.rank) == (int(cells["tier"]), int(cells["rank"]))
        assert row.passed == (cells["passed"] == "True")
