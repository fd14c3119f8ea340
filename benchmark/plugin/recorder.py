"""The controller's side of a run: gathers rows from reports, writes the record, prints the summary."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmark.cache import cache_folder
from benchmark.ladders import LadderResult
from benchmark.leaderboard import pair_models, rank_models
from benchmark.plugin.acceptance import accept_run, compare_run
from benchmark.plugin.environment import git_commit, thread_count, tool_versions
from benchmark.plugin.mishaps import Mishaps
from benchmark.plugin.reported import case_row, properties
from benchmark.plugin.session import BenchmarkSession
from benchmark.record import REPORT, RUN, SCORES, ScoresFile, new_run_folder, write_run
from benchmark.store import card_key
from benchmark.suites.faults import shown_path
from benchmark.summary import run_lines
from benchmark.sweeps import SliceResult, SweepSummary, summarise_sweep
from benchmark.tiers import Level, TierResult, level_of, summarise_tier


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
        self.rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.tiers: dict[tuple[str, int, str], dict[str, Any]] = {}
        self.ladders: dict[tuple[str, str, str], LadderResult] = {}
        self.slices: dict[tuple[str, str], SliceResult] = {}
        self.verdicts: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.notes: list[str] = []
        self.fingerprints: dict[str, str] = {}
        # What run.json holds at the end.
        self.content: dict[str, Any] = {}
        self._scores: ScoresFile | None = None
        self._selected = False
        self._made_reports = False
        self._started = time.time()
        self._clock = time.monotonic()

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
            write_run(self.folder, self._content(complete=False))

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
        elif kind == "tier":
            self.tiers[(str(values["suite"]), int(str(values["tier"])), str(values["model"]))] = values
        elif kind == "slice":
            result = SliceResult.from_dict(values)
            self.slices[(result.key, result.model)] = result
        elif kind == "regression":
            verdict = json.loads(str(values["verdict"]))
            self.verdicts[(str(values["model"]), str(verdict["suite"]), int(verdict["tier"]))] = verdict
        elif kind == "ladder":
            ladder = LadderResult.from_dict(json.loads(str(values["ladder"])))
            self.ladders[(ladder.suite, ladder.ladder, ladder.model)] = ladder
            for row in json.loads(str(values["steps"])):
                self._take_row(row)

    def _take_row(self, row: dict[str, Any]) -> None:
        self.rows[(str(row["suite"]), str(row["case"]), str(row["model"]))] = row
        if self._scores:
            with self.mishaps.survived(f"{SCORES} is not whole"):
                self._scores.append(row)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Finish the record; before pytest-html makes the report, so that it can show the level."""
        if not self._selected:
            # pytest-html's turn comes right after this one, whatever is unregistered now: the folder goes later.
            self._silence_html()
        elif self.folder:
            if self._scores:
                with self.mishaps.survived(f"{SCORES} is not whole"):
                    self._scores.close()
            stopped = exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
            complete = not (stopped or session.shouldstop or session.shouldfail or self.mishaps.any)
            if self.session.config.update_baseline:
                with self.mishaps.survived("the baseline is not written"):
                    self._accept(complete)
            self.content = self._content(complete=complete)
            with self.mishaps.survived(f"{RUN} is not written"):
                write_run(self.folder, self.content)

    def _accept(self, complete: bool) -> None:
        if complete:
            cards = {slot: self.card(slot) for slot in self.session.config.slots}
            self.notes += accept_run(self.session, self.rows.values(), cards)
        else:
            self.notes.append("the baseline stays as it is: the run stopped early")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tiers, the levels and where the report is."""
        if not self._selected or self.folder is None:
            return
        terminalreporter.write_sep("=", "robustness")
        for line in run_lines(self.content, list(self.rows.values())) + self.notes:
            terminalreporter.write_line(line)
        store = [self.session.store.warning] if self.session.selection.cases and self.session.store.warning else []
        for warning in [*self.mishaps.warnings, *store]:
            terminalreporter.write_line(f"warning: {warning}", yellow=True)
        shown = self.report_file if self.report_file else self.folder / SCORES
        terminalreporter.write_line(f"report: {shown_path(shown)}")

    # -- what came of it ----------------------------------------------------------------------

    def outcome(self) -> tuple[list[TierResult], list[Level]]:
        """Give every tier of which a case was judged, and the level of every model."""
        tiers = []
        for slot in self.session.config.slots:
            for suite in self.session.suites:
                for number in suite.by_tier:
                    whole = self.tiers.get((suite.name, number, slot))
                    if whole:
                        tiers.append(TierResult.from_dict(whole))
                        continue
                    rows = [
                        row
                        for (name, _, model), row in self.rows.items()
                        if name == suite.name and model == slot and row.get("tier") == number
                    ]
                    if rows:
                        tiers.append(summarise_tier(suite, number, slot, rows))
        return tiers, [level_of(slot, self.session.suites, tiers) for slot in self.session.config.slots]

    def sweeps(self) -> list[SweepSummary]:
        """Give the standard figures of every sweep."""
        by_sweep: dict[tuple[str, str], list[SliceResult]] = {}
        for result in self.slices.values():
            by_sweep.setdefault((result.suite, result.model), []).append(result)
        return [summarise_sweep(suite, model, slices) for (suite, model), slices in by_sweep.items()]

    def comparisons(self) -> list[dict[str, Any]]:
        """Give, for each model with a baseline, how this run stands against it; as `run.json` holds it."""
        cards = {slot: self.card(slot) for slot in self.session.config.slots}
        verdicts = {
            slot: [self.verdicts[key] for key in sorted(self.verdicts) if key[0] == slot]
            for slot in self.session.config.slots
        }
        return compare_run(self.session, list(self.rows.values()), verdicts, cards) if self.rows else []

    def _content(self, *, complete: bool) -> dict[str, Any]:
        outcome, levels = self.outcome()
        config = self.session.config
        tiers = [tier.as_dict() for tier in outcome]
        names = [model.name for model in rank_models([level.as_dict() for level in levels], tiers)]
        return {
            "complete": complete,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "duration_s": round(time.monotonic() - self._clock, 3),
            "command": [Path(sys.argv[0]).name, *self.config.invocation_params.args],
            "models": [self._model(level) for level in levels],
            "tiers": tiers,
            "pairs": [asdict(pair) for pair in pair_models(names, list(self.rows.values()))],
            "ladders": [ladder.as_dict() for ladder in self.ladders.values()],
            "slices": [result.as_dict() for result in self.slices.values()],
            "sweeps": [asdict(sweep) for sweep in self.sweeps()],
            "comparisons": self.comparisons(),
            "suites": {suite.name: suite.digest for suite in self.session.suites},
            "device": config.device,
            "dtype": config.dtype,
            "threads": thread_count(),
            "seed": None,  # there is none to choose: what is random follows from case, corruption and severity
            "versions": {"python": sys.version.split()[0], **tool_versions()},
            "git_commit": git_commit(config.root),
            "cache": str(cache_folder()) if config.cache else "",
        }

    def _model(self, level: Level) -> dict[str, Any]:
        spec = next(model.spec for model in self.session.config.models if model.slot == level.model)
        fingerprint = self.fingerprints.get(level.model) or self.session.fingerprint(level.model)
        card = self.card(level.model) or {}
        return {
            **level.as_dict(),
            "spec": spec,
            "fingerprint": fingerprint,
            "device": card.get("device", ""),
            "preprocessing": card.get("preprocessing", {}),
        }

    def card(self, slot: str) -> dict[str, Any] | None:
        """Give the model card that was kept when the model first predicted."""
        fingerprint = self.fingerprints.get(slot) or self.session.fingerprint(slot)
        return self.session.store.card(card_key(fingerprint))
