"""The environment that the record of a run describes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import Bench
from tierbench.runs.environment import git_commit


@pytest.fixture(autouse=True)
def no_repository_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide all repositories from git except those that the test creates."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv("GIT_DIR", raising=False)


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org", "-c", "commit.gpgsign=false")
    answer = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def test_the_record_contains_the_commit_of_the_repository(study: Bench) -> None:
    git(study.path, "init", "--quiet")
    git(study.path, "commit", "--quiet", "--allow-empty", "--message=first")
    study.run("-m", "tier1")
    commit = study.record().run.git_commit
    assert commit == git(study.path, "rev-parse", "HEAD")
    assert len(commit) in (40, 64)


def test_a_folder_inside_a_repository_has_its_commit(tmp_path: Path) -> None:
    inside = tmp_path / "benchmarks" / "cars"
    inside.mkdir(parents=True)
    assert git_commit(inside) == ""
    git(tmp_path, "init", "--quiet")
    # There is no commit yet.
    assert git_commit(inside) == ""
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=first")
    assert git_commit(inside) == git(tmp_path, "rev-parse", "HEAD")
