"""The state of the benchmark in one pytest process: suites, models, baselines, selection."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tierbench.models.classifier import Classifier
from tierbench.plugin.check import Check
from tierbench.plugin.checks import KINDS, RegressionCheck
from tierbench.plugin.options import RunConfig
from tierbench.plugin.own_classifier import SPEC as OWN_SPEC
from tierbench.plugin.progress import progress_bar
from tierbench.runs.baseline_changes import Baselines
from tierbench.runs.gates import Change
from tierbench.scoring.model_pool import ModelPool
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.scoring.results import CaseResult
from tierbench.suites import Case, read_suites
from tierbench.suites.derived import derive_cases

if TYPE_CHECKING:
    from tierbench.common.schema import PairedVerdict

SESSION = pytest.StashKey["BenchmarkSession"]()


@dataclass
class Selection:
    """What pytest selected.

    Attributes:
        checks: our tests, in their order.
        cases: the cases to be predicted under each model, by `suite/id`.
    """

    checks: list[Check] = field(default_factory=list)
    cases: dict[str, dict[str, Case]] = field(default_factory=dict)

    def add(self, model: str, cases: Iterable[Case]) -> None:
        """Note that the cases are needed under a model."""
        self.cases.setdefault(model, {}).update((case.key, case) for case in cases)


class BenchmarkSession:
    """The benchmark's side of one pytest process (controller, worker, or both in one).

    Args:
        config: what the run was asked to do.
        pytest_config: pytest's own configuration.
        own_model: whether a `classifier` fixture of the user's returns the first model.
        shared: under pytest-xdist, the folder that the workers of the run share.
    """

    def __init__(
        self, config: RunConfig, pytest_config: pytest.Config, own_model: bool, shared: Path | None = None
    ) -> None:
        self.config = config
        self.own_model = own_model
        self.selection = Selection()
        self.all_suites, self.suite_problems = read_suites(config.cases) if config.cases else ([], [])
        self.suites = [suite for suite in self.all_suites if suite.fetched]
        self.by_name = {suite.name: suite for suite in self.suites}
        # Those that have tests: all, or the ones whose folders pytest was pointed at.
        self.chosen = [suite for suite in self.suites if not config.only or suite.folder.resolve() in config.only]
        self.models = ModelPool(config.models, self.by_name, partial(progress_bar, pytest_config), shared)
        self._owned: Path | None = None
        self.baselines = Baselines(config.baseline, config.models.specs, config.gate, config.max_drop)
        self._verdicts: dict[str, Mapping[tuple[str, int], PairedVerdict]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models."""
        return tuple(spec.name for spec in self.config.models.specs)

    @property
    def several_models(self) -> bool:
        """Whether ids and messages must name the model."""
        return len(self.config.models.specs) > 1

    @property
    def updating(self) -> bool:
        """Whether this run becomes the baseline."""
        return self.config.update_baseline

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Every case by `suite/id`, those that a sweep derives included."""
        config = self.config
        return {
            case.key: case
            for suite in self.suites
            for case in (*suite.cases, *derive_cases(suite, config.corruptions, config.severities))
        }

    @cached_property
    def checks(self) -> dict[str, tuple[Check, ...]]:
        """The tests that suites and models have, by kind."""
        return {name: tuple(kind.all(self)) for name, kind in KINDS.items()}

    def check_id(self, check: Check) -> str:
        """Return the id of a test."""
        return f"{check.name}:{check.model}" if self.several_models else check.name

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Read from the selected items which cases must be predicted under which model."""
        for item in items:
            if check := check_of(item):
                self.selection.checks.append(check)
                self.selection.add(check.model, check.needs)
        wanted = any(not {"scores", "predictions"}.isdisjoint(getattr(item, "fixturenames", ())) for item in items)
        if wanted and not self.selection.checks:
            # Users' own tests want scores, and no test of ours is selected that names the cases.
            for name in self.names:
                self.selection.add(name, (case for suite in self.suites for case in suite.cases))

    def predicted(self, name: str, classifier: Classifier | None = None) -> ModelUnderTest:
        """Return a model whose selected cases are predicted; the first call predicts them all.

        Raises:
            UserError: if the model cannot be loaded or does not fit the suites.
        """
        return self.models.predicted(name, self.selection.cases.get(name, {}).values(), classifier)

    def shown_spec(self, name: str) -> str:
        """Return the spec of a model for the record, unless the user's own fixture returns the model."""
        return OWN_SPEC if self.own_model and name == self.names[0] else self.config.models.spec(name).spec

    # -- results ------------------------------------------------------------------------------

    def results(self, check: Check) -> list[CaseResult]:
        """Return the results of the cases that a test needs."""
        model = self.predicted(check.model)
        return [model.result(case, check.suite) for case in check.needs]

    def model_results(self, name: str) -> list[CaseResult]:
        """Return the results of all selected cases under a model."""
        model = self.predicted(name)
        return [model.result(case, self.by_name[case.suite]) for case in self.selection.cases[name].values()]

    def changes(self, name: str, results: Sequence[CaseResult]) -> list[Change | None]:
        """Return how results of a model compare with its baseline; None without a baseline or a score."""
        baseline = self.baselines.of(name)
        if baseline is None:
            return [None] * len(results)
        known = baseline.known
        if any(result.verdict and result.case.key not in known for result in results):
            # All at once at the first call: a diff of one row takes as long as one of a thousand.
            known = baseline.of(self.model_results(name))
        return [known.get(result.case.key) for result in results]

    def verdicts(self, name: str) -> Mapping[tuple[str, int], PairedVerdict]:
        """Return the paired verdicts of a model that were asked for, corrected for their number, by suite and tier."""
        from tierbench.runs.regression import judge_regression

        if name not in self._verdicts:
            asked = [
                check for check in self.selection.checks if isinstance(check, RegressionCheck) and check.model == name
            ]
            results = [result for check in asked for result in self.results(check)]
            allowed = {(check.suite.name, check.tier): check.suite.tiers[check.tier].allowed_drop for check in asked}
            baseline = self.baselines.of(name)
            verdicts = judge_regression(baseline.diff(results), allowed_drop=allowed) if baseline else ()
            self._verdicts[name] = {(verdict.suite, verdict.tier): verdict for verdict in verdicts}
        return self._verdicts[name]

    def problems(self) -> list[str]:
        """Return what is wrong with the models and their baselines."""
        models = [] if self.own_model else self.models.problems()
        return models + self.baselines.problems(updating=self.updating)

    def shared_folder(self) -> Path:
        """Return the folder that the xdist workers of this run share, making it at first use."""
        if self.models.shared is None:
            self.models.share(Path(tempfile.mkdtemp(prefix="tierbench-")))
            self._owned = self.models.shared
        assert self.models.shared is not None  # noqa: S101  # for the type checker
        return self.models.shared

    def close(self) -> None:
        """Close the store, and remove the shared folder where this process made it."""
        self.models.close()
        if self._owned:
            shutil.rmtree(self._owned, ignore_errors=True)


def check_of(item: pytest.Item) -> Check | None:
    """Return what an item of the benchmark is about; None for any other item."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return next((value for value in values if isinstance(value, Check)), None)
