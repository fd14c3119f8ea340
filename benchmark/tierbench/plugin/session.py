"""The benchmark in one pytest process: its tests, what is selected of them, and what xdist workers share."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path

import pytest

from tierbench.common.progress import progress_bar
from tierbench.common.schema import SetResult
from tierbench.plugin.check import Check
from tierbench.plugin.checks import CaseCheck
from tierbench.plugin.kinds import TESTS
from tierbench.runs.benchmark import Benchmark
from tierbench.runs.config import RunConfig
from tierbench.scoring.model_pool import Around, Progress

SESSION = pytest.StashKey["BenchmarkSession"]()


class BenchmarkSession(Benchmark):
    """The benchmark's side of one pytest process (controller, worker, or both in one).

    Args:
        config: what the run was asked to do.
        pytest_config: pytest's own configuration.
        shared: under pytest-xdist, the folder that the workers of the run share.
    """

    def __init__(self, config: RunConfig, pytest_config: pytest.Config, shared: Path | None = None) -> None:
        super().__init__(config, _progress(pytest_config), shared)
        self.models.notice = _notice(pytest_config)
        self.models.predicts = not getattr(pytest_config.option, "numprocesses", None)
        self.around_predictions: Around = lambda name, cases: nullcontext()
        self.selected: list[Check] = []
        self._owned: Path | None = None

    @property
    def asks_models(self) -> bool:
        """Whether models predict; not where results are read from records."""
        return True

    def judges(self, check: Check) -> bool:
        """Return whether a test is judged here: a shard judges only cases, `tierbench merge` the rest."""
        return self.config.shard is None or check.kind == CaseCheck.kind

    def concerns(self, item: pytest.Item) -> bool:
        """Return whether an item is part of this session: a shard does not have the tests of cases of others."""
        check = check_of(item)
        return check is None or not isinstance(check, CaseCheck) or self.selection.has(check.needs[0])

    @cached_property
    def checks(self) -> dict[str, tuple[Check, ...]]:
        """The tests that suites, data sets and models have, by the name of their function without `test_`."""
        return {name: tuple(check for kind in kinds for check in kind.all(self)) for name, kinds in TESTS.items()}

    def check_id(self, check: Check) -> str:
        """Return the id of a test."""
        return f"{check.name}:{check.model}" if self.several_models else check.name

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Read from the selected items which cases must be predicted under which model."""
        for item in items:
            if check := check_of(item):
                self.selected.append(check)
                check.select(self.selection)
        wanted = any(not {"scores", "predictions"}.isdisjoint(getattr(item, "fixturenames", ())) for item in items)
        if wanted and not self.selected:
            # Users' own tests want scores, and no test of ours is selected that names the cases.
            for name in self.names:
                self.selection.add(name, (case for suite in self.suites for case in suite.cases))

    def set_result(self, model: str, name: str) -> SetResult:
        """Return the result of a model on a data set, as `Benchmark` does."""
        with self.around_predictions(model, ()):
            return super().set_result(model, name)

    def test_of(self, nodeid: str) -> Check | None:
        """Return the test of ours with a node id; None for every other test."""
        function, _, rest = nodeid.partition("[")
        found = self._by_id.get(rest.removesuffix("]"), [])
        same = [check for check in found if function.endswith(f"::test_{check.test or check.kind}")]
        return next(iter(same or found), None)

    @cached_property
    def _by_id(self) -> dict[str, list[Check]]:
        """The tests by their id; those of several functions may have the same."""
        found: dict[str, list[Check]] = {}
        for checks in self.checks.values():
            for check in checks:
                found.setdefault(self.check_id(check), []).append(check)
        return found

    def shared_folder(self) -> Path:
        """Return the folder that the xdist workers of this run share, making it at first use."""
        folder = self.models.shared.folder
        if folder is None:
            self._owned = folder = Path(tempfile.mkdtemp(prefix="tierbench-"))
            self.models.share(folder)
        return folder

    def reports_failure(self, model: str, test: str) -> bool:
        """Return whether a test reports why a model cannot predict: of a run, the first one that asks does.

        It does so again if it runs again.
        """
        if not self.models.failed(model):
            return True
        return self.models.shared.claim(f"failed-{model}", test)

    def close(self) -> None:
        """Close the store, and remove the shared folder where this process made it."""
        super().close()
        if self._owned:
            shutil.rmtree(self._owned, ignore_errors=True)


def check_of(item: pytest.Item) -> Check | None:
    """Return what an item of the benchmark is about; None for any other item."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return next((value for value in values if isinstance(value, Check)), None)


def _notice(config: pytest.Config) -> Callable[[str], object]:
    """Return what shows a line on the controller's terminal: past pytest's capture, and never amid its dots."""

    def show(text: str) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or hasattr(config, "workerinput"):
            return
        capture = config.pluginmanager.getplugin("capturemanager")
        bar = tqdm_module.tqdm.external_write_mode() if (tqdm_module := sys.modules.get("tqdm")) else nullcontext()
        with capture.global_and_fixture_disabled() if capture else nullcontext(), bar:
            reporter.ensure_newline()
            reporter.write_line(text)

    return show


def _progress(config: pytest.Config) -> Progress:
    """Return what opens a progress bar: on the controller's terminal, past pytest's capture."""
    if hasattr(config, "workerinput"):
        return lambda total, title: nullcontext(lambda count: None)
    capture = config.pluginmanager.getplugin("capturemanager")
    return partial(progress_bar, uncaptured=capture.global_and_fixture_disabled if capture else nullcontext)
