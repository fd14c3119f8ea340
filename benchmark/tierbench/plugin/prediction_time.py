"""Keep the time of predictions apart from that of tests: out of their time limits, and spread over their durations."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tierbench.plugin.check import Check
from tierbench.plugin.checks import CaseCheck
from tierbench.plugin.session import BenchmarkSession, check_of
from tierbench.suites.case import Case

_SENT = "robust_predictions"


class PredictionTime:
    """Accounts for predictions in one pytest process.

    A model predicts all pictures of a run when the first test asks. That test would run into the time limit that
    pytest-timeout sets for one, and would seem to take as long as all others together.

    Args:
        session: suites and models.
    """

    def __init__(self, session: BenchmarkSession) -> None:
        self._session = session
        # The test whose time pytest-timeout limits, with its settings; None: no limit runs.
        self._timed: tuple[pytest.Item, Any] | None = None
        # Seconds of prediction in the phase of the test that runs now.
        self._spent = 0.0
        # Seconds of each picture that no test has taken over yet, by model and `suite/id`.
        self._shares: dict[tuple[str, str], float] = {}
        session.around_predictions = self.apart
        session.models.around = self.apart

    @contextmanager
    def apart(self, model: str, cases: Sequence[Case]) -> Iterator[None]:
        """Stop the clock of the test that runs while a model predicts; other processes may be waited for.

        Args:
            model: name of the model.
            cases: the cases over whose tests the time is spread; empty: it stays with the test that asked.
        """
        begun = time.perf_counter()
        with self._without_limit():
            yield
        if not cases:
            return
        spent = time.perf_counter() - begun
        self._spent += spent
        self._shares.update({(model, case.key): spent / len(cases) for case in cases})

    @contextmanager
    def _without_limit(self) -> Iterator[None]:
        """Cancel the timer of pytest-timeout, and start it anew afterwards, through its own hooks."""
        if self._timed is None:
            yield
            return
        item, settings = self._timed
        hooks: Any = item.config.hook
        hooks.pytest_timeout_cancel_timer(item=item)
        try:
            yield
        finally:
            hooks.pytest_timeout_set_timer(item=item, settings=settings)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: object) -> None:
        """Note the limit; pytest-timeout sets it."""
        self._timed = (item, settings)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Note that no limit runs."""
        self._timed = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take the prediction of all pictures out of a test's duration, and put in that of its own."""
        report = yield
        report.duration = max(0.0, report.duration - self._spent)
        self._spent = 0.0
        check = check_of(item)
        # The phase that counts for the test: see `reported`.
        if check is not None and self._shares and (call.when == "call" or (call.when == "setup" and not report.passed)):
            report.duration += self._share(check)
        return report

    def _share(self, check: Check) -> float:
        """Return the seconds of the pictures that a test is about; a gate takes over those without a test."""
        tested, alone = self._session.selection.tested, isinstance(check, CaseCheck)
        keys = ((model, case.key) for model in check.models for case in check.needs)
        return sum(self._shares.pop(key, 0.0) for key in keys if alone or key not in tested)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send from a worker of pytest-xdist how long its models predicted."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_SENT] = {name: list(found) for name, found in self._session.models.predictions.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker sent: of those that share a run, one predicts, and the others read."""
        known = self._session.models.predictions
        for name, found in getattr(node, "workeroutput", {}).get(_SENT, {}).items():
            known[name] = max(known.get(name, (0, 0.0)), tuple(found), key=lambda each: each[1])
