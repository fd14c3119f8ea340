"""The commands on records of version 0.1: figures as in its run.json, states with their current names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.old_records import BASELINE, KILLED, LADDERS, MODELS, RECORDS

Call = Callable[..., Answer]


@pytest.fixture
def reports(workplace: Path) -> Path:
    folder = workplace / "reports"
    shutil.copytree(RECORDS, folder)
    return folder


def test_show_of_two_models_with_a_sweep(tierbench: Call, reports: Path) -> None:
    answer = tierbench("show", MODELS.name)
    assert (answer.code, answer.err) == (0, "")
    for line in (
        "mobilenet  photos  1 as taken     4/4     1.00 [0.51, 1.00]           0.962       photos/rocket 0.889",
        "contrast            0.75  0.50",
        "reference: level 1 of 3  tier 1 4/4, tier 2 6/16, tier 3 5/16",
        "  photos/coffee_dark_3  ✓ 0.866    ✗ 0.057",
        "mobilenet against reports/baselines/mobilenet.csv (gate regression): 6 regressed, 1 fixed, 29 same, 16 new",
        "  made with different fingerprint: baseline 8535393d95bdeb63, now b6df1302fe5c5e59",
        "  regressed photos/chelsea_fog_3: 0.643 → 0.003",
        "  photos tier 2: cleared: mean score did not change (95 % upper bound 0); "
        "judged by the sign-flip test of version 0.1",
    ):
        assert line in answer.out.splitlines()
    assert answer.out.count(": not shown: ") == 5
    assert "reference passes a larger share of the images than mobilenet, by 0.06 (95 % -0.08 to +0.17" in answer.out
    assert "inconclusive" not in answer.out


def test_show_of_ladders_and_of_a_killed_run(tierbench: Call, reports: Path) -> None:
    answer = tierbench("show", LADDERS.name)
    assert answer.code == 0
    assert (
        "ladders/fog_ship            visibility_m    seen down to 1600 m, lost at 1300 m (5 of 10 steps)" in answer.out
    )
    answer = tierbench("show", "last")
    assert answer.code == 0
    assert f"{KILLED.name}  2026-11-25T18:24:59Z  7.0 s  not complete: stopped early, killed" in answer.out
    assert "reference: level not determined (tier 1 not run)" in answer.out


def test_compare_of_records_and_the_baseline(tierbench: Call, reports: Path) -> None:
    wanted = {each["model"]: each for each in json.loads((MODELS / "run.json").read_text())["comparisons"]}
    answer = tierbench("compare", str(BASELINE), f"{MODELS.name}:reference", "--json", "same.json")
    assert answer.code == 0
    (same,) = json.loads(Path("same.json").read_text())["models"]
    assert same["counts"] == {"regressed": 0, "fixed": 0, "same": 36, "new": 16, "missing": 0}
    assert [verdict["state"] for verdict in same["verdicts"]] == ["unchanged"] * 4
    # This is the baseline that the run itself was compared with.
    answer = tierbench("compare", str(BASELINE), f"{MODELS.name}:mobilenet", "--json", "worse.json")
    assert answer.code == 0
    (worse,) = json.loads(Path("worse.json").read_text())["models"]
    # Three of the six that 0.1 called regressed only lost score; it recorded no margins.
    flips = {"regressed": 3, "fixed": 1, "same": 32, "new": 16}
    assert {kind: worse["counts"][kind] for kind in flips} == flips
    assert sum(wanted["mobilenet"][kind] for kind in flips) == sum(flips.values())
    # The cases that 0.1 counted are those that are counted now, in groups.
    for found, old in zip(worse["verdicts"][1:], wanted["mobilenet"]["verdicts"], strict=True):
        assert (found["worse"], found["better"]) == (old["worse"], old["better"])
        assert (found["cases"], found["groups"]) == (old["cases"], old["groups"])
    whole = worse["verdicts"][0]
    assert (whole["suite"], whole["tier"], whole["state"]) == ("", None, "not shown")
    # A killed run is compared on the cases that it ran.
    answer = tierbench("compare", f"{MODELS.name}:reference", "last")
    assert answer.code == 0
    assert "stopped early: only the cases that it ran are compared" in answer.out
    assert "0 regressed, 0 fixed, 13 same, 0 new, 39 missing" in answer.out


def test_history_and_its_page(tierbench: Call, reports: Path) -> None:
    answer = tierbench("history", "--html")
    assert (answer.code, answer.err) == (0, "")
    assert "3 runs, 2026-11-25 to 2026-11-25, 1 not complete" in answer.out
    assert f"2026-11-25 18:17  {MODELS.name}  mobilenet  level 1 of 3" in answer.out
    assert "6 regressed, 1 fixed" in answer.out
    assert "6 regressed, 1 fixed" in (reports / "index.html").read_text(encoding="utf-8")


def test_an_old_run_can_be_accepted(tierbench: Call, reports: Path) -> None:
    (reports / "baselines" / "reference.csv").unlink()
    answer = tierbench("baseline", "accept", MODELS.name)
    assert answer.code == 0
    assert "accepted 52 cases of mobilenet into reports/baselines/mobilenet.csv" in answer.out
    kept = BASELINE.read_text(encoding="utf-8").splitlines()
    made = (reports / "baselines" / "reference.csv").read_text(encoding="utf-8").splitlines()
    # It was the same model on the same pictures, so the rows are those that 0.1 had accepted.
    # Groups and labels of the prediction follow.
    assert {line for line in kept if line.startswith("photos,")} <= {",".join(line.split(",")[:10]) for line in made}
