"""The controller's side of a run: collects reports, writes the record, prints the summary."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import CaseRow, Run
from tierbench.plugin.reports import reported
from tierbench.plugin.run_issues import RunIssues
from tierbench.plugin.session import BenchmarkSession
from tierbench.report.markdown_file import foreign_file
from tierbench.report.summary_text import run_lines
from tierbench.runs.acceptance import accept_rows
from tierbench.runs.assemble import Assembly, Gathered
from tierbench.runs.record import REPORT, RUN, SCORES, ScoresFile, new_run_folder, write_run

_WITHOUT_A_TEST = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)


class Recorder:
    """Keeps the record of a run; never registered in an xdist worker.

    Args:
        config: pytest's configuration.
        session: suites and models.
    """

    def __init__(self, config: pytest.Config, session: BenchmarkSession) -> None:
        self.config = config
        self.session = session
        self.folder: Path | None = None
        self.report_file: Path | None = None
        self.issues = RunIssues(session)
        self.gathered = Gathered()
        self.notes: list[str] = []
        self.failures: list[str] = []
        # Set when the run is over.
        self.run: Run | None = None
        self._scores: ScoresFile | None = None
        self._begun = False
        self._made_reports = False
        self._unwritable = ""
        self._started, self._clock = time.time(), time.monotonic()

    # -- the run's folder ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the run's folder, and point pytest-html at it; `discard` undoes it."""
        reports = self.session.config.reports
        self._made_reports = not reports.exists()
        try:
            self.folder = new_run_folder(reports)
        except OSError as error:
            self._unwritable = (
                f"--robust-reports {shown_path(reports)}: cannot be written ({error.strerror}); name a folder that can"
            )
            return
        if not hasattr(self.config.option, "htmlpath"):
            return  # -p no:html
        if self.config.option.htmlpath:
            self.report_file = Path.cwd() / Path(os.path.expandvars(self.config.option.htmlpath)).expanduser()
        else:
            self.report_file = self.folder / REPORT
            self.config.option.htmlpath = str(self.report_file)
            self.config.option.self_contained_html = True

    def problems(self) -> list[str]:
        """Return why the record or the summary cannot be written."""
        file = self.session.config.markdown
        foreign = foreign_file(file) if file else ""
        summary = f"--robust-markdown {shown_path(file)}: {foreign}" if file and foreign else ""
        return [problem for problem in (self._unwritable, summary) if problem]

    def begin(self) -> None:
        """Start the record, when it is known that a benchmark test will run."""
        if self._begun or self.folder is None:
            return
        self._begun = True
        parameters = dict.fromkeys(name for suite in self.session.suites for name in suite.parameters)
        with self.issues.survived(f"{SCORES} is not written"):
            self._scores = ScoresFile(self.folder / SCORES, tuple(parameters))
        with self.issues.survived(f"{RUN} is not written"):
            write_run(self.folder, self._assemble(complete=False))

    def discard(self) -> None:
        """Remove the folder of a run that selected no benchmark test."""
        if self.folder is None or self._begun:
            return
        self._silence_html()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._made_reports:
            with contextlib.suppress(OSError):  # another run may have put its folder there
                self.folder.parent.rmdir()
        self.folder = self.report_file = None

    def _silence_html(self) -> None:
        """Let pytest-html write and say no more, where its report would go to the run's folder."""
        html = self.html_plugin()
        if html is not None and self.folder and self.report_file == self.folder / REPORT:
            self.config.pluginmanager.unregister(html)

    def html_plugin(self) -> Any:
        """Return pytest-html's own plugin, which registers itself without a name; None where it is not there."""
        plugins: set[object] = self.config.pluginmanager.get_plugins()
        for plugin in plugins:
            if type(plugin).__module__.startswith("pytest_html.") and hasattr(plugin, "pytest_sessionfinish"):
                return plugin
        return None

    # -- hooks --------------------------------------------------------------------------------

    def pytest_collection_finish(self) -> None:
        """Start the record, or take the folder back."""
        if self.config.getoption("dist", "no") != "no" and self.config.getoption("numprocesses", None):
            return  # the workers collect; the next hook is called instead
        if self.session.selection.checks:
            self.begin()
        else:
            self.discard()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Start the record when a worker has selected benchmark tests."""
        known = {self.session.check_id(check) for checks in self.session.checks.values() for check in checks}
        if any(nodeid.partition("[")[2].removesuffix("]") in known for nodeid in ids):
            self.begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record what a benchmark test attached to its report."""
        said = reported(report)
        if said is None:
            return
        self.begin()
        self.gathered.fingerprints[said.model] = said.fingerprint
        if said.result is not None:
            self.gathered.take(said.kind, said.model, said.key, said.result)
        for row in said.rows:
            self.gathered.rows[(row.suite, row.case, row.model)] = row
            if self._scores:
                with self.issues.survived(f"{SCORES} is not whole"):
                    self._scores.append(row)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Finish the record; before pytest-html makes the report, so that it can show the level."""
        if self._scores:
            with self.issues.survived(f"{SCORES} is not whole"):
                self._scores.close()
        if self._begun and self.issues.nothing_ran and exitstatus in _WITHOUT_A_TEST:
            # Another file could not be collected, or an option was wrong: there is nothing to record.
            self._begun = False
        if not self._begun:
            # pytest-html's turn comes right after this one, whatever is unregistered now: the folder goes later.
            self._silence_html()
        elif self.folder:
            stopped = exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
            stopped = stopped or bool(session.shouldstop or session.shouldfail) or self.issues.unfinished(session)
            complete = not (stopped or self.issues.any)
            if self.session.updating:
                with self.issues.survived("the baseline is not written"):
                    self._accept(session, complete)
            self.run = self._assemble(complete=complete)
            with self.issues.survived(f"{RUN} is not written"):
                write_run(self.folder, self.run)

    # The innermost wrapper: after the record and the report are there, before the terminal's summary.
    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_pages(self) -> Generator[None, object, object]:
        """Write the page of all runs, and the summary as Markdown; a disk that refuses never turns a run red."""
        answer = yield
        if self.run is None or self.folder is None or not (self.folder / RUN).is_file():
            return answer
        try:
            from tierbench.report.html.history_page import write_page

            write_page(self.session.config.reports)
            if self.session.config.markdown:
                self._write_markdown(self.session.config.markdown, self.run)
        except UserError as error:
            self.notes += error.lines
        return answer

    # The outermost: below pytest's list of failures.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        """Print the tiers, the levels and where the report is."""
        yield
        if not self._begun or self.folder is None:
            return
        terminalreporter.write_sep("=", "robustness")
        for line in (run_lines(self.run, self.rows) if self.run else []) + self.notes:
            terminalreporter.write_line(line)
        store = (
            [self.session.models.store.warning]
            if self.session.selection.cases and self.session.models.store.warning
            else []
        )
        for warning in [*self.issues.warnings, *self.failures, *store]:
            terminalreporter.write_line(f"warning: {warning}", yellow=True)
        shown = self.report_file if self.report_file else self.folder / SCORES
        terminalreporter.write_line(f"report: {shown_path(shown)}")

    # -- the record ----------------------------------------------------------------------------

    @property
    def rows(self) -> list[CaseRow]:
        """The rows of the record."""
        return list(self.gathered.rows.values())

    def card(self, name: str) -> dict[str, Any]:
        """Return the model card that was kept when the model first predicted; empty where there is none."""
        return self._assembly().card(name)

    def _assembly(self) -> Assembly:
        session, config = self.session, self.session.config
        specs = {name: session.shown_spec(name) for name in session.names}
        return Assembly(self.gathered, session.models, session.baselines, session.suites, specs, config.root)

    def _assemble(self, *, complete: bool) -> Run:
        """Return the run as it was recorded so far."""
        assembly = self._assembly()
        run = assembly.run(
            complete=complete,
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            duration_s=round(time.monotonic() - self._clock, 3),
            command=(Path(sys.argv[0]).name, *map(str, self.config.invocation_params.args)),
        )
        self.failures += assembly.failed_metrics.values()
        return run

    def _accept(self, session: pytest.Session, complete: bool) -> None:
        if not complete:
            accept = f"`tierbench baseline accept {self.folder.name if self.folder else 'RUN'} --force`"
            self.notes.append(f"the baseline stays as it is: the run stopped early; {accept} takes what it has")
            return
        assembly = self._assembly()
        for name in self.session.names:
            path, made = self.session.baselines.update_path(name), assembly.provenance(name)
            try:
                self.notes += accept_rows(path, name, self.rows, made, self.session.all_suites)
            except UserError as error:
                self.failures += error.lines
        if self.failures and session.exitstatus == pytest.ExitCode.OK:
            # What was asked for was not done.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write_markdown(self, file: Path, run: Run) -> None:
        from tierbench.report.markdown import run_markdown

        try:
            write_atomically(file, run_markdown(run, self.rows))
        except OSError as error:
            raise UserError(f"{shown_path(file)}: the summary cannot be written: {error.strerror}") from error
