"""The folders are the truth; the index only saves time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.records import content, tier, write
from tierbench.runs.entry import RunEntry
from tierbench.runs.history import INDEX, read_history
from tierbench.runs.record import write_run


def names(reports: Path) -> list[str]:
    return [entry.folder for entry in read_history(reports).entries]


def test_no_folder_is_an_empty_history(tmp_path: Path) -> None:
    assert read_history(tmp_path / "reports").entries == ()
    assert not (tmp_path / "reports").exists()


def test_runs_come_oldest_first_and_a_second_time_from_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [write(tmp_path, number) for number in (2, 0, 1)]
    first = read_history(tmp_path)
    assert [entry.folder for entry in first.entries] == sorted(folder.name for folder in folders)
    monkeypatch.setattr("tierbench.runs.history.read_run_json", lambda folder: pytest.fail(f"read {folder}"))
    assert read_history(tmp_path) == first


def test_what_changed_is_read_again_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    kept, changed, gone = (write(tmp_path, number) for number in range(3))
    read_history(tmp_path)
    write_run(changed, content([tier(1, 4)], started="2026-01-02T03:17:00Z", complete=False))
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    entries = read_history(tmp_path).entries
    assert [(entry.folder, entry.complete) for entry in entries] == [(kept.name, True), (changed.name, False)]
    assert entries[1].tiers[0].passed == 1
    assert set(json.loads((tmp_path / INDEX).read_text())["runs"]) == {kept.name, changed.name}


@pytest.mark.parametrize(
    "index",
    ["", "{", "[]", '{"schema": 1}', '{"schema": 99, "runs": {}}', '{"schema": 1, "runs": []}', "\x00", "ENTRIES"],
)
def test_a_broken_or_foreign_index_is_made_anew(tmp_path: Path, index: str) -> None:
    folder = write(tmp_path, 1)
    whole = read_history(tmp_path)
    if index == "ENTRIES":
        # The stamp is right, the rest is not.
        found = json.loads((tmp_path / INDEX).read_text())
        found["runs"][folder.name]["run"] = {"models": 3}
        index = json.dumps(found)
    (tmp_path / INDEX).write_text(index)
    assert read_history(tmp_path) == whole
    assert json.loads((tmp_path / INDEX).read_text())["runs"][folder.name]["run"]["complete"] is True


def test_an_index_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tierbench.runs.history.write_atomically", refuse)
    assert len(read_history(tmp_path).entries) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as JSON"),
        ('{"complete": tr', "cannot be read as JSON"),
        ("[1, 2]", "was not written by tierbench"),
        ('{"name": "someone else\'s"}', "was not written by tierbench"),
        ('{"schema": 99}', "written by a newer tierbench (schema 99)"),
        ('{"schema": 0}', "written by an older tierbench (schema 0)"),
        ('{"schema": 1}', "'started' is missing"),
        (json.dumps({"schema": 1, **content(), "tiers": [{}]}), "'suite' is missing"),
        (json.dumps({"schema": 1, **content([tier(1, 2) | {"passed": "all"}])}), "'passed' is no whole number"),
        (json.dumps({"schema": 1, **content([tier(1, 2) | {"low": float("nan")}])}), "'low' is no number"),
        (json.dumps({"schema": 1, **content([tier(1, 2)], models="none")}), "'models' is no list of objects"),
        (json.dumps({"schema": 1, **content(complete="yes")}), "'complete' is neither true nor false"),
        (json.dumps({"schema": 1, **content(suites=3)}), "is damaged"),
    ],
)
def test_a_damaged_run_is_one_line_and_the_others_are_there(tmp_path: Path, text: str, says: str) -> None:
    good, bad = write(tmp_path, 1), write(tmp_path, 2)
    (bad / "run.json").write_text(text, encoding="utf-8")
    history = read_history(tmp_path)
    assert [entry.folder for entry in history.entries] == [good.name]
    (fault,) = history.faults
    assert says in fault
    assert bad.name in fault
    assert "\n" not in fault
    # Told every time, not only when the file is new.
    assert read_history(tmp_path).faults == history.faults


def test_whatever_else_lies_there_is_not_a_run(tmp_path: Path) -> None:
    folder = write(tmp_path, 1)
    (tmp_path / "baselines").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == [folder.name]


def test_a_run_that_is_going_on_or_was_killed_has_an_entry(tmp_path: Path) -> None:
    folder = write(tmp_path, 1, tiers=[], complete=False)
    (entry,) = read_history(tmp_path).entries
    assert (entry.complete, entry.tiers) == (False, ())
    assert isinstance(entry, RunEntry)
    assert folder.is_dir()
