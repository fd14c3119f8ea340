"""--robust-update-baseline: what it writes, what it leaves, and that a failed run changes nothing."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tierbench.common.file_lock import file_lock

END = """
import pytest

def test_case(robust_case):
    if robust_case.decision.action == "xfail":
        pytest.exit("enough", returncode=0)
    robust_case.check()
"""


def baseline(bench: Bench) -> Path:
    return bench.path / "reports" / "baselines" / "model.csv"


def test_a_run_is_accepted_and_its_misses_are_known_from_then_on(garage: Bench) -> None:
    answer = garage.run("--robust-update-baseline")
    assert answer.code == 0
    assert "baseline reports/baselines/model.csv: 9 cases accepted" in answer.text
    rows = baseline(garage).read_text().splitlines()
    assert sum(row.startswith("garage,") for row in rows) == 9
    answer = garage.run()
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 9 same, 0 new" in answer.text


def test_a_part_changes_only_its_rows(accepted: Bench, worse: Path) -> None:
    before = baseline(accepted).read_text().splitlines()
    answer = accepted.run(f"--robust-model=model={worse}", "--robust-update-baseline", "-k", "green_1")
    assert answer.code == 0
    said = r"accepted 20[0-9-]{8} by .+ \(9 rows\)"
    assert re.search(rf"^  {said}$", answer.text, re.MULTILINE)
    assert re.search(said, (accepted.runs[-1] / "report.html").read_text(encoding="utf-8"))
    after = baseline(accepted).read_text().splitlines()
    changed = [new for new in after if new not in before and new.startswith("garage,")]
    assert [row.split(",")[1] for row in changed] == ["green_1"]
    # One line more: who accepted it.
    assert len(after) == len(before) + 1
    assert any(row.startswith('# accepted 0002: {"on":') and '"changed":1' in row for row in after)
    assert any("mixed (latest" in row for row in after)


@pytest.mark.parametrize("stop", [("-x",), ("--maxfail=1",)])
def test_a_run_that_stopped_early_is_not_accepted(garage: Bench, stop: tuple[str, ...]) -> None:
    garage.file("cases/test_a_first.py", "def test_it():\n    assert False\n")
    answer = garage.run("--robust-update-baseline", *stop, "cases/test_tiers.py", "cases/test_a_first.py")
    assert answer.code == 1
    assert "the baseline stays as it is: the run stopped early" in answer.text
    assert not baseline(garage).exists()
    assert garage.record().run.complete is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("suite,case\n", "not a baseline: line 1 is"),
        ("# tierbench baseline 9\n", "a newer tierbench wrote it"),
        ("# tierbench baseline 0\n# end\n", "schema '0' is not 1"),
        ("# tierbench baseline 1\nsuite,", "the file is truncated"),
    ],
)
def test_a_broken_baseline_is_one_line_and_stays_as_it_is(garage: Bench, text: str, says: str) -> None:
    file = garage.file("reports/baselines/model.csv", text)
    answer = garage.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert "reports/baselines/model.csv: " in line
    assert says in line
    assert file.read_text() == text
    assert garage.runs == []


def test_a_run_with_a_fault_leaves_the_baseline(accepted: Bench) -> None:
    before = baseline(accepted).read_bytes()
    accepted.suite("broken", "file_name,label,tier\nred.png,automobile,one\n")
    assert accepted.run("--robust-update-baseline").code == 4
    assert baseline(accepted).read_bytes() == before


def test_a_baseline_that_cannot_be_updated_is_told_before_the_run(garage: Bench) -> None:
    file = garage.file("reports/baselines/model.csv", "garbage")
    answer = garage.run("--robust-update-baseline")
    assert answer.code == 4
    (line,) = answer.errors
    assert "reports/baselines/model.csv exists but cannot be read; restore or delete it: " in line
    assert file.read_text() == "garbage"
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("", encoding="utf-8")
    (line,) = garage.run("--robust-update-baseline").errors
    assert line.endswith("cannot be written: make reports/baselines a writable folder")


def test_a_baseline_that_could_not_be_written_in_the_end_is_no_success(garage: Bench) -> None:
    spoiler = "import pathlib\n\ndef test_spoiler():\n    pathlib.Path('reports/baselines').write_text('')\n"
    garage.file("cases/test_z.py", spoiler)
    answer = garage.run("--robust-update-baseline")
    assert answer.code == 1
    assert "warning: " in answer.line("reports/baselines/model.csv: ")
    assert garage.record().run.complete is True


def test_two_models_cannot_share_a_baseline(garage: Bench, worse: Path) -> None:
    models = (f"--robust-model=good={garage.model}", f"--robust-model=worse={worse}")
    answer = garage.run(*models, "--robust-baseline", "shared", "--robust-update-baseline")
    assert answer.code == 4
    assert answer.errors == [
        "--robust-update-baseline: 2 models cannot share the baseline 'shared'; leave --robust-baseline out, "
        "and each has its own"
    ]
    assert garage.run(*models, "--robust-update-baseline").code == 0
    assert sorted(file.name for file in baseline(garage).parent.iterdir()) == ["good.csv", "worse.csv"]


def test_a_path_is_written_where_it_says(garage: Bench) -> None:
    (garage.path / "accepted").mkdir()
    assert garage.run("--robust-baseline", "accepted/x.csv", "--robust-update-baseline").code == 0
    assert (garage.path / "accepted" / "x.csv").is_file()


def test_a_run_that_a_test_ended_with_a_good_exit_code_is_not_accepted(garage: Bench) -> None:
    garage.file("cases/test_tiers.py", END)
    answer = garage.run("--robust-update-baseline")
    assert answer.code == 1
    assert "the baseline stays as it is: the run stopped early; `tierbench baseline accept 20" in answer.text
    assert not baseline(garage).exists()
    assert garage.record().run.complete is False


def test_only_a_run_of_everything_removes_rows(accepted: Bench) -> None:
    accepted.suite("other", "file_name,label,tier\nred.png,automobile,1\ngreen.png,truck,1\n")
    assert accepted.run("--robust-update-baseline").code == 0
    answer = accepted.run("--robust-update-baseline", "--robust-cases", "cases/other")
    assert answer.code == 0
    assert "removed" not in answer.text
    assert "garage,blue_1," in baseline(accepted).read_text()
    accepted.suite("other", "file_name,label,tier\nblue.png,ship,1\ngreen.png,truck,1\n")
    answer = accepted.run("--robust-update-baseline", "-k", "test_case")
    assert "1 row of cases that no longer exist: other/red; `tierbench baseline prune` removes them" in answer.text
    shutil.rmtree(accepted.path / "cases" / "garage")
    answer = accepted.run("--robust-update-baseline")
    assert "10 cases removed, which the run does not have: garage/blue_1, " in answer.text
    rows = [line.split(",")[1] for line in baseline(accepted).read_text().splitlines() if line.startswith("other,")]
    assert rows == ["blue", "green"]
    assert "garage" not in baseline(accepted).read_text().partition("suite,case")[2]
    assert accepted.run().code == 0


def test_an_error_removes_no_row(accepted: Bench) -> None:
    picture = accepted.path / "cases" / "garage" / "red_1.png"
    picture.write_bytes(picture.read_bytes()[:60])
    assert accepted.run("--robust-update-baseline").code == 1
    assert "garage,red_1," in baseline(accepted).read_text()


def test_an_update_that_wrote_nothing_is_red(accepted: Bench) -> None:
    before = baseline(accepted).read_bytes()
    answer = accepted.run("--robust-update-baseline", "cases/test_tiers.py::test_tier")
    assert answer.code == 1
    assert "reports/baselines/model.csv is unchanged: no case of model was scored; select tests" in answer.text
    accepted.file("tests/test_other.py", "def test_it():\n    pass\n")
    answer = accepted.run("--robust-update-baseline", "tests")
    assert answer.code == 1
    assert "no baseline was written: no test of a case ran" in answer.text
    assert baseline(accepted).read_bytes() == before


def test_a_lock_that_cannot_be_had_is_one_line_and_red(accepted: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierbench.common.file_lock.PATIENCE_S", 0.1)
    with file_lock(baseline(accepted)):
        answer = accepted.run("--robust-update-baseline")
    assert answer.code == 1
    assert f"model.csv: is locked by process {os.getpid()} of " in answer.line("warning: ")


def test_a_disk_that_refuses_is_red(accepted: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = accepted.run("--robust-update-baseline")
    assert answer.code == 1
    assert "the baseline cannot be written: No space left on device" in answer.line("warning: ")
