"""Find the suites of a pytest session and the test files next to them, from pytest's arguments.

Every pytest session runs this if tierbench is installed, so it imports nothing heavy.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tierbench.common.files import is_folder, is_regular, read_regular, shown_path
from tierbench.common.text import listed

_SUITE_FILES = ("metadata.csv", "suite.toml")
# A function with a parameter named after one of our fixtures.
_ASKS = re.compile(r"\bdef\s+\w+\([^)]*\brobust_[a-z]+\b")
_CLASSIFIER = re.compile(r"(?m)^\s*(?:async\s+)?def classifier\(")
# How deep below the arguments to search for suites, and in how many folders at most.
_DEEPEST, _MOST_FOLDERS = 4, 2000


@dataclass(frozen=True)
class Session:
    """Where a pytest session runs.

    Attributes:
        root: pytest's rootdir.
        folder: the folder in which pytest was started.
        arguments: the files and folders on pytest's command line, as written; may be empty.
        python_files, norecursedirs: pytest's settings of these names.
    """

    root: Path
    folder: Path
    arguments: Sequence[str]
    python_files: Sequence[str]
    norecursedirs: Sequence[str]

    def test_files(self, folder: Path) -> list[Path]:
        """Return the test files in a folder that use one of our fixtures."""
        return [
            file
            for file in sorted(folder.glob("*.py"))
            if any(fnmatch.fnmatch(file.name, pattern) for pattern in self.python_files) and asks_for_checks(file)
        ]

    def starts(self) -> Iterator[Path]:
        """Yield the folders in which to search for suites, from the arguments."""
        for argument in self.arguments or ["."]:
            path = self.folder / argument.partition("::")[0]
            # The argument is a suite, or a file in one.
            for folder in (path, path.parent):
                if is_folder(folder) and is_suite(folder):
                    yield folder.parent
                    return
            yield path if is_folder(path) else path.parent


@dataclass(frozen=True)
class Argument:
    """One of the files and folders on pytest's command line.

    Attributes:
        path: the file or folder; resolved.
        tests: the part after `::`; empty: all tests.
        suite: the suite, if its folder was named; None: all suites.
    """

    path: Path
    tests: str
    suite: Path | None

    def names(self, file: Path, suite: Path, test: str) -> bool:
        """Return whether it includes a test of a suite."""
        below = self.tests in ("", test) or test.startswith((f"{self.tests}[", f"{self.tests}::"))
        return below and self.suite in (None, suite) and file.is_relative_to(self.path)


@dataclass(frozen=True)
class Places:
    """Where the suites of a session are.

    Attributes:
        cases: suite folders, or folders of suites; absolute.
        only: folders of the suites that the arguments name; empty: all suites.
        files: the test files next to the suites; resolved. Those of one folder run the suites in it.
        arguments: the arguments, if some of them are suite folders; else empty.
    """

    cases: tuple[Path, ...]
    only: frozenset[Path] = frozenset()
    files: tuple[Path, ...] = ()
    arguments: tuple[Argument, ...] = ()

    @cached_property
    def _homes(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(file.parent for file in self.files))

    def runs(self, file: Path, suite: Path, test: str) -> bool:
        """Return whether a test belongs to this session.

        Args:
            file: the test file.
            suite: the folder of the suite that the test belongs to.
            test: its node id after the file, `test_case[suite/id]`.
        """
        homes = self._homes
        if len(homes) < 2 and not self.arguments:
            return True
        file, suite = _resolved(file), _resolved(suite)
        if file.parent in homes:
            # A suite without a test file of its own belongs to the first one.
            home = next((home for home in homes if suite.is_relative_to(home)), homes[0])
            if home != file.parent:
                return False
        return not self.arguments or any(argument.names(file, suite, test) for argument in self.arguments)

    def beside(self, file: Path) -> tuple[Path, ...] | None:
        """Return the other test files that run the same suites; None if one of them runs the suites first."""
        file = _resolved(file)
        folder = [each for each in self.files if each.parent == file.parent]
        if self.files and folder[:1] != [file]:
            return None
        return tuple(folder[1:])

    def looked(self, root: Path, found: bool) -> str:
        """Return why no test was found: where suites were looked for, and what to do.

        Args:
            root: the top of the repository.
            found: whether a suite was found.
        """
        places = listed(map(shown_path, self.cases)) or shown_path(root / "cases")
        if not found:
            return f"no suite was found in {places} (robust_cases); `tierbench init` writes a first one"
        if not self.files:
            return f"no test file beside the suites in {places} asks for robust_case; `tierbench init` writes one"
        return f"suites were looked for in {places} (robust_cases)"


def find_cases(session: Session) -> tuple[Path, ...]:
    """Return the folders with the suites of a session whose settings do not name any.

    They are `cases/` in the root, else folders named `cases` below the arguments, for projects inside a larger
    repository.
    """
    default = session.root / "cases"
    if holds_suites(default):
        return (default,)
    return tuple(dict.fromkeys(folder for start in session.starts() for folder in _below(session, start)))


def is_suite(folder: Path) -> bool:
    """Return whether a folder is a suite."""
    return any(is_regular(folder / name) for name in _SUITE_FILES)


def lacks_suites(folder: Path) -> bool:
    """Return whether a folder is there, but neither it nor a folder in it is a suite."""
    return is_folder(folder) and not is_suite(folder) and not any(map(is_suite, folder.iterdir()))


def asks_for_checks(file: Path) -> bool:
    """Return whether a test file uses one of the benchmark's fixtures."""
    return bool(_ASKS.search(source(file)))


