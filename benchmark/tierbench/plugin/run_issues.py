"""Problems that a run survives: a full disk, a removed folder, a crashed worker."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from tierbench.common.text import one_line
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.recording import Recording
from tierbench.runs.wire import Reported, to_values
from tierbench.scoring.results import CaseResult


class RunIssues:
    """Collects them on the controller. A run with an issue is not complete.

    Args:
        session: suites and models.
        recording: takes the warnings.
    """

    def __init__(self, session: BenchmarkSession, recording: Recording) -> None:
        self._session = session
        self._recording = recording
        self.interrupted = False
        self._finished: set[str] = set()
        self._sent_out: int | None = None

    @property
    def any(self) -> bool:
        """Whether something of the run may be missing from its record."""
        return bool(self._recording.warnings) or self.interrupted

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Let the run end normally if a report cannot be written, pytest-html's or another plugin's.

        Innermost, so that the terminal still prints its summary.
        """
        with self._recording.survived("a report is not written"):
            yield

    def unfinished(self, session: pytest.Session) -> bool:
        """Whether a selected test did not finish: the exit code does not always show it."""
        expected = session.testscollected if self._sent_out is None else self._sent_out
        return len(self._finished) < expected

    @property
    def nothing_ran(self) -> bool:
        """Whether no test finished."""
        return not self._finished

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that finished."""
        if report.when == "teardown":
            self._finished.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """Note how many tests the workers will run between them."""
        self._sent_out = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Note that Ctrl-C or `pytest.exit()` stopped the run; the latter may exit with 0."""
        self.interrupted = True

    # After pytest-rerunfailures, which may have the test run again.
    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """Record an error for the case with which a worker of pytest-xdist died."""
        if str(report.outcome) == "rerun":
            return
        self._recording.warn(f"a worker died while it ran {one_line(crashitem)}")
        key, _, name = crashitem.partition("[")[2].removesuffix("]").partition(":")
        case = self._session.cases.get(key)
        name = name or self._session.names[0]
        if case is not None and name in self._session.names:
            row = CaseResult(case, name, error="the worker process died while it was tested").row()
            said = Reported("case", name, self._session.models.fingerprint(name), None, (row,))
            report.user_properties = to_values(said)
