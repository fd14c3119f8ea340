"""The hooks of a session that has suites; the work is done in the modules beside this one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tierbench.common.text import message_line
from tierbench.corruptions import CORRUPTION_REGISTRY
from tierbench.plugin import fixtures
from tierbench.plugin.case_properties import CaseProperties
from tierbench.plugin.collection import has_nothing, module_of, parametrize
from tierbench.plugin.compile_problems import CompileProblems
from tierbench.plugin.kept_objects import KeptObjects
from tierbench.plugin.merging import MergingSession
from tierbench.plugin.options import read_options
from tierbench.plugin.prediction_time import PredictionTime
from tierbench.plugin.problem_item import put_in_place
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.reports import SENT, pack, take_sent, unpack
from tierbench.plugin.session import SESSION, BenchmarkSession, check_of
from tierbench.plugin.slim_reports import SilentReports, SlimItems, TableReports
from tierbench.plugin.startup import has_only_checks, is_concerned, only_looks, overrides_classifier
from tierbench.report.header_text import header_lines
from tierbench.suites.markers import marker_texts
from tierbench.suites.places import Places


class Hooks:
    """The benchmark in one pytest process.

    Args:
        config: pytest's configuration.
        places: where the suites are.
    """

    def __init__(self, config: pytest.Config, places: Places) -> None:
        self.config = config
        self.places = places
        worker = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        own = overrides_classifier(config, places.cases)
        options = read_options(config, places, own)
        session = MergingSession if options.merge else BenchmarkSession
        self.session = session(options, config, Path(worker["robust_shared"]) if worker else None)
        if worker:
            self.session.sets.take(worker["robust_sets"])
        self.kept = KeptObjects()
        # The names of the plugins that are parts of this one.
        self._parts: list[str] = []
        self.recorder: Recorder | None = None
        self._pictures = {str(case.path) for suite in self.session.suites for case in suite.images}
        # What is wrong; a worker is told by its controller.
        self._problems: list[str] = list(worker["robust_problems"]) if worker else []

    def begin(self) -> None:
        """Register markers and fixtures, and point pytest-html at the run's folder."""
        self.config.stash[SESSION] = self.session
        swept = self.session.config.corruptions
        # The slices of a data set are known later.
        named = CORRUPTION_REGISTRY.names() if self.session.config.sets else ()
        texts = marker_texts(self.session.all_suites, dict.fromkeys((*swept, *named)))
        for name, text in texts.items():
            self.config.addinivalue_line("markers", f"{name}: {text}")
        self.config.pluginmanager.register(fixtures, "tierbench-fixtures")
        self._add("prediction-time", PredictionTime(self.session))
        self._add("slim-items", SlimItems())
        self._add("silent-reports", SilentReports(self.config))
        self._add("compile-problems", CompileProblems(self.session.models))
        if self.is_worker or only_looks(self.config):
            return
        self.recorder = Recorder(self.config, self.session, self.kept)
        self.recorder.prepare()
        self.session.sets.folder = self.recorder.recording.folder
        self._add("recorder", self.recorder)
        self._add("run-issues", self.recorder.issues)
        self._add("table-reports", TableReports(self.recorder))
        if self.recorder.report_file is not None:
            # Only here: without pytest-html there is nothing to enrich, and Jinja2 may be missing.
            from tierbench.plugin.html import HtmlReport

            self._add("html", HtmlReport(self.session, self.recorder))

    def _add(self, name: str, part: object) -> None:
        """Register a part; `-p no:` may leave it out."""
        self._parts.append(f"tierbench-{name}")
        self.config.pluginmanager.register(part, self._parts[-1])

    def end(self) -> None:
        """Close what is open; take back the folder of a run that ended before its record began."""
        if self.recorder is not None:
            self.recorder.discard()
        self.session.close()
        if self.is_worker:
            # The process ends now, and Python would go through all cases and tests once more.
            self.kept.keep()
            return
        while self._parts:
            self.config.pluginmanager.unregister(name=self._parts.pop())
        # What refers to itself is not freed before the next search.
        vars(self.session).clear()
        self.kept.let_go()

    @property
    def _concerned(self) -> bool:
        return not self.is_worker and is_concerned(self.config, self.places.cases)

    def pytest_sessionstart(self) -> None:
        """Report every static problem at once, before anything is collected or any model runs.

        Where other tests may be in the session too, they run, and an error among them reports the problems.
        """
        if self._concerned:
            self._problems = self._find_problems()
            if self._problems and has_only_checks(self.config, self.places.cases):
                raise pytest.UsageError(*self._problems)
        self.kept.keep()

    def pytest_report_header(self) -> list[str]:
        """Say models, device, suites and cached predictions."""
        if not self._concerned or self._problems:
            return []
        return list(header_lines(self.session, runs=not only_looks(self.config)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Pass over the pictures of the suites, which can be many: they are no test files."""
        return str(collection_path) in self._pictures or None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path, parent: Any) -> pytest.Module | None:
        """Collect a test file that asks for our fixtures with a test for every kind."""
        return module_of(module_path, parent, self.places)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: object) -> list[pytest.Item] | None:
        """Leave out the test functions that have nothing to test."""
        ours = collector.funcnamefilter(name) if hasattr(collector, "funcnamefilter") else False
        return [] if ours and has_nothing(self.session, self.places, collector, name, obj) else None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test per image, per tier, and so on."""
        parametrize(metafunc, self.session, self.places)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that tests of ours were left out on purpose, by whichever plugin."""
        if not self.session.narrowed_by and any(map(check_of, items)):
            self.session.narrowed_by = "a deselection"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> Generator[None]:
        """Let other tests run beside the problems of ours, once it is known which tests are selected."""
        leave_out([item for item in items if not self.session.concerns(item)], items, self.config)
        yield
        ours = any(map(check_of, items))
        # The tests of a suite that cannot be read are not there.
        unread = bool(self.session.config.problems or self.session.suite_problems or self.session.sets.problems)
        if not self.is_worker and not self._concerned and (ours or (unread and not items)):
            self._problems = self._find_problems()
        others = self.is_worker or any(check_of(item) is None for item in items)
        if self._problems and others and (ours or unread):
            put_in_place(session, items, self._problems)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the selection: it is what will be predicted."""
        self.session.select(session.items)
        self.kept.keep()
        if self._problems and not self.is_worker and (self.session.selected or not session.items):
            raise pytest.UsageError(*self._problems)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the reports and rows out of the search for garbage, too, while pages are made of them."""
        self.kept.keep()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand every xdist worker the folder that the workers of this run share, and the problems."""
        node.workerinput["robust_problems"] = self._problems
        node.workerinput["robust_shared"] = str(self.session.shared_folder())
        node.workerinput["robust_sets"] = self.session.sets.hand_over()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(
        self, report: object
    ) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
        """Let an xdist worker send a report as one text, and others write its properties as the list that they are."""
        data = yield
        if data is not None and self.is_worker:
            pack(report, data)
        elif data is not None and isinstance(properties := data.get("user_properties"), CaseProperties):
            data["user_properties"] = list(properties)
        return data

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self, data: dict[str, Any]) -> Generator[None, Any, Any]:
        """Read what a worker packed."""
        unpack(data)
        sent = data.pop(SENT, None)
        report = yield
        if sent and report is not None:
            take_sent(sent, report)
        return report

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
    ) -> Generator[None]:
        """Say where suites were looked for, if no test was found."""
        yield
        found = exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED or not (self._concerned or not self.places.cases)
        if not found and not any(self.config.getoption(name, None) for name in ("keyword", "markexpr", "deselect")):
            looked = self.places.looked(self.config.rootpath, bool(self.session.all_suites))
            terminalreporter.write_line(looked, yellow=True)

    def _find_problems(self) -> list[str]:
        session, config = self.session, self.session.config
        problems = [*config.problems, *session.suite_problems]
        if self.recorder is not None:
            problems += self.recorder.problems()
        if config.own_model and session.several_models:
            problems.append(
                "the fixture classifier of a conftest.py puts one model under test, but several are named "
                f"({', '.join(session.names)}); name one, or give each as python:module:factory"
            )
        if only_looks(self.config):
            session.sets.all()
            problems += session.sets.problems
        elif not problems:
            problems = session.problems()
        return [message_line(problem) for problem in problems]


def leave_out(left: Sequence[pytest.Item], items: list[pytest.Item], config: pytest.Config) -> None:
    """Deselect items."""
    if left:
        gone = set(left)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=left)
