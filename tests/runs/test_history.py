"""The history of runs: it is read from the folders, and the index only saves time."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import pytest

from tests.runs.records import comparison, content, tier, write
from tierbench.common.schema import ModelPair
from tierbench.runs.history import INDEX, HistoryEntry, read_history
from tierbench.runs.record import write_run


def names(reports: Path) -> list[str]:
    return [entry.folder for entry in read_history(reports).entries]


def test_without_a_folder_the_history_is_empty(tmp_path: Path) -> None:
    assert read_history(tmp_path / "reports").entries == ()
    assert not (tmp_path / "reports").exists()


def test_runs_are_sorted_oldest_first_and_read_from_the_index_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [write(tmp_path, number) for number in (2, 0, 1)]
    first = read_history(tmp_path)
    assert [entry.folder for entry in first.entries] == sorted(folder.name for folder in folders)
    monkeypatch.setattr("tierbench.runs.history.read_run_json", lambda folder: pytest.fail(f"read {folder}"))
    assert read_history(tmp_path) == first


def test_changed_runs_are_read_again_and_removed_ones_are_forgotten(tmp_path: Path) -> None:
    kept, changed, gone = (write(tmp_path, number) for number in range(3))
    read_history(tmp_path)
    write_run(changed, content([tier(1, 4)], started="2026-01-02T03:17:00Z", complete=False))
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    entries = read_history(tmp_path).entries
    assert [(entry.folder, entry.run.complete) for entry in entries] == [(kept.name, True), (changed.name, False)]
    assert entries[1].run.tiers[0].passed == 1
    assert set(json.loads((tmp_path / INDEX).read_text())["runs"]) == {kept.name, changed.name}


@pytest.mark.parametrize(
    "index",
    ["", "{", "[]", '{"schema": 1}', '{"schema": 99, "runs": {}}', '{"schema": 1, "runs": []}', "\x00", "ENTRIES"],
)
def test_a_broken_or_foreign_index_is_rebuilt(tmp_path: Path, index: str) -> None:
    folder = write(tmp_path, 1)
    whole = read_history(tmp_path)
    if index == "ENTRIES":
        # The stamp is correct, but the rest is not.
        found = json.loads((tmp_path / INDEX).read_text())
        found["runs"][folder.name]["run"] = {"models": 3}
        index = json.dumps(found)
    (tmp_path / INDEX).write_text(index)
    assert read_history(tmp_path) == whole
    assert json.loads((tmp_path / INDEX).read_text())["runs"][folder.name]["run"]["complete"] is True


def test_an_index_that_cannot_be_written_is_not_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tierbench.runs.history.write_atomically", refuse)
    assert len(read_history(tmp_path).entries) == 1


def changed(**changes: object) -> str:
    """Return the text of a `run.json` in which some values are changed."""
    return json.dumps({"schema": 1, **msgspec.to_builtins(content([tier(1, 2)])), **changes})


def changed_tier(**changes: object) -> dict[str, object]:
    return {**msgspec.to_builtins(tier(1, 2)), **changes}


def changed_pair(**changes: object) -> dict[str, object]:
    pair = ModelPair(first="a", second="b", both=1, only_first=0, only_second=0, neither=0, lead=0.0, groups=1)
    return {**msgspec.to_builtins(pair), **changes}


def changed_comparison(state: str) -> dict[str, object]:
    verdict = {"suite": "photos", "tier": 1, "state": state}
    return {**msgspec.to_builtins(comparison()), "verdicts": [verdict]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as JSON"),
        ('{"complete": tr', "cannot be read as JSON"),
        ("[1, 2]", "was not written by tierbench"),
        ('{"name": "someone else\'s"}', "was not written by tierbench"),
        ('{"schema": 99}', "written by a newer tierbench (schema 99)"),
        ('{"schema": 0}', "written by an older tierbench (schema 0)"),
        ('{"schema": 1, "complete": true}', "'started' is missing"),
        (changed(tiers=[{}]), "'tiers[0].suite' is missing"),
        (changed(tiers=[changed_tier(passed="all")]), "'tiers[0].passed' is not a whole number"),
        (changed(tiers=[changed_tier(), changed_tier(passed=1.5)]), "'tiers[1].passed' is not a whole number"),
        (changed(tiers=[changed_tier(total=-1)]), "'tiers[0].total' is out of range"),
        (changed(tiers=[changed_tier(total=10**30)]), "'tiers[0].total' is out of range"),
        (changed(tiers=[changed_tier(low=math.nan)]), "'tiers[0].low' is not a number"),
        (changed(tiers=[changed_tier(high=-math.inf)]), "'tiers[0].high' is not a number"),
        (changed(tiers=[changed_tier(high=1e12)]), "'tiers[0].high' is out of range"),
        (changed(tiers=[changed_tier(met="yes")]), "'tiers[0].met' is not true or false"),
        (changed(models="none"), "'models' is not a list"),
        (changed(models=["a"]), "'models[0]' is not an object"),
        (changed(complete="yes"), "'complete' is not true or false"),
        (changed(started=20261125), "'started' is not text"),
        (changed(duration_s=True), "'duration_s' is not a number"),
        (changed(suites=3), "'suites' is not an object"),
        (changed(suites={"photos": 3}), "'suites[...]' is not text"),
        (changed(pairs=[changed_pair(interval=[0.1])]), "'pairs[0].interval' is not a list of 2"),
        (changed(comparisons=[changed_comparison("better")]), "'comparisons[0].verdicts[0].state' is 'better', which"),
    ],
)
def test_a_damaged_run_is_reported_in_one_line_and_the_others_are_read(tmp_path: Path, text: str, says: str) -> None:
    good, bad = write(tmp_path, 1), write(tmp_path, 2)
    (bad / "run.json").write_text(text, encoding="utf-8")
    history = read_history(tmp_path)
    assert [entry.folder for entry in history.entries] == [good.name]
    (problem,) = history.problems
    assert says in problem
    assert bad.name in problem
    assert "\n" not in problem
    assert not set("`$") & set(problem)
    # Reported every time, not only when the file is new.
    assert read_history(tmp_path).problems == history.problems


def test_other_files_and_folders_are_ignored(tmp_path: Path) -> None:
    folder = write(tmp_path, 1)
    (tmp_path / "baselines").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == [folder.name]


def test_an_incomplete_run_has_an_entry(tmp_path: Path) -> None:
    folder = write(tmp_path, 1, tiers=[], complete=False)
    (entry,) = read_history(tmp_path).entries
    assert (entry.run.complete, entry.run.tiers) == (False, ())
    assert isinstance(entry, HistoryEntry)
    assert folder.is_dir()
