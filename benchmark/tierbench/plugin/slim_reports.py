"""Release what pytest and pytest-html keep of tests that are over and nobody reads again.

Of 100,000 tests it would be more than two thirds of the memory.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import cached_property
from typing import Any

import pytest

from tierbench.plugin.case_properties import CaseProperties
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.reports import kept_properties


class SlimItems:
    """Releases what tests attached to their items; in every process that runs tests."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Keep the properties of a test that is over as its row."""
        if isinstance(item.user_properties, CaseProperties):
            # Another plugin runs it again, and may add to them.
            item.user_properties = list(item.user_properties)
        answer = yield
        item.user_properties = kept_properties(item.user_properties)
        return answer


class SilentReports:
    """Releases the reports that the terminal keeps and nobody reads; in every process that runs tests or takes reports.

    A worker of pytest-xdist has a terminal too, whose summary goes nowhere and takes as long.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @cached_property
    def _silent(self) -> list[pytest.TestReport]:
        """The terminal's list of setups and teardowns that passed; `--durations` counts them with the calls."""
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is None or getattr(self._config.option, "durations", None) is not None:
            return []
        silent: list[pytest.TestReport] = terminal.stats.setdefault("", [])
        return silent

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Drop a setup or teardown that passed in silence, when all plugins have seen it."""
        answer = yield
        if self._silent and self._silent[-1] is report and not report.sections:
            # For each failed test, pytest looks for the output of its teardown in all of them: of 100,000 tests, a
            # tenth of which fails, it would look at two thousand million.
            self._silent.pop()
        else:
            report.user_properties = kept_properties(report.user_properties)
        return answer


class TableReports:
    """Releases the reports that pytest-html keeps for its table, on the controller.

    Args:
        recorder: knows pytest-html's plugin.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @cached_property
    def _reports(self) -> dict[str, Any]:
        """The reports by node id and phase of which pytest-html makes rows when a test is over."""
        return getattr(self._recorder.html_plugin(), "_reports", {})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Drop the reports of a test that is over, of which pytest-html has made rows."""
        answer = yield
        if report.when == "teardown" and str(report.outcome) != "rerun":
            self._drop(report.nodeid)
        return answer

    def _drop(self, nodeid: str) -> None:
        """Drop them, unless pytest-html makes the rows of another try together with them."""
        if not any(outcome == "rerun" for _, outcome in self._reports.get(nodeid, ())):
            self._reports.pop(nodeid, None)
