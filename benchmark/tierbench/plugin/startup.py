"""Finds out whether a session concerns the benchmark: where its suites are, and what pytest was pointed at.

Every session of an environment that has tierbench installed comes here: nothing heavy is imported.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_SUITE_FILES = ("metadata.csv", "suite.toml")
# The fixtures by which a test file is known as the benchmark's.
_ASKS = re.compile(r"\brobust_[a-z]+\b")
# How far below what pytest was pointed at suites are looked for, and in how many folders at most.
_DEEPEST, _MOST_FOLDERS = 4, 2000


@dataclass(frozen=True)
class Places:
    """Where the suites of a session are.

    Attributes:
        cases: suite folders, or folders of suites; absolute.
        only: folders of the suites that pytest was pointed at; empty: all.
    """

    cases: tuple[Path, ...]
    only: frozenset[Path] = frozenset()


def find_places(config: pytest.Config) -> Places | None:
    """Find the suites of a session; None where it has none, and asks for nothing of the benchmark.

    They are where `robust_cases` says, else in `cases/`, else below what pytest was pointed at: in a folder `cases`
    that holds suites, as a project inside of a larger repository has it.
    """
    root = config.rootpath
    given = config.getoption("robust_cases") or config.getini("robust_cases")
    if given:
        return _pointed_at(config, tuple(root / _expanded(path) for path in given))
    if _holds_suites(root / "cases"):
        return _pointed_at(config, (root / "cases",))
    if found := tuple(dict.fromkeys(folder for start in _starts(config) for folder in _below(config, start))):
        return _pointed_at(config, found)
    asked = any(name.startswith("robust_") and value for name, value in vars(config.option).items())
    return Places((root / "cases",) if (root / "cases").is_dir() else ()) if asked else None


def is_suite(folder: Path) -> bool:
    """Whether a folder is a suite."""
    return any((folder / name).is_file() for name in _SUITE_FILES)


def asks_for_checks(file: Path) -> bool:
    """Whether a test file asks for one of the benchmark's fixtures."""
    return bool(_ASKS.search(file.read_text(encoding="utf-8", errors="replace")))


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  # `~nobody`, of whom there is no home, stays as it is


def _holds_suites(folder: Path) -> bool:
    if is_suite(folder):
        return True
    try:
        children = list(folder.iterdir())
    except OSError:
        return False
    return any(is_suite(child) for child in children if child.is_dir()) or any(
        asks_for_checks(child) for child in children if child.suffix == ".py" and child.is_file()
    )


def _starts(config: pytest.Config) -> Iterator[Path]:
    for argument in config.args or ["."]:
        path = config.invocation_params.dir / argument.partition("::")[0]
        # Pointed at a suite, or at a file beside suites.
        for folder in (path, path.parent):
            if folder.is_dir() and is_suite(folder):
                yield folder.parent
                return
        yield path if path.is_dir() else path.parent


def _below(config: pytest.Config, start: Path) -> Iterator[Path]:
    """Yield the folders named `cases` at or below a folder that hold suites; the tree is walked within bounds."""
    if start.name == "cases" or is_suite(start):
        if _holds_suites(start):
            yield start
        return
    skipped = config.getini("norecursedirs")
    level, seen = [start], 0
    for _ in range(_DEEPEST):
        deeper: list[Path] = []
        for folder in level:
            seen += 1
            if seen > _MOST_FOLDERS:
                return
            try:
                children = sorted(
                    Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)
                )
            except OSError:
                continue
            for child in children:
                if child.name == "cases" and _holds_suites(child):
                    yield child
                elif not any(fnmatch.fnmatch(child.name, pattern) for pattern in skipped):
                    deeper.append(child)
        level = deeper


def _pointed_at(config: pytest.Config, cases: tuple[Path, ...]) -> Places:
    """Replace the suite folders among pytest's arguments by the test file beside them.

    `pytest cases/vehicles` and `cd cases/vehicles && pytest` so run that suite: a suite folder holds no test file.
    """
    only: set[Path] = set()
    arguments: list[str] = []
    whole = False
    for argument in config.args:
        path = Path(os.path.normpath(config.invocation_params.dir / argument))
        if is_suite(path) and (file := _test_file(config, path, cases)):
            only.add(path.resolve())
            arguments.append(str(file))
        else:
            whole = whole or any(path.is_relative_to(folder) or folder.is_relative_to(path) for folder in cases)
            arguments.append(argument)
    config.args[:] = list(dict.fromkeys(arguments))
    return Places(cases, frozenset() if whole else frozenset(only))


def _test_file(config: pytest.Config, suite: Path, cases: Sequence[Path]) -> Path | None:
    """Find the file whose tests run a suite: in the suite or above it, else beside other suites."""
    patterns = config.getini("python_files")
    above = [folder for folder in (suite, *suite.parents) if folder.is_relative_to(config.rootpath)]
    for folder in dict.fromkeys((*above, *cases, config.rootpath / "cases")):
        for file in sorted(folder.glob("*.py")):
            if any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns) and asks_for_checks(file):
                return file
    return None


def only_looks(config: pytest.Config) -> bool:
    """Whether pytest will run no test (`--collect-only`, `--setup-plan`, `--help`, `--markers`, `--fixtures` …)."""
    option = config.option
    names = ("collectonly", "setuponly", "setupplan", "help", "version", "markers", "showfixtures", "cacheshow")
    return any(getattr(option, name, None) for name in (*names, "show_fixtures_per_test"))


def is_concerned(config: pytest.Config, cases: Sequence[Path]) -> bool:
    """Whether what pytest was pointed at lies among the suites: `pytest tests/unit` is none of our business.

    The parametrized tests live beside the suites; where they do not, the selection is looked at later.
    """
    roots = [path.resolve() for path in cases]
    for argument in config.args or ["."]:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if any(path.is_relative_to(root) or root.is_relative_to(path) for root in roots):
            return True
        # With workers only they collect, and a fault that is found there cannot end the run in an orderly way.
        if getattr(config.option, "numprocesses", None):
            files = [path] if path.is_file() else path.glob("**/test_*.py")
            if any(asks_for_checks(file) for file in files):
                return True
    return False
