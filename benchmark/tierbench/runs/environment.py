"""Read the environment of a run: versions of the tools, number of threads, commit of the repository, person."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tierbench.models.prediction_store import library_versions


def tool_versions() -> dict[str, str]:
    """Return the versions of the libraries and tools without importing them."""
    return {**library_versions(), "pytest": version("pytest"), "tierbench": version("tierbench")}


def thread_count() -> int | None:
    """Return the number of threads that torch uses; None if this process has not loaded torch."""
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch is not None else None


def git_commit(root: Path) -> str:
    """Return the commit of the repository that contains the folder; empty if there is none."""
    return _git(root, "rev-parse", "HEAD")


def person(root: Path) -> str:
    """Return who is at work: the name or address that git has for the folder, or the account; `unknown` without."""
    if named := _git(root, "config", "user.name") or _git(root, "config", "user.email"):
        return named
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _git(root: Path, *arguments: str) -> str:
    """Return what git answers; empty if it has no answer."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        answer = subprocess.run(  # noqa: S603
            [git, *arguments], cwd=root, capture_output=True, text=True, errors="replace", timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
