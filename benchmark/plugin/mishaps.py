"""What went wrong around a run and was survived: a full disk, a folder taken away, a worker that died."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Mishaps:
    """Takes what went wrong; registered on the controller. A run with a mishap is not complete."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.lost_workers = 0

    @property
    def any(self) -> bool:
        """Whether something of the run may be missing from its record."""
        return bool(self.warnings) or self.lost_workers > 0

    @contextmanager
    def survived(self, what: str) -> Iterator[None]:
        """Go on where the disk refuses; the summary says so, once for each thing that was lost.

        Args:
            what: what is not whole then, `scores.csv is not whole`.
        """
        try:
            yield
        except OSError as error:
            warning = f"{what}: {error.strerror or error}"
            if warning not in self.warnings:
                self.warnings.append(warning)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Let the run end in order where a report cannot be written, pytest-html's or another's.

        Innermost, so that the terminal still prints its summary.
        """
        with self.survived("a report is not written"):
            yield

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """Note that a worker of pytest-xdist died: the test that it ran has no result."""
        self.lost_workers += 1
