"""Run the tests without any change, to know which test runs which line, how long each file takes, what fails anyway."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from coverage import CoverageData, CoverageException

from mutation.finder import Mutant
from mutation.worker import Worker, spread

DONE = "done.json"
# Commands and workers that tests start are measured, too, but as no test's own.
SETTINGS = "[run]\npatch = subprocess, _exit\nparallel = true\nsource = {package}\n"


class BrokenTestsError(Exception):
    """Tests that cannot be run as they are; the text says which and how it ended."""


class Baseline:
    """What the tests do without a change.

    Args:
        workers: to run the tests with.
        root: the repository.
        out: where the measurements are kept; a test file that is as it was is not measured again.
        tests: the test files, relative to the repository.
    """

    def __init__(self, workers: Sequence[Worker], root: Path, out: Path, tests: Sequence[str]) -> None:
        self._package = workers[0].package.name
        self._folders = {test: out / f"{test.replace('/', '-')}-{digest(root, [Path(test)])}" for test in tests}
        missing = [test for test, folder in self._folders.items() if not (folder / DONE).is_file()]
        for number, line in enumerate(spread(workers, [functools.partial(self._measure, test) for test in missing]), 1):
            print(f"[{number}/{len(missing)}] {line}", flush=True)
        done = {test: json.loads((folder / DONE).read_text()) for test, folder in self._folders.items()}
        self.seconds: dict[str, float] = {test: known["seconds"] for test, known in done.items()}
        self.failing: dict[str, list[str]] = {
            test: known["failing"] for test, known in done.items() if known["failing"]
        }

    def _measure(self, test: str, worker: Worker) -> str:
        folder = self._folders[test]
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        (folder / "settings").write_text(SETTINGS.format(package=worker.package))
        options = ("--cov", f"--cov-config={folder / 'settings'}", "--cov-context=test", "--cov-report=")
        tested = worker.test(*options, test, more={"COVERAGE_FILE": str(folder / "data")})
        if tested.code not in (0, 1, 5):
            raise BrokenTestsError(f"{test} ends with exit code {tested.code} without any change:\n{tested.output}")
        (folder / DONE).write_text(json.dumps({"seconds": tested.seconds, "failing": tested.failed}))
        return f"measured {test}: {tested.seconds:.0f} s" + "".join(
            f"\n  fails anyway: {name}" for name in tested.failed
        )

    @functools.cache  # noqa: B019 (there is one baseline)
    def _contexts(self, test: str, module: str) -> dict[int, set[str]]:
        """Return, for each line of a module, what of a test file ran it: `ID|run`, `ID|setup`, or "" for no test."""
        lines: dict[int, set[str]] = {}
        for file in self._folders[test].glob("data*"):
            data = CoverageData(str(file))
            # A process that its test killed leaves half a file.
            with suppress(CoverageException):
                data.read()
                for name in data.measured_files():
                    if name.endswith(f"/{self._package}/{module}"):
                        for line, contexts in data.contexts_by_lineno(name).items():
                            lines.setdefault(line, set()).update(contexts)
        return lines

    def covering(self, mutant: Mutant, tests: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Give each test file that runs a mutant's statement, with those of its tests that run it themselves."""
        first, last = mutant.lines
        for test in tests:
            contexts = self._contexts(test, mutant.module)
            found = set().union(*(contexts.get(line, set()) for line in range(first, last + 1)))
            names = sorted(name.removesuffix("|run") for name in found if name.endswith("|run"))
            if found:
                yield test, [name for name in names if name not in self.failing.get(test, ())]


def digest(root: Path, files: Iterable[Path]) -> str:
    """Return a short hash over some files, their names included."""
    state = hashlib.sha256()
    for file in files:
        state.update(f"{file.as_posix()}\0{hashlib.sha256((root / file).read_bytes()).hexdigest()}\n".encode())
    return state.hexdigest()[:12]
