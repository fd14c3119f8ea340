"""The hooks of pytest-html: what stands above its table, in the table's cells, and behind each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from copy import copy
from html import escape
from typing import Any

import pytest

from tierbench.common.schema import CaseRow
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.reported import CRASHED, case_row
from tierbench.plugin.session import BenchmarkSession
from tierbench.report.html import sample
from tierbench.report.html.charts import CURVE_HEIGHT, CURVE_WIDTH, STRIP_HEIGHT, curve_height, place
from tierbench.report.html.gallery import write_gallery
from tierbench.report.html.model_comparison import model_comparison_view
from tierbench.report.html.page import build_page
from tierbench.report.html.render import macros, render
from tierbench.report.html.rows import CaseView, case_view, concepts_by_label, picture_key
from tierbench.report.html.sweeps import HEIGHT as SWEEP_HEIGHT
from tierbench.report.html.sweeps import WIDTH as SWEEP_WIDTH
from tierbench.report.html.thumbnails import make_pictures
from tierbench.runs.record import REPORT
from tierbench.suites.case import Case

_CELLS = "cells.html.jinja"


# Columns that are hidden where no row has anything to say in them.
_OWN_COLUMNS = ("picture", "tier", "model", "expected", "predicted", "score", "rank", "margin", "change")
_MOST_MISSED = 24
_FLIPS = ("regressed", "fixed")
_MISSES = ("error", "failed", "xfailed")


class HtmlReport:
    """Enriches pytest-html's report; registered on the controller only.

    Args:
        session: suites and models.
        recorder: rows, levels and model cards.
    """

    def __init__(self, session: BenchmarkSession, recorder: Recorder) -> None:
        self._session = session
        self._recorder = recorder
        self._data: Any = None
        self._shown: dict[str, CaseView] = {}
        self._pictured: dict[str, Case] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Keep pytest-html's data: title and rows are settled when the run is over."""
        self._data = report

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_header(self, cells: MutableSequence[str]) -> None:
        """Put our columns between the test's name and its duration."""
        cells[:] = _lines(macros(_CELLS).header(self._session.several_models))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a case, before pytest-html asks for its cells."""
        if str(report.when) == CRASHED and str(report.outcome) != "rerun":
            self._show_crash(report)
            return
        row = case_row(report)
        if row is None:
            return
        suite = self._session.by_name.get(row.suite)
        case = self._session.cases.get(row.key)
        view = case_view(row, suite, case, index=len(self._shown), nodeid=report.nodeid)
        if case is not None:
            self._pictured.setdefault(view.picture, case)
        self._shown[report.nodeid] = view

    def _show_crash(self, report: pytest.TestReport) -> None:
        """Tell pytest-html that a test died with its worker: a test without an end it does not show."""
        plugin = self._recorder.html_plugin()
        if plugin is None:
            return
        error, end = copy(report), copy(report)
        error.when, end.when = "setup", "teardown"
        end.outcome, end.longrepr, end.user_properties = "passed", None, []
        self.pytest_runtest_logreport(error)
        for told in (error, end):
            plugin.pytest_runtest_logreport(told)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: MutableSequence[str]) -> None:
        """Escape the test's name, which pytest-html does not, and add our cells."""
        if not cells:
            return
        result, _, duration, *links = cells
        several = self._session.several_models
        shown = self._shown.get(report.nodeid) if report.when in ("call", "setup") else None
        if shown:
            ours = macros(_CELLS).case(shown, several)
        else:
            nodeid = report.nodeid if report.when == "call" else f"{report.nodeid}::{report.when}"
            ours = macros(_CELLS).other(nodeid, several)
        cells[:] = [result, *_lines(ours), duration, *links]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: MutableSequence[str]) -> None:
        """Leave out of a case's log what its row says anyway."""
        if report.nodeid in self._shown and report.when != "teardown":
            said = (escape(report.longreprtext) + "\n", "No log output captured.")
            data[:] = [entry for entry in data if entry not in said]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: MutableSequence[str]) -> None:
        """Settle title and rows, and put the overview above the table."""
        environment = self._data.data["environment"]
        # The names are set as text; the values are not.
        self._data.set_data("environment", {name: _escaped(value) for name, value in environment.items()})
        run = self._recorder.content
        if run is None or not (self._recorder.rows or self._recorder.tiers):
            prefix.append(render("bare.html.jinja", hidden=_OWN_COLUMNS, several=self._session.several_models))
            return
        views = list(self._shown.values())
        rows = list(self._recorder.rows.values())
        cards = {slot: self._recorder.card(slot) for slot in self._session.config.slots}
        page = build_page(run, rows, self._session.suites, cards)
        self._data.title = page.title
        self._collapse()
        kinds = ["flip" if view.change in _FLIPS else view.outcome for view in views]
        kept = [views[index] for index in sorted(sample.kept_rows(kinds, sample.MOST_ROWS))]
        gallery = self._write_gallery(page.title, views) if len(kept) < len(views) else ""
        self._drop_others(kept)
        # What a sweep loses stands in its curves.
        missed = [view for view in views if view.outcome in _MISSES and (view.tier is not None or view.ladder)]
        missed.sort(key=lambda view: (view.tier or 0, view.score or 0.0))
        in_table = {view.nodeid for view in kept}
        several = self._session.several_models
        pictured = [(view.picture, self._pictured[view.picture]) for view in kept if view.picture in self._pictured]
        pictured += self._ladder_steps(rows)
        prefix.append(
            render(
                "page.html.jinja",
                page=page,
                hidden=self._empty_columns(kept),
                pictures=make_pictures(pictured),
                details=self._details(kept, cards),
                missed=[view for view in missed if view.nodeid in in_table][:_MOST_MISSED],
                missed_total=len(missed),
                comparison=model_comparison_view(run, rows, views, in_table, _MOST_MISSED) if several else None,
                flips=_flips(kept),
                most_flips=_MOST_MISSED,
                several=several,
                gallery=gallery,
                kept=len(kept),
                total=len(views),
                place=place,
                strip_height=STRIP_HEIGHT,
                curve_width=CURVE_WIDTH,
                curve_height_all=CURVE_HEIGHT,
                curve_height=curve_height,
                sweep_width=SWEEP_WIDTH,
                sweep_height=SWEEP_HEIGHT,
            )
        )

    def _ladder_steps(self, rows: Iterable[CaseRow]) -> list[tuple[str, Case]]:
        """Give the pictures of the ladders' steps, which have no row in the table."""
        cases = [(row, self._session.cases.get(row.key)) for row in rows]
        return [(picture_key(row), case) for row, case in cases if case is not None and case.ladder]

    def _drop_others(self, kept: Sequence[CaseView]) -> None:
        """Take the rows that do not stay out of pytest-html's data; its counts of outcomes remain."""
        nodeids = {view.nodeid for view in kept}
        tests = self._data.data["tests"]
        for nodeid in [nodeid for nodeid in self._shown if nodeid not in nodeids]:
            tests.pop(nodeid, None)

    def _details(
        self, kept: Iterable[CaseView], cards: Mapping[str, Mapping[str, Any] | None]
    ) -> Iterator[tuple[int, str]]:
        """Give what each row shows when it is opened."""
        concepts: dict[tuple[str, str], dict[str, str]] = {}
        by_case: dict[str, list[CaseView]] = {}
        for view in self._shown.values():
            by_case.setdefault(view.key, []).append(view)
        make, several = macros("detail.html.jinja").detail, self._session.several_models
        for view in kept:
            suite = self._session.by_name.get(view.suite)
            key = (view.suite, view.model)
            if key not in concepts:
                labels = (cards.get(view.model) or {}).get("labels") or [label for label, _ in view.top]
                concepts[key] = concepts_by_label(suite, [str(label) for label in labels])
            told = concepts_by_label(suite, [label for said in view.published for label, _ in said.top])
            others = [other for other in by_case[view.key] if other is not view]
            yield view.index, str(make(view, concepts[key], told, several, others))

    def _collapse(self) -> None:
        """Show every row closed, unless the user's ini file says otherwise: the overview names what was missed."""
        if self._recorder.config.getini("render_collapsed") == "passed":
            outcomes = ["passed", "skipped", "failed", "error", "xfailed", "xpassed", "rerun"]
            self._data.set_data("renderCollapsed", outcomes)

    def _empty_columns(self, kept: Sequence[CaseView]) -> list[str]:
        empty = [] if any(view.change for view in kept) else ["change"]
        tests = (test for tests in self._data.data["tests"].values() for test in tests)
        links = any(extra["format_type"] in ("json", "text", "url") for test in tests for extra in test["extras"])
        return empty if links else [*empty, "links"]

    def _write_gallery(self, title: str, views: Sequence[CaseView]) -> str:
        """Write the page of all rows beside the report; give its name."""
        report = self._recorder.report_file
        if report is None:
            return ""
        file = report.with_name("gallery.html" if report.name == REPORT else f"{report.stem}-gallery.html")
        write_gallery(file, title, views, self._pictured, report.name)
        return file.name


def _flips(views: Iterable[CaseView]) -> list[CaseView]:
    """Give what regressed, the largest fall first, then what was fixed."""
    flips = [view for view in views if view.change in _FLIPS]
    return sorted(flips, key=lambda view: (view.change == "fixed", (view.score or 0.0) - (view.baseline_score or 0.0)))


def _lines(text: object) -> list[str]:
    """Give the cells that a macro wrote, one a line: pytest-html finds no sort key across lines."""
    return [line.strip() for line in str(text).splitlines() if line.strip()]


def _escaped(value: Any) -> Any:
    """Escape what pytest-html puts into its environment table as HTML, be it ours, a plugin's or the CI's."""
    if isinstance(value, Mapping):
        return {escape(str(key)): _escaped(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(entry) for entry in value]
    return value if isinstance(value, bool | int | float) or value is None else escape(str(value))
