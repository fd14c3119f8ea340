"""What went wrong around a run and was survived: a full disk, a folder taken away, a worker that died."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tierbench.common.text import one_line
from tierbench.plugin.reports import properties
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.record import cells
from tierbench.scoring.results import CaseResult


class RunIssues:
    """Takes what went wrong; registered on the controller. A run with an issue is not complete.

    Args:
        session: suites and models.
    """

    def __init__(self, session: BenchmarkSession) -> None:
        self._session = session
        self.warnings: list[str] = []
        self.lost_workers = 0
        self.interrupted = False
        self._finished: set[str] = set()
        self._sent_out: int | None = None

    @property
    def any(self) -> bool:
        """Whether something of the run may be missing from its record."""
        return bool(self.warnings) or self.lost_workers > 0 or self.interrupted

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

    def unfinished(self, session: pytest.Session) -> bool:
        """Whether some selected test did not come to its end: the exit code does not always tell."""
        expected = session.testscollected if self._sent_out is None else self._sent_out
        return len(self._finished) < expected

    @property
    def nothing_ran(self) -> bool:
        """Whether no test came to its end."""
        return not self._finished

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that came to its end."""
        if report.when == "teardown":
            self._finished.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """Note how many tests the workers will run between them."""
        self._sent_out = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run was stopped, by Ctrl-C or by `pytest.exit()`, whose exit code may say that all is well."""
        self.interrupted = True

    # After pytest-rerunfailures, which may have the test run again.
    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """Return the case with which a worker of pytest-xdist died an error for a result."""
        if str(report.outcome) == "rerun":
            return
        self.lost_workers += 1
        self.warnings.append(f"a worker died while it ran {one_line(crashitem)}")
        key, _, name = crashitem.partition("[")[2].removesuffix("]").partition(":")
        case = self._session.cases.get(key)
        name = name or self._session.names[0]
        if case is not None and name in self._session.names:
            row = CaseResult(case, name, error="the worker process died while it was tested").row()
            report.user_properties = properties("case", name, self._session.models.fingerprint(name), cells(row))
