"""The controller's side of a run: gathers rows from reports, writes the record, prints the summary."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow, LadderResult, PairedVerdict, Run, SliceResult, TierResult
from tierbench.models.prediction_store import card_key
from tierbench.plugin.acceptance import accept_run, identities
from tierbench.plugin.content import run_content
from tierbench.plugin.reported import case_row, properties
from tierbench.plugin.run_issues import Mishaps
from tierbench.plugin.session import BenchmarkSession
from tierbench.report.summary_text import run_lines
from tierbench.runs.record import REPORT, RUN, SCORES, ScoresFile, new_run_folder, write_run

_WITHOUT_A_TEST = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)


class Recorder:
    """Keeps the record of a run; registered where tests are reported, never in an xdist worker.

    Args:
        config: pytest's configuration.
        session: suites and models.
    """

    def __init__(self, config: pytest.Config, session: BenchmarkSession) -> None:
        self.config = config
        self.session = session
        self.folder: Path | None = None
        self.report_file: Path | None = None
        self.fault = ""
        self.mishaps = Mishaps(session)
        self.rows: dict[tuple[str, str, str], CaseRow] = {}
        self.tiers: dict[tuple[str, int, str], TierResult] = {}
        self.ladders: dict[tuple[str, str, str], LadderResult] = {}
        self.slices: dict[tuple[str, str], SliceResult] = {}
        self.verdicts: dict[tuple[str, str, int], PairedVerdict] = {}
        self.notes: list[str] = []
        self.failures: list[str] = []
        self.fingerprints: dict[str, str] = {}
        # The run as it was recorded, when it is over.
        self.content: Run | None = None
        self._scores: ScoresFile | None = None
        self._selected = False
        self._made_reports = False
        self.started = time.time()
        self.clock = time.monotonic()

    # -- the run's folder ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the run's folder, and point pytest-html at it; undone when no benchmark test is selected."""
        reports = self.session.config.reports
        self._made_reports = not reports.exists()
        try:
            self.folder = new_run_folder(reports)
        except OSError as error:
            self.fault = (
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

    def selected(self) -> None:
        """Start the record: some benchmark test will run."""
        if self._selected or self.folder is None:
            return
        self._selected = True
        parameters = dict.fromkeys(name for suite in self.session.suites for name in suite.parameters)
        with self.mishaps.survived(f"{SCORES} is not written"):
            self._scores = ScoresFile(self.folder / SCORES, tuple(parameters))
        with self.mishaps.survived(f"{RUN} is not written"):
            write_run(self.folder, run_content(self, complete=False))

    def discard(self) -> None:
        """Take back the folder of a run that selected nothing of the benchmark."""
        if self.folder is None or self._selected:
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
        """Give pytest-html's own plugin, which registers itself without a name; None where it is not there."""
        plugins: set[object] = self.config.pluginmanager.get_plugins()
        for plugin in plugins:
            if type(plugin).__module__.startswith("pytest_html.") and hasattr(plugin, "pytest_sessionfinish"):
                return plugin
        return None

    # -- hooks --------------------------------------------------------------------------------

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the record, or take the folder back."""
        if self.config.getoption("dist", "no") != "no" and self.config.getoption("numprocesses", None):
            return  # the workers collect; the next hook hears of it
        if self.session.selection.tests:
            self.selected()
        else:
            self.discard()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Iterable[str]) -> None:
        """Start the record when a worker has selected benchmark tests."""
        known = {f"[{case.key}" for suite in self.session.suites for case in suite.cases}
        known |= {f"[{suite.name}/{name}" for suite in self.session.suites for name in suite.ladders}
        known |= {f"[{suite.name}/tier{number}" for suite in self.session.suites for number in suite.by_tier}
        for nodeid in ids:
            _, bracket, parameter = nodeid.partition("[")
            if bracket and bracket + parameter.rstrip("]").partition(":")[0].partition("+")[0] in known:
                self.selected()
                return

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the row that a benchmark test hung on its report."""
        kind, values = properties(report)
        if not kind:
            return
        fingerprint = str(values.pop("fingerprint", ""))
        self.selected()
        self.fingerprints[str(values["model"])] = fingerprint
        if row := case_row(report):
            self._take_row(row)
            return
        text = str(values.get("result", ""))
        if kind == "tier":
            tier = msgspec.json.decode(text, type=TierResult)
            self.tiers[(tier.suite, tier.tier, tier.model)] = tier
        elif kind == "slice":
            result = msgspec.json.decode(text, type=SliceResult)
            self.slices[(result.key, result.model)] = result
        elif kind == "regression":
            verdict = msgspec.json.decode(text, type=PairedVerdict)
            self.verdicts[(str(values["model"]), verdict.suite, verdict.tier)] = verdict
        elif kind == "ladder":
            ladder = msgspec.json.decode(text, type=LadderResult)
            self.ladders[(ladder.suite, ladder.ladder, ladder.model)] = ladder
            for row in msgspec.json.decode(str(values["steps"]), type=list[CaseRow]):
                self._take_row(row)

    def _take_row(self, row: CaseRow) -> None:
        self.rows[(row.suite, row.case, row.model)] = row
        if self._scores:
            with self.mishaps.survived(f"{SCORES} is not whole"):
                self._scores.append(row)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Finish the record; before pytest-html makes the report, so that it can show the level."""
        if self._selected and self.mishaps.nothing_ran and exitstatus in _WITHOUT_A_TEST:
            # Another file could not be collected, or an option was wrong: there is nothing to record.
            if self._scores:
                self._scores.close()
            self._selected = False
        if not self._selected:
            # pytest-html's turn comes right after this one, whatever is unregistered now: the folder goes later.
            self._silence_html()
        elif self.folder:
            if self._scores:
                with self.mishaps.survived(f"{SCORES} is not whole"):
                    self._scores.close()
            stopped = exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
            stopped = stopped or bool(session.shouldstop or session.shouldfail) or self.mishaps.unfinished(session)
            complete = not (stopped or self.mishaps.any)
            if self.session.config.update_baseline:
                with self.mishaps.survived("the baseline is not written"):
                    self._accept(session, complete)
            self.content = run_content(self, complete=complete)
            with self.mishaps.survived(f"{RUN} is not written"):
                write_run(self.folder, self.content)

    def _accept(self, session: pytest.Session, complete: bool) -> None:
        if not complete:
            accept = f"`tierbench baseline accept {self.folder.name if self.folder else 'RUN'} --force`"
            self.notes.append(f"the baseline stays as it is: the run stopped early; {accept} takes what it has")
            return
        lines, self.failures = accept_run(self.session, self.rows.values(), self.identities())
        self.notes += lines
        if self.failures and session.exitstatus == pytest.ExitCode.OK:
            # What was asked for was not done.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def identities(self) -> dict[str, dict[str, str]]:
        """Give what made the scores of each slot, as a baseline names it."""
        slots = self.session.config.slots
        cards = {slot: self.card(slot) for slot in slots}
        return identities(self.session, cards, {slot: self.fingerprint(slot) for slot in slots})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tiers, the levels and where the report is."""
        if not self._selected or self.folder is None:
            return
        terminalreporter.write_sep("=", "robustness")
        lines = run_lines(self.content, list(self.rows.values())) if self.content else []
        for line in lines + self.notes:
            terminalreporter.write_line(line)
        store = [self.session.store.warning] if self.session.selection.cases and self.session.store.warning else []
        for warning in [*self.mishaps.warnings, *self.failures, *store]:
            terminalreporter.write_line(f"warning: {warning}", yellow=True)
        shown = self.report_file if self.report_file else self.folder / SCORES
        terminalreporter.write_line(f"report: {shown_path(shown)}")

    # -- what came of it ----------------------------------------------------------------------

    def fingerprint(self, slot: str) -> str:
        """Give the fingerprint of a slot's model, as its tests told it; without one, that of the model named."""
        return self.fingerprints.get(slot) or self.session.fingerprint(slot)

    def card(self, slot: str) -> dict[str, Any] | None:
        """Give the model card that was kept when the model first predicted."""
        return self.session.store.card(card_key(self.fingerprint(slot)))
