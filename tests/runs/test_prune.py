"""Removing old runs, and accepting recorded runs as the baseline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runs.records import row, write
from tierbench.common.errors import UserError
from tierbench.runs.acceptance import accept_recorded
from tierbench.runs.prune import finish_removals, old_runs, remove_run


def test_the_newest_runs_are_kept(tmp_path: Path) -> None:
    folders = [write(tmp_path, number) for number in range(5)]
    assert [run.folder for run in old_runs(tmp_path, 2)] == folders[:3]
    assert {run.kept_because for run in old_runs(tmp_path, 2)} == {""}
    assert old_runs(tmp_path, 9) == []


def test_a_folder_with_other_files_is_kept(tmp_path: Path) -> None:
    with_notes, renamed, target, whole, _ = (write(tmp_path, number) for number in range(5))
    (with_notes / "notes.txt").write_text("mine")
    renamed.rename(tmp_path / "release-1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target.rename(elsewhere / target.name)
    target.symlink_to(elsewhere / target.name)
    (whole / "assets").mkdir()
    (whole / "gallery.html").touch()
    (whole / "report_files").mkdir()
    reasons = {run.folder.name: run.kept_because for run in old_runs(tmp_path, 1)}
    assert reasons == {
        with_notes.name: "it contains notes.txt, which no run wrote",
        "release-1": "tierbench does not name a run like this",
        target.name: "it is a link",
        whole.name: "",
    }


def test_a_removal_that_was_killed_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write(tmp_path, 1), write(tmp_path, 2)
    (first / ".tierbench-x1").touch()  # what a run leaves that was killed while it wrote
    assert [(run.folder, run.kept_because) for run in old_runs(tmp_path, 1)] == [(first, "")]
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda folder: None)
        remove_run(first)
    # No half run is left, and the rest goes with the next removal; what is not ours stays.
    assert not first.exists()
    (mine := tmp_path / ".removed-mine").mkdir()
    finish_removals(tmp_path)
    assert sorted(path for path in tmp_path.iterdir() if path.is_dir()) == sorted([mine, second])


def test_a_run_that_may_still_be_running_is_kept_and_a_killed_one_is_not(tmp_path: Path) -> None:
    going, dead = (write(tmp_path, number, complete=False) for number in range(2))
    write(tmp_path, 2)
    os.utime(dead / "scores.csv", (1, 1))
    assert [bool(run.kept_because) for run in old_runs(tmp_path, 1)] == [True, False]
    assert going.is_dir()


def test_accepting_writes_a_baseline_per_model_and_keeps_rows_that_were_not_run(tmp_path: Path) -> None:
    first = write(tmp_path, 1, [row("a", 0.9), row("b", 0.8), row("a", 0.7, model="other")])
    second = write(tmp_path, 2, [row("b", 0.6)])
    assert len(accept_recorded(first, tmp_path, force=False)) == 2
    accept_recorded(second, tmp_path, force=False)
    text = (tmp_path / "baselines" / "model.csv").read_text()
    assert "photos,a,1,automobile,0.900000" in text
    assert "photos,b,1,automobile,0.600000" in text
    assert (tmp_path / "baselines" / "other.csv").is_file()


def test_a_stopped_run_is_accepted_only_with_force(tmp_path: Path) -> None:
    folder = write(tmp_path, 1, [row("a", 0.9)], complete=False)
    with pytest.raises(UserError, match=r"the run is not complete; .* --force"):
        accept_recorded(folder, tmp_path, force=False)
    assert not (tmp_path / "baselines").exists()
    accept_recorded(folder, tmp_path, force=True)
    assert (tmp_path / "baselines" / "model.csv").is_file()


@pytest.mark.parametrize(
    ("values", "says"),
    [({"score": 7.0}, "score '7' of photos/a"), ({"image_sha256": "x"}, "image_sha256 'x'")],
)
def test_invalid_scores_do_not_change_the_baseline(tmp_path: Path, values: dict[str, Any], says: str) -> None:
    accept_recorded(write(tmp_path, 1, [row("a", 0.9)]), tmp_path, force=False)
    file = tmp_path / "baselines" / "model.csv"
    before = file.read_bytes()
    with pytest.raises(UserError, match="is damaged") as caught:
        accept_recorded(write(tmp_path, 2, [row("a", **{"score": 0.9, **values})]), tmp_path, force=False)
    assert says in str(caught.value)
    assert file.read_bytes() == before
