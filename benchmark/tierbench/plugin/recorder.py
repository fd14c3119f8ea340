"""The controller's hooks of a run: collect reports, end the record, print the summary."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import FailedTest
from tierbench.common.text import message_line
from tierbench.plugin.kept_objects import KeptObjects
from tierbench.plugin.reports import reported, without_ours
from tierbench.plugin.run_issues import RunIssues
from tierbench.plugin.session import BenchmarkSession
from tierbench.report.junit_text import suite_properties
from tierbench.report.markdown_file import foreign_file
from tierbench.report.set_text import WARNING
from tierbench.report.summary_text import run_lines
from tierbench.runs.record import REPORT, RUN, SCORES
from tierbench.runs.recording import Recording
from tierbench.runs.run_verdict import verdict_of

if TYPE_CHECKING:
    from tierbench.runs.explaining import Explained

# After so many rows.
_OFTEN = 1000
_WITHOUT_A_TEST = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)


class Recorder:
    """Keeps the record of a run; never registered in an xdist worker.

    Args:
        config: pytest's configuration.
        session: suites and models.
        kept: what the session keeps to its end.
    """

    def __init__(self, config: pytest.Config, session: BenchmarkSession, kept: KeptObjects) -> None:
        self.config = config
        self.session = session
        self._kept = kept
        self.report_file: Path | None = None
        self.recording = Recording(session, tuple(map(str, config.invocation_params.args)))
        self.issues = RunIssues(session, self.recording)
        # Set when the run is over, if cases were to be explained.
        self.explained: Explained | None = None

    def prepare(self) -> None:
        """Make the run's folder, and point pytest-html at it; `discard` undoes it."""
        self.recording.prepare()
        folder, option = self.recording.folder, self.config.option
        if folder is None or not hasattr(option, "htmlpath"):
            return  # -p no:html
        if option.htmlpath:
            self.report_file = Path.cwd() / Path(os.path.expandvars(option.htmlpath)).expanduser()
        else:
            self.report_file = folder / REPORT
            option.htmlpath = str(self.report_file)
            option.self_contained_html = True

    def problems(self) -> list[str]:
        """Return why the record or the summary cannot be written."""
        file = self.session.config.markdown
        foreign = foreign_file(file) if file else ""
        summary = f"--robust-markdown {shown_path(file)}: {foreign}" if file and foreign else ""
        return [problem for problem in (self.recording.problem, summary) if problem]

    def discard(self) -> None:
        """Remove the folder of a run that selected no benchmark test."""
        if not self.recording.begun:
            self._silence_html()
            self.recording.discard()

    def _silence_html(self) -> None:
        """Let pytest-html write and say no more, where its report would go to the run's folder."""
        html, folder = self.html_plugin(), self.recording.folder
        if html is not None and folder and self.report_file == folder / REPORT:
            self.config.pluginmanager.unregister(html)

    def html_plugin(self) -> Any:
        """Return pytest-html's own plugin, which registers itself without a name; None where it is not there."""
        return self._plugin("pytest_html.", "pytest_sessionfinish")

    @cached_property
    def _tests_elsewhere(self) -> bool:
        """Whether all that this process does is to take reports: workers run the tests."""
        return bool(self.config.getoption("dist", "no") != "no" and self.config.getoption("numprocesses", None))

    @cached_property
    def _junit(self) -> Any:
        """pytest's writer of JUnit XML; None where none is written."""
        return self._plugin("_pytest.junitxml", "add_global_property")

    def _plugin(self, module: str, method: str) -> Any:
        plugins: set[object] = self.config.pluginmanager.get_plugins()
        found = (each for each in plugins if type(each).__module__.startswith(module) and hasattr(each, method))
        return next(found, None)

    def pytest_collection_finish(self) -> None:
        """Start the record, or take the folder back."""
        if self._tests_elsewhere:
            return  # the workers collect; the next hook is called instead
        if self.session.selected:
            self.recording.begin()
        else:
            self.discard()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Start the record when a worker has selected benchmark tests."""
        known = {self.session.check_id(check) for checks in self.session.checks.values() for check in checks}
        if any(nodeid.partition("[")[2].removesuffix("]") in known for nodeid in ids):
            self.recording.begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record what a benchmark test attached to its report."""
        if (said := reported(report)) is not None:
            self.recording.take(said)
            if self._tests_elsewhere and not len(self.recording.gathered.rows) % _OFTEN:
                self._kept.keep()
        if report.failed:
            self._note_failure(report)
        junit = self._junit
        if junit is not None and junit.family != "xunit1":
            # Of the families of JUnit XML, only this one has properties inside of test cases.
            report.user_properties = without_ours(report.user_properties)

    def _note_failure(self, report: pytest.TestReport) -> None:
        check = self.session.test_of(report.nodeid)
        if check is None:
            self.recording.failed_others.add(report.nodeid)
            return
        error = str(report.when) != "call"
        failed = FailedTest(kind=check.kind, model=check.model, name=check.name, error=error)
        # What its call said counts, whatever its teardown does.
        self.recording.failed.setdefault(report.nodeid, failed)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file of others that cannot be collected, where the session goes on without it."""
        if report.failed:
            self.recording.failed_others.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Finish the record; before pytest-html makes the report, so that it can show the level."""
        recording = self.recording
        recording.close()
        if recording.begun and self.issues.nothing_ran and exitstatus in _WITHOUT_A_TEST:
            # Another file could not be collected, or an option was wrong: there is nothing to record.
            recording.begun = False
        if not recording.begun:
            # pytest-html's turn comes right after this one, whatever is unregistered now: the folder goes later.
            self._silence_html()
            if self.session.updating and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        stopped = exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        stopped = stopped or bool(session.shouldstop or session.shouldfail) or self.issues.unfinished(session)
        recording.finish(complete=not (stopped or self.issues.any))
        if self.session.config.explain != "none" and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._explain()
        self.session.release()
        if recording.run is not None and self._junit is not None:
            for name, value in suite_properties(recording.run):
                self._junit.add_global_property(name, value)
        if recording.not_accepted and session.exitstatus == pytest.ExitCode.OK:
            # What was asked for was not done.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _explain(self) -> None:
        """Explain cases for the report, when all is judged and recorded; whatever happens, the run ends as it would."""
        why = "no report is written" if self.report_file is None else ""
        why = why or ("" if self.session.asks_models else "no model is asked; explain in the runs of the shards")
        if why:
            self.recording.notes.append(f"--robust-explain {self.session.config.explain}: nothing is explained: {why}")
            return
        # Here, because few runs explain anything.
        from tierbench.runs.explaining import explain_run

        self.explained = explain_run(self.session, self.recording.rows)
        self.recording.notes += self.explained.notes

    # The innermost wrapper: after the record and the report are there, before the terminal's summary.
    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_pages(self) -> Generator[None, object, object]:
        """Write the page of all runs, and the summary as Markdown; a disk that refuses never turns a run red."""
        answer = yield
        recording, config = self.recording, self.session.config
        if recording.run is None or recording.folder is None or not (recording.folder / RUN).is_file():
            return answer
        try:
            from tierbench.report.pages import write_pages

            write_pages(config.reports, config.markdown, recording.run, recording.rows)
        except UserError as error:
            recording.notes += error.lines
        return answer

    # The outermost: below pytest's list of failures.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        """Print the tiers, the levels and where the report is."""
        yield
        recording = self.recording
        if not recording.begun or recording.folder is None:
            if self.session.updating:
                terminalreporter.write_line("no baseline was written: no test of a case ran", yellow=True)
            return
        terminalreporter.write_sep("=", "robustness")
        lines = run_lines(recording.run, recording.rows) if recording.run else []
        if lines and recording.run:
            state = verdict_of(recording.run).state
            terminalreporter.write_line(
                lines.pop(0), bold=True, **{"passed": {"green": True}, "failed": {"red": True}}.get(state, {})
            )
        for line in lines + recording.notes:
            loud = line.startswith(WARNING)
            terminalreporter.write_line(line, red=loud, bold=loud)
        for warning in [*recording.warnings, *recording.failures, *self.session.models.warnings]:
            terminalreporter.write_line(f"warning: {message_line(warning)}", yellow=True)
        shown = self.report_file if self.report_file else recording.folder / SCORES
        terminalreporter.write_line(f"report: {shown_path(shown)}")
