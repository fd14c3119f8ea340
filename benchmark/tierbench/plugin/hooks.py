"""The hooks of a session that has suites; the work is done in the modules beside this one."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tierbench.common.files import shown_path
from tierbench.common.text import listed
from tierbench.plugin import fixtures
from tierbench.plugin.collection import has_nothing, module_of, parametrize
from tierbench.plugin.header import header_lines
from tierbench.plugin.options import read_options
from tierbench.plugin.own_classifier import overrides_classifier
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.session import SESSION, BenchmarkSession
from tierbench.plugin.startup import is_concerned, only_looks
from tierbench.suites.places import Places
from tierbench.suites.tags import refused_tag


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
        self.own = overrides_classifier(config, places.cases)
        options = read_options(config, places.cases, places.only, self.own)
        self.session = BenchmarkSession(options, config, self.own, Path(worker["robust_shared"]) if worker else None)
        self.recorder: Recorder | None = None

    def begin(self) -> None:
        """Register markers and fixtures, and point pytest-html at the run's folder."""
        self.config.stash[SESSION] = self.session
        _register_markers(self.config, self.session)
        self.config.pluginmanager.register(fixtures, "tierbench-fixtures")
        if self.is_worker or only_looks(self.config):
            return
        self.recorder = Recorder(self.config, self.session)
        self.recorder.prepare()
        self.config.pluginmanager.register(self.recorder, "tierbench-recorder")
        self.config.pluginmanager.register(self.recorder.issues, "tierbench-run-issues")
        if self.recorder.report_file is not None:
            # Only here: without pytest-html there is nothing to enrich, and Jinja2 may be missing.
            from tierbench.plugin.html import HtmlReport

            self.config.pluginmanager.register(HtmlReport(self.session, self.recorder), "tierbench-html")

    def end(self) -> None:
        """Close what is open; take back the folder of a run that ended before its record began."""
        if self.recorder is not None:
            self.recorder.discard()
        self.session.close()

    @property
    def _concerned(self) -> bool:
        return not self.is_worker and is_concerned(self.config, self.places.cases)

    def pytest_sessionstart(self) -> None:
        """Report every static problem at once, before anything is collected or any model runs."""
        if self._concerned:
            self._raise_problems()

    def pytest_report_header(self) -> list[str]:
        """Say models, device, suites and cached predictions."""
        if not self._concerned:
            return []
        runs = not only_looks(self.config)
        return header_lines(self.session, look_at_models=runs and not self.own, own_classifier=runs and self.own)

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

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the selection: it is what will be predicted."""
        self.session.select(session.items)
        # A session may have no test because no suite could be read.
        silent = not session.items and (self.session.config.problems or self.session.suite_problems)
        if (self.session.selection.checks or silent) and not (self.is_worker or self._concerned):
            self._raise_problems()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand every xdist worker the folder that the workers of this run share."""
        node.workerinput["robust_shared"] = str(self.session.shared_folder())

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
    ) -> Generator[None]:
        """Say where suites were looked for, if no test was found."""
        yield
        found = exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED or not (self._concerned or not self.places.cases)
        if not found and not any(self.config.getoption(name, None) for name in ("keyword", "markexpr", "deselect")):
            terminalreporter.write_line(self._looked(), yellow=True)

    def _looked(self) -> str:
        places = listed(map(shown_path, self.places.cases)) or shown_path(self.config.rootpath / "cases")
        if not self.session.all_suites:
            return f"no suite was found in {places} (robust_cases); `tierbench init` writes a first one"
        if not self.places.files:
            return f"no test file beside the suites in {places} asks for robust_case; `tierbench init` writes one"
        return f"suites were looked for in {places} (robust_cases)"

    def _raise_problems(self) -> None:
        session, config = self.session, self.session.config
        problems = [*config.problems, *session.suite_problems]
        if self.recorder is not None:
            problems += self.recorder.problems()
        if self.own and session.several_models:
            problems.append(
                "the fixture classifier of a conftest.py puts one model under test, but several are named "
                f"({', '.join(session.names)}); name one, or give each as python:module:factory"
            )
        if not problems and not only_looks(self.config):
            problems = session.problems()
        if problems:
            raise pytest.UsageError(*problems)


def _register_markers(config: pytest.Config, session: BenchmarkSession) -> None:
    names = {1: "easy", 2: "hard", 3: "very hard"}
    tiers = {*names} | {number for suite in session.all_suites for number in suite.tiers}
    markers = {
        f"tier{number}": f"{names.get(number, f'tier {number}')} images and their gate" for number in sorted(tiers)
    }
    markers |= {name: f"images under the corruption {name}" for name in session.config.corruptions}
    markers |= {f"severity{number}": f"corrupted images of severity {number}" for number in (1, 2, 3, 4, 5)}
    markers |= {
        "corruption": "images that a sweep derives, and their slices",
        "slice": "a suite's tier 1 under one corruption at one severity",
        "regression": "paired verdicts against the baseline",
        "metric": "what a suite demands of a registered metric",
        "ladder": "scenes in steps of one physical parameter",
    }
    tags = {tag for suite in session.all_suites for case in suite.cases for tag in case.tags}
    markers |= {
        tag: f"images with the tag {tag!r}" for tag in sorted(tags) if tag not in markers and not refused_tag(tag)
    }
    for name, text in markers.items():
        config.addinivalue_line("markers", f"{name}: {text}")
