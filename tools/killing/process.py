"""Start a command in a repository, and kill it with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.001
_LONGEST_S = 300


@dataclass(frozen=True)
class Place:
    """Where commands run.

    Attributes:
        top: the repository.
        cache: the folder of cached predictions.
        temporary: the folder of temporary files, locks among them.
    """

    top: Path
    cache: Path
    temporary: Path

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start `python -m` with arguments in its own process group."""
        own = {"TIERBENCH_CACHE": str(self.cache), "TMPDIR": str(self.temporary), "PYTEST_ADDOPTS": "-p no:randomly"}
        return subprocess.Popen(  # noqa: S603 (our own commands)
            [sys.executable, "-m", *arguments],
            cwd=self.top,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def whole(self, arguments: Sequence[str]) -> str:
        """Run a command to its end, which must be a good one, and return what it printed.

        Raises:
            AssertionError: if it ended with another exit code than 0, or in a traceback.
        """
        process = self.start(arguments)
        try:
            output, _ = process.communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"{' '.join(arguments)} hangs") from None
        text = output.decode(errors="replace")
        if process.returncode or "Traceback" in text or "INTERNALERROR" in text:
            raise AssertionError(f"{' '.join(arguments)} ended with {process.returncode}:\n{text}")
        return text


def kill(process: subprocess.Popen[bytes], begun: Callable[[], bool], after: float) -> bool:
    """Kill a command some seconds after it has begun to change files; return False if it had ended before."""
    while process.poll() is None and not begun():
        time.sleep(_POLL_S)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL
