"""What one pytest process knows of the benchmark: suites, models, the selection, and predictions made once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tierbench.common.errors import UserError
from tierbench.common.schema import GATES, Gate
from tierbench.models import load_classifier
from tierbench.models.classifier import Classifier
from tierbench.models.factory import checked_classifier
from tierbench.models.label_file import read_labels
from tierbench.models.prediction_store import PredictionStore
from tierbench.plugin.comparison import Comparison, open_comparison
from tierbench.plugin.options import RunConfig
from tierbench.plugin.own_classifier import SPEC as OWN_SPEC
from tierbench.plugin.own_classifier import overrides_classifier
from tierbench.plugin.progress import progress_bar
from tierbench.plugin.selection import CaseTest, LadderTest, RegressionTest, Selection, SliceTest, TierTest, cases_of
from tierbench.plugin.slot import SlotSession
from tierbench.runs.gates import Change
from tierbench.scoring.ladders import ladder_steps, summarise_ladder
from tierbench.scoring.results import CaseResult
from tierbench.scoring.slices import summarise_slice
from tierbench.scoring.tiers import summarise_tier
from tierbench.suites import Case, Suite, read_suites
from tierbench.suites.derived import SliceGate, derive_cases, slice_gates

if TYPE_CHECKING:
    from tierbench.common.schema import LadderResult, PairedVerdict, SliceResult, TierResult

SESSION = pytest.StashKey["BenchmarkSession"]()


class BenchmarkSession:
    """The benchmark's side of one pytest process (controller, worker, or both in one).

    Args:
        config: what the run was asked to do.
        pytest_config: pytest's own configuration.
        shared: under pytest-xdist, the folder that the workers of the run share.
    """

    def __init__(self, config: RunConfig, pytest_config: pytest.Config, shared: Path | None = None) -> None:
        self.config = config
        self.selection = Selection()
        self._pytest_config = pytest_config
        self._shared = shared
        self._owns_shared = False
        self._slots: dict[str, SlotSession] = {}
        self._comparisons: dict[str, Comparison | None] = {}
        # Slot → why it could not predict; empty where it could.
        self._predicted: dict[str, tuple[str, ...]] = {}
        self.all_suites, self.suite_faults = self._read_suites()
        self.suites = [suite for suite in self.all_suites if suite.fetched]
        self.by_name = {suite.name: suite for suite in self.suites}

    def _read_suites(self) -> tuple[list[Suite], list[str]]:
        default = (self.config.root / "cases",)
        if self.config.cases == default and not default[0].is_dir():
            # Nothing was asked for and nothing is there: a repository without suites yet.
            return [], []
        return read_suites(self.config.cases)

    @cached_property
    def store(self) -> PredictionStore:
        """Where predictions are kept: between runs, or, without the cache, for this run."""
        if self.config.cache:
            return PredictionStore(PredictionStore.default_file())
        return PredictionStore(self._shared / "predictions.sqlite" if self._shared else None)

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Every case by `suite/id`, those that a sweep derives included."""
        config = self.config
        return {
            case.key: case
            for suite in self.suites
            for case in (*suite.cases, *derive_cases(suite, config.corruptions, config.severities))
        }

    @property
    def several_models(self) -> bool:
        """Whether ids and messages must tell the model."""
        return len(self.config.models) > 1

    def slot(self, name: str, classifier: Classifier | None = None) -> SlotSession:
        """Give the model of a slot.

        Args:
            name: the slot.
            classifier: what the user's own `classifier` fixture gave; else the slot's spec is opened.

        Raises:
            UserError: if the spec names no usable model.
        """
        known = self._slots.get(name)
        if classifier is not None and (known is None or known.classifier is not classifier):
            own = checked_classifier(classifier, "the fixture 'classifier'")
            # A fixture may give a model that nobody knew of when the session began, or the same one for each test.
            if known is None or known.predictor.fingerprint != own.fingerprint:
                self._predicted.pop(name, None)
                self._slots[name] = SlotSession(name, own, self.store, self.config)
        elif known is None:
            spec = next(model.spec for model in self.config.models if model.slot == name)
            config = self.config
            labels = read_labels(config.labels[name]) if name in config.labels else None
            opened = load_classifier(spec, device=config.device, dtype=config.dtype, root=config.root, labels=labels)
            self._slots[name] = SlotSession(name, opened, self.store, config)
        return self._slots[name]

    def shown_spec(self, name: str) -> str:
        """Give what a slot's model is, as records tell it: its spec, unless the user's own fixture gives it."""
        if name == self.config.slots[0] and overrides_classifier(self._pytest_config):
            return OWN_SPEC
        return next(model.spec for model in self.config.models if model.slot == name)

    def fingerprint(self, name: str) -> str:
        """Give the fingerprint of a slot's model; empty where it could not be opened."""
        return self._slots[name].predictor.fingerprint if name in self._slots else ""

    def all_cases(self) -> list[Case]:
        """Give the cases of all suites, ladder steps included."""
        return [case for suite in self.suites for case in suite.cases]

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Read the selection: it is what will be predicted."""
        self.selection.take(items, self.config.slots, self.all_cases())

    def predicted(self, name: str, classifier: Classifier | None = None) -> SlotSession:
        """Give a slot whose selected cases are predicted; the first call predicts them all.

        Under pytest-xdist one worker computes while the others wait, and then read what it kept.

        Raises:
            UserError: if the model cannot be loaded or does not fit the suites.
        """
        slot = self.slot(name, classifier)
        if name not in self._predicted:
            try:
                self._predict(slot)
            except UserError as error:
                # The next test must not load the same model in vain again.
                self._predicted[name] = error.lines
            else:
                self._predicted[name] = ()
        if failure := self._predicted[name]:
            raise UserError(*failure)
        return slot

    def _predict(self, slot: SlotSession) -> None:
        if faults := slot.faults(self.suites, self.config.missing_labels):
            raise UserError(*faults)
        selected = self.selection.cases.get(slot.slot, {})
        with self._one_at_a_time():
            cases = slot.predictable(selected.values(), self.by_name)
            with progress_bar(self._pytest_config, len(cases), f"predicting with {slot.slot}") as advance:
                slot.predictions.update(slot.predictor.predict(cases, advance))
            slot.keep_card()

    def result(self, test: CaseTest, classifier: Classifier | None = None) -> CaseResult:
        """Give the result of a selected case."""
        slot = self.predicted(test.slot, classifier)
        return slot.result(test.case, self.by_name[test.case.suite])

    def tier_result(self, test: TierTest, classifier: Classifier | None = None) -> tuple[TierResult, list[CaseResult]]:
        """Give the result of a selected tier, and those of its cases."""
        slot = self.predicted(test.slot, classifier)
        results = [slot.result(case, test.suite) for case in test.suite.by_tier[test.tier]]
        rows = [result.row() for result in results]
        return summarise_tier(test.suite, test.tier, test.slot, rows), results

    def ladder_result(
        self, test: LadderTest, classifier: Classifier | None = None
    ) -> tuple[LadderResult, list[CaseResult]]:
        """Give the result of a selected ladder, and those of its steps, from easy to hard."""
        slot = self.predicted(test.slot, classifier)
        results = [slot.result(case, test.suite) for case in ladder_steps(test.suite, test.ladder.name)]
        rows = [result.row() for result in results]
        return summarise_ladder(test.suite, test.ladder, test.slot, rows), results

    def slice_result(
        self, test: SliceTest, classifier: Classifier | None = None
    ) -> tuple[SliceResult, list[CaseResult]]:
        """Give the result of a selected slice, and those of its corrupted cases."""
        slot = self.predicted(test.slot, classifier)
        results = [slot.result(case, test.suite) for case in cases_of(test)]
        corrupted = [result for result in results if result.case.corruption]
        gate = slice_gates(test.suite).get((test.corruption, test.severity), SliceGate())
        summary = summarise_slice(
            test.suite.name,
            test.slot,
            test.corruption,
            test.severity,
            [result.row() for result in corrupted],
            [result.row() for result in results if not result.case.corruption],
            gate,
        )
        return summary, corrupted

    def results(self, classifier: Classifier | None = None) -> list[CaseResult]:
        """Give the results of all selected cases under all models."""
        found: list[CaseResult] = []
        for name in self.selection.cases:
            found += self.slot_results(name, classifier if name == self.config.slots[0] else None)
        return found

    def slot_results(self, name: str, classifier: Classifier | None = None) -> list[CaseResult]:
        """Give the results of all selected cases under one model."""
        slot = self.predicted(name, classifier)
        return [slot.result(case, self.by_name[case.suite]) for case in self.selection.cases[name].values()]

    def changes(self, name: str, results: Sequence[CaseResult]) -> list[Change | None]:
        """Give how results of one model stand against its baseline; None where it has none, or nothing was scored."""
        comparison = self.comparison(name)
        if comparison is None:
            return [None] * len(results)
        known = comparison.known
        if any(result.verdict and result.case.key not in known for result in results):
            # All at once at the first call: a diff of one row takes as long as one of a thousand.
            known = comparison.changes(self.slot_results(name))
        return [known.get(result.case.key) for result in results]

    def comparison(self, name: str) -> Comparison | None:
        """Give the baseline of a slot, held against this run; None where there is none. No model is opened.

        Raises:
            UserError: if the baseline cannot be read.
        """
        if name not in self._comparisons:
            self._comparisons[name] = open_comparison(self.config, name)
        return self._comparisons[name]

    def gate(self, name: str) -> Gate:
        """Give how a model is gated; without a baseline by thresholds."""
        if self.comparison(name) is None:
            return "thresholds"
        asked = self.config.gate
        return "flips" if asked == "auto" else next(gate for gate in GATES if gate == asked)

    def regression(self, test: RegressionTest, classifier: Classifier | None = None) -> PairedVerdict:
        """Give the paired verdict of a tier, corrected for all tiers whose verdict was asked for."""
        from tierbench.runs.regression import judge_regression

        slot = self.predicted(test.slot, classifier)
        comparison = self.comparison(test.slot)
        if slot.verdicts is None:
            assert comparison is not None  # noqa: S101
            asked = self.selection.regressions[test.slot].values()
            results = [slot.result(case, other.suite) for other in asked for case in cases_of(other)]
            allowed = {(other.suite.name, other.tier): other.suite.tiers[other.tier].allowed_drop for other in asked}
            verdicts = judge_regression(comparison.diff(results), allowed_drop=allowed)
            slot.verdicts = {(verdict.suite, verdict.tier): verdict for verdict in verdicts}
        return slot.verdicts[(test.suite.name, test.tier)]

    def shared_folder(self) -> Path:
        """Give the folder that the xdist workers of this run share, making it at first use."""
        if self._shared is None:
            self._shared = Path(tempfile.mkdtemp(prefix="tierbench-"))
            self._owns_shared = True
            # Without the cache, what the header looked into was a store of this process alone.
            self.__dict__.pop("store", None)
        return self._shared

    def close(self) -> None:
        """Close the store, and remove the shared folder where this process made it."""
        if "store" in self.__dict__:
            self.store.close()
        if self._owns_shared and self._shared:
            shutil.rmtree(self._shared, ignore_errors=True)

    def _one_at_a_time(self) -> AbstractContextManager[object]:
        if self._shared is None:
            return nullcontext()
        from filelock import FileLock

        return FileLock(self._shared / "predict.lock")