def source(file: Path) -> str:
    """Return the text of a test file; empty if it cannot be read, which pytest reports."""
    try:
        return read_regular(file).decode("utf-8", "replace")
    except OSError:
        return ""


def holds_suites(folder: Path) -> bool:
    """Return whether a folder certainly contains suites; `cases/` of another project may have a metadata.csv too."""
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


def _below(session: Session, start: Path) -> Iterator[Path]:
    """Yield the folders named `cases` with suites, at or below a folder; depth and number of folders are limited."""
    if start.name == "cases" or is_suite(start):
        if holds_suites(start):
            yield start
        return
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
                if child.name == "cases" and holds_suites(child):
                    yield child
                elif not any(fnmatch.fnmatch(child.name, pattern) for pattern in session.norecursedirs):
                    deeper.append(child)
        level = deeper


def point_at(session: Session, cases: tuple[Path, ...]) -> tuple[Places, list[str]]:
    """Replace each suite folder among the arguments by the test file that runs it.

    `pytest cases/vehicles` and `cd cases/vehicles && pytest` then run that suite, although its folder has no test file.

    Returns:
        Where the suites are, and the new arguments for pytest.
    """
    files = tuple(dict.fromkeys(file.resolve() for folder in cases for file in session.test_files(folder)))
    arguments: list[Argument] = []
    given: list[str] = []
    for text in session.arguments:
        name, separator, tests = text.partition("::")
        path = Path(os.path.normpath(session.folder / name))
        if is_suite(path) and (file := _test_file(session, path, cases)):
            arguments.append(Argument(file.resolve(), tests, path.resolve()))
            given.append(f"{file}{separator}{tests}")
        else:
            arguments.append(Argument(path.resolve(), tests, None))
            given.append(text)
    suites = [argument.suite for argument in arguments if argument.suite]
    if not suites:
        return Places(cases, files=files), given
    # `pytest cases/vehicles tests` still runs one suite, `pytest cases/vehicles cases` runs all.
    others = any(argument.suite is None and lies_among(argument.path, cases) for argument in arguments)
    return Places(cases, frozenset() if others else frozenset(suites), files, tuple(arguments)), given


def defines_classifier(root: Path, cases: Path) -> bool:
    """Whether a conftest.py beside or above the suites defines the fixture: pytest may load it only later."""
    for folder in (cases, *cases.parents):
        if not folder.is_relative_to(root):
            break
        conftest = folder / "conftest.py"
        if conftest.is_file() and _CLASSIFIER.search(conftest.read_text(encoding="utf-8", errors="replace")):
            return True
    return False


def lies_among(path: Path, cases: Iterable[Path]) -> bool:
    """Return whether a resolved path is above, below or equal to a folder of suites."""
    roots = [folder.resolve() for folder in cases]
    return any(path.is_relative_to(root) or root.is_relative_to(path) for root in roots)


def _test_file(session: Session, suite: Path, cases: Sequence[Path]) -> Path | None:
    """Return the file whose tests run a suite: in the suite or above it, else next to other suites."""
    above = [folder for folder in (suite, *suite.parents) if folder.is_relative_to(session.root)]
    folders = dict.fromkeys((*above, *cases, session.root / "cases"))
    return next((file for folder in folders for file in session.test_files(folder)), None)


@lru_cache(maxsize=1024)
def _resolved(path: Path) -> Path:
    return path.resolve()
