"""Baseline files: round trip, partial updates, pruning, and failures that leave the file unchanged."""

from __future__ import annotations

import math
import os
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.runs.tables import baseline_rows, baseline_table, rows_of, run_table
from tierbench.common.errors import UserError
from tierbench.common.schema import CaseRow
from tierbench.runs.baseline import (
    absent_suites,
    baseline_path,
    provenance_changes,
    prune_baseline,
    read_baseline,
    stale_cases,
    update_baseline,
    write_baseline,
)
from tierbench.runs.baseline_format import parse_baseline, serialise_baseline
from tierbench.runs.diff import diff_cases

PROVENANCE = {"model": "mine", "torch": "2.13.0"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return baseline_path(tmp_path, "mine")


def test_the_file_is_short_sorted_and_rounded(path: Path) -> None:
    rows = baseline_table([0.12345678, -0.0, 1.0000004]).iloc[::-1]
    rows = rows.assign(
        margin=[0.5, -1e-9, -0.25],
        predicted=['say "cat", twice', "a\r\nb", ""],
        log_margin=[math.nan, -1e-5, -12.3456789],
        group=["scene", "", ""],
        seen=[math.nan, 1.0, 0.125],
        top=pd.Series([[["cat", 0.75], ["dog", 0.12345], ["cow", 0.1], ["owl", 0.05]], [], []], index=rows.index),
    )
    write_baseline(path, rows_of(rows), PROVENANCE)
    sha = "0" * 64
    assert path.read_text(encoding="utf-8").splitlines() == [
        "# tierbench baseline 2",
        "# model: mine",
        "# torch: 2.13.0",
        "suite,case,tier,expected,score,rank,margin,predicted,passed,image_sha256,group,log_margin,top,twin_log_margin,"
        "seen",
        f"photos,c000,1,automobile,0.123457,1,-0.250000,,False,{sha},,-12.3457,[],,0.125",
        f"photos,c001,1,automobile,0.000000,1,0.000000,a b,False,{sha},,-1e-05,[],,1",
        f'photos,c002,1,automobile,1.000000,1,0.500000,"say ""cat"", twice",True,{sha},scene,,'
        '"[[""cat"", 0.75], [""dog"", 0.1235], [""cow"", 0.1]]",,',
        "# end",
    ]
    assert [row.top for row in read_baseline(path).rows] == [(), (), (("cat", 0.75), ("dog", 0.1235), ("cow", 0.1))]


texts = st.text(max_size=20).filter(lambda text: text.split())


class Row(NamedTuple):
    suite: str
    case: str
    tier: int | None
    expected: str
    score: float
    rank: int
    margin: float
    predicted: str
    passed: bool


def key(row: Row) -> tuple[str, str]:
    return " ".join(row.suite.split()), " ".join(row.case.split())


rows_of_cases = st.lists(
    st.builds(
        Row,
        suite=texts,
        case=texts,
        tier=st.none() | st.integers(1, 9),
        expected=texts,
        score=st.floats(0, 1),
        rank=st.integers(1, 1000),
        margin=st.floats(-1, 1),
        predicted=st.text(max_size=20),
        passed=st.booleans(),
    ),
    max_size=8,
    unique_by=key,
)
provenances = st.dictionaries(st.from_regex(r"[a-z][a-z_.-]*", fullmatch=True), st.text(max_size=30), max_size=4)


@given(rows_of_cases, provenances)
@settings(max_examples=60, deadline=None)
def test_round_trip(rows: list[Row], provenance: dict[str, str]) -> None:
    records = [CaseRow(model="", image_sha256="a" * 64, **row._asdict()) for row in rows]
    data = serialise_baseline(records, provenance)
    baseline = parse_baseline(data)
    wanted = {key(row): row for row in rows}
    assert baseline.provenance == {name: " ".join(value.split()) for name, value in provenance.items()}
    assert len(baseline.rows) == len(rows)
    for row in baseline.rows:
        before = wanted[row.suite, row.case]
        assert (row.tier, row.rank, row.passed) == (before.tier, before.rank, before.passed)
        assert row.score == pytest.approx(before.score, abs=5.1e-7)
        assert row.margin == pytest.approx(before.margin, abs=5.1e-7)
    assert serialise_baseline(baseline.rows, baseline.provenance) == data


def test_a_run_is_the_same_as_its_own_baseline(path: Path) -> None:
    scores = np.random.default_rng(0).uniform(0, 1, 50).tolist()
    write_baseline(path, rows_of(run_table(scores)), PROVENANCE)
    diff = diff_cases(read_baseline(path).rows, rows_of(run_table(scores)))
    assert {each.change for each in diff} == {"same"}


def test_an_update_changes_only_its_rows(path: Path) -> None:
    update_baseline(path, baseline_rows([0.9, 0.8, 0.7]), PROVENANCE)
    before = path.read_text().splitlines()
    update_baseline(path, rows_of(baseline_table([0.9, 0.1]).iloc[1:]), PROVENANCE)
    after = path.read_text().splitlines()
    assert [line for line in before if line not in after] == [before[5]]
    assert [row.score for row in read_baseline(path).rows] == [0.9, 0.1, 0.7]


def test_an_update_keeps_rows_that_differ_only_by_noise(path: Path) -> None:
    tiers = pd.array([1, None, 2], dtype="Int64")  # The second row is the step of a ladder.
    update_baseline(path, rows_of(baseline_table([0.9, 0.8, 0.7]).assign(tier=tiers)), PROVENANCE)
    before = path.read_bytes()
    update_baseline(path, rows_of(baseline_table([0.900001, 0.79995, 0.7]).assign(tier=tiers)), PROVENANCE)
    assert path.read_bytes() == before
    # Larger changes are written, and so are small ones if something else changed in the row.
    update_baseline(path, rows_of(baseline_table([0.9002, 0.8, 0.700001]).assign(rank=[1, 1, 2])), PROVENANCE)
    assert [row.score for row in read_baseline(path).rows] == [0.9002, 0.8, 0.700001]
    # Noise is measured from the accepted score, so that small steps cannot add up unnoticed.
    for step in range(1, 4):
        update_baseline(path, baseline_rows([0.9002 + step * 6e-5]), PROVENANCE)
    assert read_baseline(path).rows[0].score == pytest.approx(0.9002 + 2 * 6e-5)


def test_the_provenance_is_mixed_until_all_rows_are_updated(path: Path) -> None:
    update_baseline(path, baseline_rows([0.9, 0.8]), PROVENANCE)
    newer = PROVENANCE | {"torch": "3.0"}
    for _ in range(2):
        update_baseline(path, baseline_rows([0.7]), newer)
        assert read_baseline(path).provenance == PROVENANCE | {"torch": "mixed (latest 3.0)"}
    assert provenance_changes(read_baseline(path), newer) == ["torch: baseline mixed (latest 3.0), now 3.0"]
    update_baseline(path, baseline_rows([0.9, 0.8, 0.7]), newer)
    assert read_baseline(path).provenance == newer
    assert provenance_changes(read_baseline(path), newer | {"device": "cpu"}) == ["device: baseline unknown, now cpu"]


def test_an_update_without_rows_does_not_change_the_file(path: Path) -> None:
    update_baseline(path, baseline_rows([0.9]), PROVENANCE)
    before = path.read_bytes()
    update_baseline(path, baseline_rows([]), PROVENANCE)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_concurrent_updates_lose_no_row(path: Path) -> None:
    # Each process accepts its own suite again and again.
    code = (
        "import sys, pathlib\n"
        "from tierbench.runs.baseline import update_baseline\n"
        "from tests.runs.tables import baseline_rows\n"
        "for step in range(20):\n"
        "    rows = baseline_rows([0.9, 0.8], suite=sys.argv[1], score=0.5 + step / 100)\n"
        "    update_baseline(pathlib.Path(sys.argv[2]), rows, {'torch': '2'})\n"
    )
    commands = [[sys.executable, "-c", code, f"suite{number}", str(path)] for number in range(3)]
    running = [subprocess.Popen(command, cwd=REPOSITORY) for command in commands]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    rows = read_baseline(path).rows
    assert Counter(row.suite for row in rows) == {"suite0": 2, "suite1": 2, "suite2": 2}
    assert {row.score for row in rows} == {0.69}


def test_stale_rows_are_listed_and_pruned_only_on_request(path: Path) -> None:
    write_baseline(path, baseline_rows([0.9, 0.8, 0.7]), PROVENANCE)
    existing = {"photos": {"c000", "c002", "c009"}}
    assert stale_cases(read_baseline(path), existing) == [("photos", "c001")]
    assert prune_baseline(path, existing) == [("photos", "c001")]
    assert [row.case for row in read_baseline(path).rows] == ["c000", "c002"]
    assert read_baseline(path).provenance == PROVENANCE
    untouched = path.stat().st_mtime_ns
    assert prune_baseline(path, existing) == []
    assert path.stat().st_mtime_ns == untouched
    # The cases of a suite that was not read are unknown.
    assert prune_baseline(path, {}) == []
    assert absent_suites(read_baseline(path), {}) == {"photos": 2}
    assert prune_baseline(path, {}, absent_too=True) == [("photos", "c000"), ("photos", "c002")]
    assert read_baseline(path).rows == ()


def test_a_derived_case_is_stale_only_if_its_original_case_is(path: Path) -> None:
    rows = baseline_table([0.9, 0.8]).assign(case=["c000+fog-3", "c001+fog-3"], tier=None)
    write_baseline(path, rows_of(rows), PROVENANCE)
    assert stale_cases(read_baseline(path), {"photos": {"c000"}}) == [("photos", "c001+fog-3")]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a b", "ü", ".hidden"])
def test_a_model_name_that_is_not_a_file_name_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="names a baseline file"):
        baseline_path(tmp_path, name)


