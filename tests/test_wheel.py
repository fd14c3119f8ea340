"""The built wheel outside the clone: all it needs is in it, and a stranger's first five minutes work with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.flat_colours import flat
from tests.installed import SHIPS, Installation


def test_all_that_is_no_code_is_in_it(installed: Path) -> None:
    there = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "benchmark"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    wanted = {name.removeprefix("benchmark/") for name in tracked if name and (REPOSITORY / name).is_file()}
    assert any(name.endswith("templates/test_tiers.py") for name in wanted)
    assert any(name.endswith("parameters.json") for name in wanted)
    assert any(name.endswith("imagenet.tsv") for name in wanted)
    assert any(name.endswith("wordnet.tsv") for name in wanted)
    assert wanted - there == set()
    # And nothing else: no tests, no pictures, no reports.
    assert {name.partition("/")[0].partition("-")[0] for name in there} == {"tierbench"}


@pytest.mark.slow
def test_a_strangers_first_minutes_outside_the_clone(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "street"
    home.mkdir()
    environment = Installation(installed, tmp_path / "cache").environment

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [sys.executable, *command],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in answer.stdout + answer.stderr
        return answer

    where = call("-c", "import tierbench; print(tierbench.__file__)").stdout.strip()
    assert Path(where).is_relative_to(installed)
    (home / "ships.py").write_text(SHIPS, encoding="utf-8")
    assert call("-m", "tierbench", "init", "--suite", "sea", "--model", "python:ships:Ship").returncode == 0
    for name, label in (("blue", "ship"), ("red", "airplane")):
        flat(name).save(tmp_path / f"{name}.png")
        added = call(
            *(
                "-m",
                "tierbench",
                "add",
                str(tmp_path / f"{name}.png"),
                "--suite",
                "sea",
                "--label",
                label,
                "--tier",
                "1",
            )
        )
        assert added.returncode == 0, added.stderr
    answer = call("-m", "pytest")
    assert answer.returncode == 1, answer.stdout
    assert "sea/red [tier 1]: expected airplane, got ship 0.900" in answer.stdout
    assert "Ship: level 0 of 1" in answer.stdout
    (report,) = (home / "reports").glob("*/report.html")
    assert "sea/red" in report.read_text(encoding="utf-8")
