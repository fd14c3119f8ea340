"""Finds out whether a session concerns the benchmark: where its suites are, and what pytest was pointed at.

Every session of an environment that has tierbench installed comes here: nothing heavy is imported.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pytest

_SUITE_FILES = ("metadata.csv", "suite.toml")
# A function with a parameter by which a test file is known as the benchmark's.
_ASKS = re.compile(r"\bdef\s+\w+\([^)]*\brobust_[a-z]+\b")
# How far below what pytest was pointed at suites are looked for, and in how many folders at most.
_DEEPEST, _MOST_FOLDERS = 4, 2000


@dataclass(frozen=True)
class Argument:
    """One of the files and folders that pytest was pointed at.

    Attributes:
        path: the file or folder; resolved.
        tests: the part behind `::`; empty: all tests.
        suite: the suite whose folder was named; None: all suites.
    """

    path: Path
    tests: str
    suite: Path | None

    def names(self, file: Path, suite: Path, test: str) -> bool:
        """Return whether it names a test of a suite."""
        below = self.tests in ("", test) or test.startswith((f"{self.tests}[", f"{self.tests}::"))
        return below and self.suite in (None, suite) and file.is_relative_to(self.path)


@dataclass(frozen=True)
class Places:
    """Where the suites of a session are.

    Attributes:
        cases: suite folders, or folders of suites; absolute.
        only: folders of the suites that pytest was pointed at; empty: all.
        files: the test files beside the suites; resolved. Those of one folder run the suites in it.
        arguments: what pytest was pointed at, where it was pointed at suite folders; else empty.
    """

    cases: tuple[Path, ...]
    only: frozenset[Path] = frozenset()
    files: tuple[Path, ...] = ()
    arguments: tuple[Argument, ...] = ()

    @cached_property
    def _homes(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(file.parent for file in self.files))

    def runs(self, file: Path, suite: Path, test: str) -> bool:
        """Return whether a test is one of this session.

        Args:
            file: the test file.
            suite: the folder of the suite that the test is about.
            test: its node id behind the file, `test_case[suite/id]`.
        """
        homes = self._homes
        if len(homes) < 2 and not self.arguments:
            return True
        file, suite = _resolved(file), _resolved(suite)
        if file.parent in homes:
            # A suite without a test file of its own is the first one's.
            home = next((home for home in homes if suite.is_relative_to(home)), homes[0])
            if home != file.parent:
                return False
        return not self.arguments or any(argument.names(file, suite, test) for argument in self.arguments)

    def beside(self, file: Path) -> tuple[Path, ...] | None:
        """Return the other test files that run the same suites; None where one of those is the first to run them."""
        file = _resolved(file)
        folder = [each for each in self.files if each.parent == file.parent]
        if self.files and folder[:1] != [file]:
            return None
        return tuple(folder[1:])


def find_places(config: pytest.Config) -> Places | None:
    """Find the suites of a session; None where it has none, and neither an option nor a model in the settings asks.

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
    if asked or config.getini("robust_model"):
        return Places((root / "cases",) if (root / "cases").is_dir() else ())
    return None


def is_suite(folder: Path) -> bool:
    """Whether a folder is a suite."""
    return any((folder / name).is_file() for name in _SUITE_FILES)


def asks_for_checks(file: Path) -> bool:
    """Whether a test file asks for one of the benchmark's fixtures."""
    return bool(_ASKS.search(source(file)))


def source(file: Path) -> str:
    """Return the text of a test file; empty where it cannot be read, which pytest reports."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  # `~nobody`, of whom there is no home, stays as it is


def _holds_suites(folder: Path) -> bool:
    """Return whether a folder surely holds suites: other people's `cases/` may have a metadata.csv too."""
    try:
        children = list(folder.iterdir())
        return any(_surely_suite(each) for each in (folder, *children)) or any(
            child.suffix == ".py" and asks_for_checks(child) for child in children
        )
    except OSError:
        return False


def _surely_suite(folder: Path) -> bool:
    metadata, settings = (folder / name for name in _SUITE_FILES)
    if settings.is_file():
        return True
    if not metadata.is_file():
        return False
    with metadata.open("rb") as stream:
        return b"file_name" in stream.readline(4096)


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
    files = tuple(dict.fromkeys(file.resolve() for folder in cases for file in _test_files(config, folder)))
    arguments: list[Argument] = []
    given: list[str] = []
    for text in config.args:
        name, separator, tests = text.partition("::")
        path = Path(os.path.normpath(config.invocation_params.dir / name))
        if is_suite(path) and (file := _test_file(config, path, cases)):
            arguments.append(Argument(file.resolve(), tests, path.resolve()))
            given.append(f"{file}{separator}{tests}")
        else:
            arguments.append(Argument(path.resolve(), tests, None))
            given.append(text)
    config.args[:] = list(dict.fromkeys(given))
    suites = [argument.suite for argument in arguments if argument.suite]
    if not suites:
        return Places(cases, files=files)
    roots = [folder.resolve() for folder in cases]
    # `pytest cases/vehicles tests` runs one suite still, `pytest cases/vehicles cases` all.
    others = [
        argument
        for argument in arguments
        if argument.suite is None
        and any(argument.path.is_relative_to(root) or root.is_relative_to(argument.path) for root in roots)
    ]
    return Places(cases, frozenset() if others else frozenset(suites), files, tuple(arguments))


def _test_file(config: pytest.Config, suite: Path, cases: Sequence[Path]) -> Path | None:
    """Find the file whose tests run a suite: in the suite or above it, else beside other suites."""
    above = [folder for folder in (suite, *suite.parents) if folder.is_relative_to(config.rootpath)]
    folders = dict.fromkeys((*above, *cases, config.rootpath / "cases"))
    return next((file for folder in folders for file in _test_files(config, folder)), None)


def _test_files(config: pytest.Config, folder: Path) -> list[Path]:
    patterns = config.getini("python_files")
    return [
        file
        for file in sorted(folder.glob("*.py"))
        if any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns) and asks_for_checks(file)
    ]


@lru_cache(maxsize=1024)
def _resolved(path: Path) -> Path:
    return path.resolve()


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
        # With workers only they collect, and a problem that is found there cannot end the run in an orderly way.
        if getattr(config.option, "numprocesses", None):
            files = [path] if path.is_file() else path.glob("**/test_*.py")
            if any(asks_for_checks(file) for file in files):
                return True
    return False
