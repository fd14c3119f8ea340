"""The cost of a command: wall-clock time, CPU time and peak memory of a process and its children."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """The cost of a command: wall-clock seconds, CPU seconds, peak memory in MB; and its output."""

    clock: float
    processor: float
    memory: float
    text: str


def timed(command: list[str], folder: Path, accepted: Collection[int] = (0,)) -> Spent:
    """Run a command and return its cost, that of its child processes included; exit if its code is not accepted."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if (code := os.waitstatus_to_exitcode(status)) not in accepted:
        sys.exit(f"{' '.join(command)} ended with {code}:\n{text[-4000:]}")
    return Spent(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def pytest_command(*arguments: str) -> list[str]:
    """Return the command that runs pytest with this interpreter."""
    return [sys.executable, "-m", "pytest", "-q", *arguments]
