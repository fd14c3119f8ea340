"""The pytest plugin: hooks only; what they do stands in the modules beside this one.

A repository loads it in its top-level conftest.py: `pytest_plugins = ["tierbench.plugin"]`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tierbench.plugin.collection import drop_empty, parametrize
from tierbench.plugin.fixtures import (
    classifier,
    predictions,
    robust_case,
    robust_ladder,
    robust_regression,
    robust_slice,
    robust_tier,
    scores,
)
from tierbench.plugin.header import header_lines
from tierbench.plugin.keeper import HistoryKeeper, markdown_fault
from tierbench.plugin.options import add_options, read_options
from tierbench.plugin.own_classifier import overrides_classifier
from tierbench.plugin.recorder import Recorder
from tierbench.plugin.session import SESSION, BenchmarkSession
from tierbench.plugin.startup import all_baseline_faults, is_concerned, model_faults, only_looks
from tierbench.suites.tags import refused_tag

__all__ = [
    "classifier",
    "predictions",
    "robust_case",
    "robust_ladder",
    "robust_regression",
    "robust_slice",
    "robust_tier",
    "scores",
]

_RECORDER = "robust-recorder"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini keys."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read options and suites, register the markers, and point pytest-html at the run's folder.

    Before pytest-html's own configure, which reads where its report goes.
    """
    worker = getattr(config, "workerinput", None)
    session = BenchmarkSession(read_options(config), config, Path(worker["robust_shared"]) if worker else None)
    config.stash[SESSION] = session
    _register_markers(config, session)
    if worker is None and not only_looks(config):
        recorder = Recorder(config, session)
        recorder.prepare()
        config.pluginmanager.register(recorder, _RECORDER)
        keeper = HistoryKeeper(recorder, session.config.reports, session.config.markdown)
        config.pluginmanager.register(keeper, "robust-keeper")
        config.pluginmanager.register(recorder.mishaps, "robust-mishaps")
        if recorder.report_file is not None:
            # Only here: without pytest-html there is nothing to enrich, and Jinja2 may be missing.
            from tierbench.plugin.html import HtmlReport

            config.pluginmanager.register(HtmlReport(session, recorder), "robust-html")


def _register_markers(config: pytest.Config, session: BenchmarkSession) -> None:
    tiers = {1, 2, 3} | {number for suite in session.all_suites for number in suite.tiers}
    names = {1: "easy", 2: "hard", 3: "very hard"}
    for number in sorted(tiers):
        config.addinivalue_line("markers", f"tier{number}: {names.get(number, f'tier {number}')} images and their gate")
    for name in session.config.corruptions:
        config.addinivalue_line("markers", f"{name}: images under the corruption {name}")
    for number in (1, 2, 3, 4, 5):
        config.addinivalue_line("markers", f"severity{number}: corrupted images of severity {number}")
    config.addinivalue_line("markers", "corruption: images that a sweep derives, and their slices")
    config.addinivalue_line("markers", "slice: a suite's tier 1 under one corruption at one severity")
    config.addinivalue_line("markers", "regression: paired verdicts against the baseline")
    config.addinivalue_line("markers", "ladder: scenes in steps of one physical parameter")
    tags = {tag for suite in session.all_suites for case in suite.cases for tag in case.tags}
    for tag in sorted(tag for tag in tags if not refused_tag(tag)):
        config.addinivalue_line("markers", f"{tag}: images with the tag {tag!r}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Tell every static fault at once, before anything is collected or any model runs."""
    config = session.config
    if hasattr(config, "workerinput") or not is_concerned(config):
        return
    _raise_faults(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say models, device, suites and cached predictions."""
    if hasattr(config, "workerinput") or not is_concerned(config):
        return []
    runs, own = not only_looks(config), overrides_classifier(config)
    return header_lines(config.stash[SESSION], look_at_models=runs and not own, own_classifier=runs and own)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per image, and one per tier."""
    parametrize(metafunc, metafunc.config.stash[SESSION])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that have nothing to test."""
    before = len(items)
    drop_empty(items)
    config.stash[SESSION].selection.emptied = len(items) < before


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Read the selection: it is what will be predicted."""
    config = session.config
    config.stash[SESSION].select(session.items)
    benchmark = config.stash[SESSION]
    checked_already = hasattr(config, "workerinput") or is_concerned(config)
    # A test may have nothing to test because no suite could be read.
    why_empty = benchmark.selection.emptied and (benchmark.config.faults or benchmark.suite_faults)
    if (benchmark.selection.tests or why_empty) and not checked_already:
        _raise_faults(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every xdist worker the folder that the workers of this run share."""
    config: pytest.Config = node.config
    node.workerinput["robust_shared"] = str(config.stash[SESSION].shared_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what is open; take back the folder of a run that ended before its record began."""
    recorder = config.pluginmanager.unregister(name=_RECORDER)
    if isinstance(recorder, Recorder):
        recorder.discard()
    if session := config.stash.get(SESSION, None):
        session.close()


def _raise_faults(config: pytest.Config) -> None:
    benchmark = config.stash[SESSION]
    faults = [*benchmark.config.faults, *benchmark.suite_faults]
    recorder = config.pluginmanager.get_plugin(_RECORDER)
    if isinstance(recorder, Recorder) and recorder.fault:
        faults.append(recorder.fault)
    if fault := markdown_fault(benchmark.config.markdown):
        faults.append(fault)
    own = overrides_classifier(config)
    if own and benchmark.several_models:
        faults.append(
            "the fixture classifier of a conftest.py puts one model under test, but several are named "
            f"({', '.join(benchmark.config.slots)}); name one, or give each as python:module:factory"
        )
    if not faults and not only_looks(config):
        faults += ([] if own else model_faults(benchmark)) + all_baseline_faults(benchmark)
    if faults:
        raise pytest.UsageError(*faults)
