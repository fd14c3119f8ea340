"""Every command is killed once and run again, and the checks see what a kill must not leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from killing.edits import Adds, Fetches
from killing.process import Place
from killing.runs import CASES, Runs, Updates
from small_repository import make_repository, noise_picture

from tests.conftest import REPOSITORY

CHANCE = Random(0)  # noqa: S311 (no secrets)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "top", tmp_path / "cache", tmp_path / "temporary")
    found.temporary.mkdir()
    make_repository(found.top, CASES)
    return found


@pytest.mark.slow
def test_killed_commands_leave_what_can_be_read_and_harm_no_other() -> None:
    tool = [sys.executable, "tools/kill_runs.py", "6", "--every", "1"]
    answer = subprocess.run(tool, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("6 kills, seed 20261124: nothing lost;")
    for name in ("run ", "run with 2 workers", "baseline update", "add", "fetch", "prune"):
        assert f"  {name}" in answer.stdout, answer.stdout


@pytest.mark.slow
def test_a_lost_row_of_a_run_and_a_half_baseline_are_seen(place: Place) -> None:
    runs, updates = Runs(), Updates()
    runs.prepare(place, CHANCE)
    updates.prepare(place, CHANCE)
    place.whole(updates.arguments)
    assert updates.check(killed=True) == "after the baseline was written"
    file = place.top / "reports" / "baselines" / "plain.csv"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(AssertionError, match="the baseline cannot be read"):
        updates.check(killed=True)
    (scores,) = place.top.glob("reports/*/scores.csv")
    scores.write_text("\n".join([*scores.read_text(encoding="utf-8").splitlines()[:-1], ""]), encoding="utf-8")
    with pytest.raises(AssertionError, match=f"complete with {CASES - 1} rows"):
        runs.check(killed=True)


def test_a_lost_case_and_a_row_without_its_picture_are_seen(place: Place, tmp_path: Path) -> None:
    adds = Adds(tmp_path / "new")
    suite = place.top / "cases" / "added"
    while not suite.exists():
        # Now and then it begins with no suite.
        adds.prepare(place, CHANCE)
    assert adds.check(killed=True) == "with no pictures added"
    noise_picture(suite / "other.png", 5)
    assert adds.begun()
    (suite / "metadata.csv").write_text("file_name,label,tier\nother.png,ship,1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="the old case is lost"):
        adds.check(killed=True)
    (suite / "metadata.csv").write_text("file_name,label,tier\nold.png,ship,1\ngone.png,ship,1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"the suite has problems: .*gone\.png"):
        adds.check(killed=True)


def test_half_a_fetched_picture_is_seen(place: Place, tmp_path: Path) -> None:
    fetches = Fetches(tmp_path / "served")
    fetches.prepare(place, CHANCE)
    new = place.top / "cases" / "fetched" / "new"
    assert not fetches.begun()
    new.mkdir()
    content = (tmp_path / "served" / "0.png").read_bytes()
    (new / "0.png").write_bytes(content)
    assert fetches.check(killed=True) == "with some pictures fetched"
    (new / "0.png").write_bytes(content[: len(content) // 2])

    with pytest.raises(AssertionError, match="the suite has problems"):
        fetches.check(killed=True)