@pytest.mark.parametrize(
    "column",
    [{"score": 1.5}, {"score": np.nan}, {"margin": np.inf}, {"rank": 0}, {"case": "c"}, {"image_sha256": ""}],
)
def test_invalid_rows_are_never_written(path: Path, column: dict[str, Any]) -> None:
    write_baseline(path, baseline_rows([0.9, 0.8]), PROVENANCE)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="these rows are not a valid baseline"):
        write_baseline(path, baseline_rows([0.9, 0.8], **column), PROVENANCE)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("owner", "step"), [(Path, "open"), (os, "fsync"), (Path, "replace")])
def test_a_failing_write_keeps_the_file_and_leaves_no_temporary_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    write_baseline(path, baseline_rows([0.9]), PROVENANCE)
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, fail)
        with pytest.raises(UserError) as caught:
            write_baseline(path, baseline_rows([0.1]), PROVENANCE)
    assert caught.value.lines == (f"{path}: the baseline cannot be written: No space left on device",)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_update_does_not_overwrite_a_damaged_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("my precious notes\n")
    with pytest.raises(UserError):
        update_baseline(path, baseline_rows([0.1]), PROVENANCE)
    assert path.read_text() == "my precious notes\n"


def test_a_link_is_followed_and_the_mode_is_kept(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    write_baseline(real, baseline_rows([0.9]), PROVENANCE)
    real.chmod(0o640)
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    update_baseline(path, baseline_rows([0.1]), PROVENANCE)
    assert path.is_symlink()
    assert [row.score for row in read_baseline(real).rows] == [0.1]
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_missing_file_or_a_folder_in_its_place_is_reported(path: Path) -> None:
    with pytest.raises(UserError, match="there is no such baseline"):
        read_baseline(path)
    path.mkdir(parents=True)
    with pytest.raises(UserError, match="cannot be read"):
        read_baseline(path)
    with pytest.raises(UserError, match="cannot be written"):
        write_baseline(path, baseline_rows([0.9]), PROVENANCE)
    file = path / "file"
    file.write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_baseline(file / "mine.csv", baseline_rows([0.9]), PROVENANCE)
