"""The hooks of pytest-html: what stands above its table, in the table's cells, and behind each row."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import replace
from html import escape, unescape
from typing import Any

import pytest

from tierbench.common.images import allow_pixels
from tierbench.common.schema import CaseRow
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.reports import CRASHED, reported
from tierbench.plugin.session import BenchmarkSession
from tierbench.report.html import sample
from tierbench.report.html.frame import complete_frame
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.report_page import ReportParts, render_report
from tierbench.report.html.rows import CaseView, case_view
from tierbench.report.html.templating import cells_of, escaped, macros, render

_CELLS = "cells.html.jinja"
# As pytest-html reads the name and the key of a cell.
_NAME, _KEY = re.compile(r"col-(\w+)"), re.compile(r"<td.*?>(.*?)</td>")

_TAG = re.compile(r"<[^>]*>")
_STANDARD = ("result", "testId", "duration", "links")

# Columns that are hidden where no row has anything to say in them.
_OWN_COLUMNS = ("picture", "tier", "model", "expected", "predicted", "score", "rank", "margin", "change")

# Stand in the row of a case until it is known whether the table keeps it: most are shown by the browser of cases alone,
# and their cells would be what the run spends most time on.
_LATER = tuple(f'<td data-later="{index}"></td>' for index in range(10))


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
        self._shown: dict[str, CaseView] = {}
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
            self._shown[report.nodeid] = self._view(said.rows[0], report)
        elif said is not None and said.kind == "ladder":
            # Its test is the ladder: a step that is missed has not failed.
            self._steps += [
                self._view(replace(row, outcome="missed") if row.outcome == "failed" else row, report)
                for row in said.rows
            ]

    def _view(self, row: CaseRow, report: pytest.TestReport) -> CaseView:
        suite, case = self._session.by_name.get(row.suite), self._session.cases.get(row.key)
        return case_view(row, suite, case, nodeid=report.nodeid)

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
        elif self._recorder.config.getini("generate_report_on_test"):
            ours = self._cells(shown)
        else:
            ours = list(_LATER if several else _LATER[:-1])
        cells[:] = [result, *ours, duration, *links]

    def _cells(self, view: CaseView) -> list[str]:
        return cells_of(macros(_CELLS).case(view, self._session.several_models))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: MutableSequence[str]) -> None:
        """Remove from a case's log what its row shows already."""
        if report.nodeid in self._shown and report.when != "teardown":
            # pytest draws the text with a terminal's writer, even where there is none.
            reason = escape(report.longreprtext) if report.longrepr else ""
            said = (f"{reason}\n", "No log output captured.")
            data[:] = [entry for entry in data if entry not in said]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: MutableSequence[str]) -> None:
        """Settle title and rows, and put the overview above the table."""
        environment = self._data.data["environment"]
        # The names are set as text; the values are not.
        self._data.set_data("environment", {name: escaped(value) for name, value in environment.items()})
        run, rows = self._recording.run, self._recording.rows
        if run is None or not (rows or run.tiers or run.references or run.sets):
            prefix.append(render("bare.html.jinja", hidden=_OWN_COLUMNS, several=self._session.several_models))
            return
        self._explain()
        tests = self._data.data["tests"]
        views = [_with_extras(view, tests.get(nodeid, ())) for nodeid, view in self._shown.items()]
        self._drop_cases(tests)
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
                    views=views,
                    steps=self._steps,
                    suites=self._session.suites,
                    cases=self._session.cases,
                    cards={name: self._recording.card(name) for name in self._session.names},
                    hidden=self._empty_columns(tests),
                    folder=self._recording.folder,
                    open_set=self._session.sets.open,
                    pictures=pictures,
                    explained=self._recorder.explained.notes if self._recorder.explained else (),
                ),
                self._recorder.report_file,
            )
        self._data.title = made.title
        self._collapse()
        prefix.append(made.html)

    def _explain(self) -> None:
        """Put explanations into the views of their cases."""
        if self._recorder.explained is None:
            return
        # Here, because few runs explain anything.
        from tierbench.report.html.explanation import explanation_view

        found = self._recorder.explained.found
        for nodeid, view in self._shown.items():
            if explanation := found.get((view.suite, view.case, view.model)):
                self._shown[nodeid] = replace(view, explanation=explanation_view(explanation))

    # The innermost wrapper: right after pytest-html has written its page.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Complete what pytest-html's template lacks."""
        answer = yield
        if self._recorder.report_file is not None:
            complete_frame(self._recorder.report_file)
        return answer

    def _drop_cases(self, tests: MutableMapping[str, list[dict[str, Any]]]) -> None:
        """Take the cases out of pytest-html's data, but for those to which a plugin attached something.

        Its counts of outcomes remain.
        """
        attached = [nodeid for nodeid in self._shown if any(test["extras"] for test in tests.get(nodeid, ()))]
        kept = sample.kept_rows([self._shown[nodeid].outcome for nodeid in attached], sample.MOST_ROWS)
        in_table = {attached[index] for index in kept}
        for nodeid, view in self._shown.items():
            if nodeid not in in_table:
                tests.pop(nodeid, None)
            else:
                _put_cells(tests[nodeid], self._cells(view))

    def _empty_columns(self, tests: Mapping[str, list[dict[str, Any]]]) -> list[str]:
        extras = (extra for own in tests.values() for test in own for extra in test["extras"])
        hidden = [] if any(extra["format_type"] in ("json", "text", "url") for extra in extras) else ["links"]
        return hidden if any(nodeid in tests for nodeid in self._shown) else [*_OWN_COLUMNS, *hidden]

    def _collapse(self) -> None:
        """Collapse every row, unless the user's ini file says otherwise: the overview lists what was missed."""
        if self._recorder.config.getini("render_collapsed") == "passed":
            outcomes = ["passed", "skipped", "failed", "error", "xfailed", "xpassed", "rerun"]
            self._data.set_data("renderCollapsed", outcomes)


def _with_extras(view: CaseView, tests: Iterable[dict[str, Any]]) -> CaseView:
    """Add to a view what its test printed, and the cells that the user's own hooks gave to its row."""
    logs, facts = [], list[tuple[str, str]]()
    for test in tests:
        logs += [_text_of(test["log"])] if test.get("log") else []
        if len(test["resultsTableRow"]) > len(_STANDARD) + len(_LATER) - 2:
            facts += [
                (name[1], _text_of(cell))
                for cell in test["resultsTableRow"]
                if (name := _NAME.search(cell)) and name[1] not in (*_STANDARD, *_OWN_COLUMNS)
            ]
    log = "\n".join(filter(None, logs))
    return replace(view, log=log, facts=(*view.facts, *facts)) if log or facts else view


def _text_of(markup: str) -> str:
    return unescape(_TAG.sub("", markup)).strip()


def _put_cells(tests: Iterable[dict[str, Any]], made: Sequence[str]) -> None:
    """Put the cells of a case into the rows that pytest-html has of it, with the keys by which it sorts them."""
    cells = dict(zip(_LATER, made, strict=False))
    keys = {name[1]: key[1] for cell in made if (name := _NAME.search(cell)) and (key := _KEY.search(cell))}
    for test in tests:
        row: list[str] = test["resultsTableRow"]
        if not cells.keys().isdisjoint(row):
            row[:] = [cells.get(cell, cell) for cell in row]
            test.update((name, key) for name, key in keys.items() if name != "picture")
