"""--robust-update-baseline: what it writes, what it leaves, and that a failed run changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench


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
    assert accepted.run(f"--robust-model=model={worse}", "--robust-update-baseline", "-k", "green_1").code == 0
    after = baseline(accepted).read_text().splitlines()
    changed = [new for new in after if new not in before and new.startswith("garage,")]
    assert [row.split(",")[1] for row in changed] == ["green_1"]
    assert len(after) == len(before)
    assert any("mixed (latest" in row for row in after)


@pytest.mark.parametrize("stop", [("-x",), ("--maxfail=1",)])
def test_a_run_that_stopped_early_is_not_accepted(garage: Bench, stop: tuple[str, ...]) -> None:
    garage.file("cases/test_a_first.py", "def test_it():\n    assert False\n")
    answer = garage.run("--robust-update-baseline", *stop, "cases/test_tiers.py", "cases/test_a_first.py")
    assert answer.code == 1
    assert "the baseline stays as it is: the run stopped early" in answer.text
    assert not baseline(garage).exists()
    assert garage.record().content["complete"] is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("suite,case\n", "not a baseline: line 1 is"),
        ("# tierbench baseline 9\n", "a newer tierbench wrote it"),
        ("# tierbench baseline 0\n# end\n", "schema '0' is not 1"),
        ("# tierbench baseline 1\nsuite,", "the file is cut"),
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
