"""The hooks of pytest-html: what stands above its table, in the table's cells, and behind each row."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, MutableMapping, MutableSequence
from contextlib import nullcontext
from copy import copy
from dataclasses import replace
from html import escape
from typing import Any

import pytest

from tierbench.common.images import allow_pixels
from tierbench.common.schema import CaseRow
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.reports import CRASHED, reported
from tierbench.plugin.session import BenchmarkSession
from tierbench.plugin.table_cells import LATER, OWN_COLUMNS, Said, put_cells, said_of
from tierbench.report.html import sample
from tierbench.report.html.frame import complete_frame
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.report_page import CASES, ReportParts, render_report
from tierbench.report.html.rows import CaseView, case_view
from tierbench.report.html.templating import cells_of, escaped, macros, render

_CELLS = "cells.html.jinja"
# Characters of data that are put into the page when pytest-html has written it.
_LARGE = 4_000_000


class HtmlReport:
    """Enriches pytest-html's report; registered on the controller only.

    Args:
        session: suites and models.
        recorder: rows, levels and model cards.
    """

    def __init__(self, session: BenchmarkSession, recorder: Recorder) -> None:
        self._session = session
        self._recorder = recorder
        self._recording = recorder.recording
        self._data: Any = None
        self._empty_texts: dict[str, str] = {}
        # The rows of the cases by node id, and what their tests printed or the user's hooks said of them.
        self._shown: dict[str, CaseRow] = {}
        self._said: dict[str, Said] = {}
        # The data of the browser of cases, where it is put into the page when that is written.
        self._data_later = ""
        self._steps: list[CaseView] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Keep pytest-html's data: title and rows are settled when the run is over."""
        self._data = report

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_header(self, cells: MutableSequence[str]) -> None:
        """Put our columns between the test's name and its duration."""
        cells[:] = cells_of(macros(_CELLS).header(self._session.several_models))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a case, before pytest-html asks for its cells."""
        if str(report.when) == CRASHED and str(report.outcome) != "rerun":
            self._show_crash(report)
            return
        said = reported(report)
        if said is not None and said.kind == "case":
            self._shown[report.nodeid] = said.rows[0]
        elif said is not None and said.kind == "ladder":
            # Its test is the ladder: a step that is missed has not failed.
            self._steps += [
                self._view(report.nodeid, replace(row, outcome="missed") if row.outcome == "failed" else row)
                for row in said.rows
            ]

    # Outermost: pytest-html has made the rows of a test when it is over.
    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_logreport")
    def pytest_runtest_logreport_over(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Take a case out of pytest-html's data as soon as its test is over."""
        answer = yield
        if report.when == "teardown" and report.nodeid in self._shown and not self._at_once:
            self._take_out(report.nodeid)
        return answer

    @property
    def _at_once(self) -> bool:
        """Whether pytest-html writes its page after each test."""
        return bool(self._recorder.config.getini("generate_report_on_test"))

    @property
    def _tests(self) -> MutableMapping[str, list[dict[str, Any]]]:
        """The rows of pytest-html's table by node id."""
        tests: MutableMapping[str, list[dict[str, Any]]] = self._data.data["tests"]
        return tests

    def _take_out(self, nodeid: str) -> None:
        """Take a case out of pytest-html's data, unless a plugin attached something to its test.

        The counts of outcomes remain, and what the table said of the case beside its row.
        """
        own = self._tests.get(nodeid, ())
        if not any(test["extras"] for test in own):
            self._tests.pop(nodeid, None)
            self._keep_said(nodeid, own)

    def _keep_said(self, nodeid: str, tests: Iterable[dict[str, Any]]) -> None:
        """Keep what rows of the table say of a case beside its own row."""
        if said := said_of(tests, self._said.get(nodeid)):
            self._said[nodeid] = said

    def _view(self, nodeid: str, row: CaseRow) -> CaseView:
        suite, case = self._session.by_name.get(row.suite), self._session.cases.get(row.key)
        return case_view(row, suite, case, nodeid=nodeid)

    def _views(self) -> Iterator[CaseView]:
        """Yield the view of each case, with what its test said and where the model looked."""
        explained = self._recorder.explained
        for nodeid, row in self._shown.items():
            view = self._view(nodeid, row)
            if (own := self._said.get(nodeid)) is not None:
                view = replace(view, log=own.log, facts=(*view.facts, *own.facts))
            if explained and (found := explained.found.get((view.suite, view.case, view.model))):
                # Here, because few runs explain anything.
                from tierbench.report.html.explanation import explanation_view

                view = replace(view, explanation=explanation_view(found))
            yield view

    def _show_crash(self, report: pytest.TestReport) -> None:
        """Report a test that died with its worker to pytest-html, which does not show tests without an end."""
        plugin = self._recorder.html_plugin()
        if plugin is None:
            return
        error, end = copy(report), copy(report)
        error.when, end.when = "setup", "teardown"
        end.outcome, end.longrepr, end.user_properties = "passed", None, []
        self.pytest_runtest_logreport(error)
        for each in (error, end):
            plugin.pytest_runtest_logreport(each)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: MutableSequence[str]) -> None:
        """Escape the test's name, which pytest-html does not, and add our cells."""
        if not cells or (report.passed and report.when != "call"):
            return  # pytest-html has no row for a setup or teardown that passed
        result, _, duration, *links = cells
        several = self._session.several_models
        shown = self._shown.get(report.nodeid) if report.when in ("call", "setup") else None
        if shown is None:
            nodeid = report.nodeid if report.when == "call" else f"{report.nodeid}::{report.when}"
            ours = cells_of(macros(_CELLS).other(nodeid, several))
        elif self._at_once:
            ours = self._cells(report.nodeid)
        else:
            ours = list(LATER if several else LATER[:-1])
        cells[:] = [result, *ours, duration, *links]

    def _cells(self, nodeid: str) -> list[str]:
        view = self._view(nodeid, self._shown[nodeid])
        return cells_of(macros(_CELLS).case(view, self._session.several_models))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: MutableSequence[str]) -> None:
        """Remove from a case's log what its row shows already."""
        if report.nodeid in self._shown and report.when != "teardown":
            reason = report.longreprtext if report.longrepr else self._empty_text(report)
            said = (f"{escape(reason)}\n", "No log output captured.")
            data[:] = [entry for entry in data if entry not in said]

    def _empty_text(self, report: pytest.TestReport) -> str:
        """Return what pytest says of a test without a reason: its worker. It draws that as for a terminal, slowly."""
        worker = getattr(report, "worker_id", "")
        if worker not in self._empty_texts:
            self._empty_texts[worker] = report.longreprtext
        return self._empty_texts[worker]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: MutableSequence[str]) -> None:
        """Settle title and rows, and put the overview above the table."""
        environment = self._data.data["environment"]
        # The names are set as text; the values are not.
        self._data.set_data("environment", {name: escaped(value) for name, value in environment.items()})
        run, rows = self._recording.run, self._recording.rows
        if run is None or not (rows or run.tiers or run.references or run.sets):
            prefix.append(render("bare.html.jinja", hidden=OWN_COLUMNS, several=self._session.several_models))
            return
        self._drop_cases()
        options = self._session.config.models
        if options.max_pixels is not None:
            # Its pictures are those that the models saw.
            allow_pixels(options.max_pixels)
        # A picture that only this run may open is not kept for others.
        kept = PictureStore() if options.cache and options.max_pixels is None else nullcontext()
        with kept as pictures:
            made = render_report(
                ReportParts(
                    run=run,
                    rows=rows,
                    views=self._views(),
                    steps=self._steps,
                    suites=self._session.suites,
                    cases=self._session.cases,
                    cards={name: self._recording.card(name) for name in self._session.names},
                    hidden=self._empty_columns(),
                    folder=self._recording.folder,
                    open_set=self._session.sets.open,
                    pictures=pictures,
                    explained=self._recorder.explained.notes if self._recorder.explained else (),
                ),
                self._recorder.report_file,
            )
        self._data.title = made.title
        self._collapse()
        # pytest-html would hold a large page six times while it writes it.
        self._data_later = made.data if len(made.data) > _LARGE else ""
        prefix.append(made.frame if self._data_later else made.html)

    # The innermost wrapper: right after pytest-html has written its page.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Complete what pytest-html's template lacks."""
        answer = yield
        if self._recorder.report_file is not None:
            later = self._data_later
            complete_frame(self._recorder.report_file, CASES if later else "", later)
        return answer

    def _drop_cases(self) -> None:
        """Take the cases out of pytest-html's data, but for some of those to which a plugin attached something."""
        tests = self._tests
        for nodeid in [nodeid for nodeid in self._shown if nodeid in tests]:
            self._take_out(nodeid)
        attached = [nodeid for nodeid in self._shown if nodeid in tests]
        kept = sample.kept_rows([self._shown[nodeid].outcome for nodeid in attached], sample.MOST_ROWS)
        in_table = {attached[index] for index in kept}
        for nodeid in attached:
            self._keep_said(nodeid, tests[nodeid])
            if nodeid in in_table:
                put_cells(tests[nodeid], self._cells(nodeid))
            else:
                del tests[nodeid]

    def _empty_columns(self) -> list[str]:
        tests = self._tests
        extras = (extra for own in tests.values() for test in own for extra in test["extras"])
        hidden = [] if any(extra["format_type"] in ("json", "text", "url") for extra in extras) else ["links"]
        return hidden if any(nodeid in tests for nodeid in self._shown) else [*OWN_COLUMNS, *hidden]

    def _collapse(self) -> None:
        """Collapse every row, unless the user's ini file says otherwise: the overview lists what was missed."""
        if self._recorder.config.getini("render_collapsed") == "passed":
            outcomes = ["passed", "skipped", "failed", "error", "xfailed", "xpassed", "rerun"]
            self._data.set_data("renderCollapsed", outcomes)
