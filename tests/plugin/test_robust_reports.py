"""--robust-reports DIR"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench


def test_the_run_is_recorded_there(study: Bench, tmp_path: Path) -> None:
    answer = study.run("-m", "tier1", "--robust-reports", tmp_path / "a" / "b")
    assert answer.code == 0
    (folder,) = (path for path in (tmp_path / "a" / "b").iterdir() if path.is_dir())
    assert {"report.html", "run.json", "scores.csv"} <= {path.name for path in folder.iterdir()}
    assert not (study.path / "reports").exists()
    assert "\nreport: " in answer.text


def test_an_explicit_html_report_is_respected(study: Bench) -> None:
    answer = study.run("-m", "tier1", "--html", "mine.html")
    assert "\nreport: mine.html\n" in answer.text
    assert (study.path / "mine.html").is_file()
    assert not (study.runs[0] / "report.html").exists()


def test_without_pytest_html_there_is_a_record_all_the_same(study: Bench) -> None:
    answer = study.run("-m", "tier1", "-p", "no:html")
    assert answer.code == 0
    assert answer.line("report: ").endswith("scores.csv")
    assert study.record().run.complete is True


@pytest.mark.parametrize("path", ["file", "file/below", "x" * 300])
def test_a_folder_that_cannot_be_written_is_one_line(study: Bench, path: str) -> None:
    study.file("file", "")
    answer = study.run("--robust-reports", path)
    assert answer.code == 4
    assert len(answer.errors) == 1
    assert answer.errors[0].startswith(f"--robust-reports {path}: cannot be written (")
    assert answer.errors[0].endswith("); name a folder that can")


def test_two_runs_never_share_a_folder(study: Bench) -> None:
    for _ in range(3):
        study.run("-m", "tier1")
    assert len(study.runs) == 3
