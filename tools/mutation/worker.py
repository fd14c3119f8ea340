"""Run tests against one change in a copy of the repository; workers run beside each other and never meet."""

from __future__ import annotations

import compileall
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mutation.finder import Mutant

T = TypeVar("T")
# Half of a short run would be the import of plugins that have no say in its outcome.
LEFT_OUT = ("randomly", "cacheprovider", "benchmark", "hypothesispytest")
PYTEST = ("-q", "--tb=no", "-rfE", "-o", "addopts=", *(part for name in LEFT_OUT for part in ("-p", f"no:{name}")))
# Variables of a pytest or a measurement that this tool itself runs in.
FOREIGN = ("PYTEST_", "COVERAGE_", "COV_CORE_")


class StoppedError(Exception):
    """The user has stopped the tool: what a worker was doing has no result."""


@dataclass(frozen=True)
class Tested:
    """What came of a run of pytest: its exit code (None: it was over its time), its tests that failed, its output."""

    code: int | None
    failed: tuple[str, ...]
    seconds: float
    output: str


def repository_files(root: Path) -> list[Path]:
    """Return the files that git tracks or would track, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")  # noqa: S603
    return sorted({Path(name) for name in names if name and (root / name).is_file()})


class Worker:
    """One copy of the repository, and the pytest that runs in it.

    Args:
        root: the repository.
        package: the folder of the package in it.
        folder: where the copy is made.
    """

    def __init__(self, root: Path, package: Path, folder: Path) -> None:
        self.copy, self._folder = folder / "copy", folder
        self.package = self.copy / package
        for file in repository_files(root):
            (self.copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / file, self.copy / file)
        # No run writes bytecode, or a change of the same second and size would go unseen.
        compileall.compile_dir(self.copy, quiet=2)
        self._lock = threading.Lock()
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[None]:
        """Hold a change in the copy; the original's time comes back with it, so that its bytecode holds again."""
        file = self.package / mutant.module
        source, times = file.read_bytes(), file.stat()
        file.write_bytes(mutant.apply(source))
        yield
        file.write_bytes(source)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def test(self, *arguments: str, limit: float | None = None, more: Mapping[str, str] | None = None) -> Tested:
        """Run pytest in the copy, and end all that it started.

        Args:
            arguments: for pytest.
            limit: seconds after which it is killed.
            more: further variables of its environment.
        """
        temporary, output = self._folder / "tmp", self._folder / "output"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(self.package.parent), str(self.copy)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(temporary),
            "XDG_CACHE_HOME": str(temporary / "cache"),
            "CI": "true",  # hypothesis tries the same examples every time
            "OMP_NUM_THREADS": "1",
            **(more or {}),
        }
        began = time.monotonic()
        with output.open("wb") as file:
            with self._lock:
                if self._stopped:
                    raise StoppedError
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", "pytest", *PYTEST, *arguments],
                    cwd=self.copy,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                code: int | None = self._process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._kill()
        if self._stopped:
            raise StoppedError
        text = output.read_text(encoding="utf-8", errors="replace")
        failed = re.findall(r"^(?:FAILED|ERROR) ([^\s:]+(?:::.+?(?:\[.*?\])?)?)(?: - .*)?$", text, re.MULTILINE)
        return Tested(code, tuple(failed), time.monotonic() - began, text)

    def stop(self) -> None:
        """End what runs, and run nothing more."""
        with self._lock:
            self._stopped = True
            self._kill()

    def _kill(self) -> None:
        if self._process:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()


def spread(workers: Sequence[Worker], jobs: Iterable[Callable[[Worker], T]]) -> Iterator[T]:
    """Do each job with a worker that is free, and give results as they come; an exception stops all workers."""
    free: queue.Queue[Worker] = queue.Queue()
    for worker in workers:
        free.put(worker)

    def work(job: Callable[[Worker], T]) -> T:
        worker = free.get()
        try:
            return job(worker)
        finally:
            free.put(worker)

    with ThreadPoolExecutor(len(workers)) as pool:
        futures: list[Future[T]] = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            for worker in workers:
                worker.stop()
            pool.shutdown(cancel_futures=True)
            raise
