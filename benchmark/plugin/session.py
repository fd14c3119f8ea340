"""What one pytest process knows of the benchmark: suites, models, the selection, and predictions made once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.labels import LabelSpace, label_faults, map_concepts
from benchmark.ladders import LadderResult, ladder_steps, summarise_ladder
from benchmark.models import load_classifier
from benchmark.models.classifier import Classifier, is_multi_label
from benchmark.plugin.options import RunConfig
from benchmark.plugin.progress import progress_bar
from benchmark.prediction import Prediction, Predictor
from benchmark.results import CaseResult, judge_case
from benchmark.store import PredictionStore, card_key
from benchmark.suites import Case, Ladder, Suite, read_suites
from benchmark.tiers import TierResult, summarise_tier

SESSION = pytest.StashKey["BenchmarkSession"]()


@dataclass(frozen=True, slots=True)
class CaseTest:
    """The parameter of a `test_case`: a case under a model."""

    case: Case
    slot: str


@dataclass(frozen=True, slots=True)
class TierTest:
    """The parameter of a `test_tier`: a tier of a suite under a model."""

    suite: Suite
    tier: int
    slot: str


@dataclass(frozen=True, slots=True)
class LadderTest:
    """The parameter of a `test_ladder`: a ladder of a suite under a model."""

    suite: Suite
    ladder: Ladder
    slot: str


@dataclass
class Selection:
    """What pytest selected, per slot: the cases to be predicted."""

    cases: dict[str, dict[str, Case]] = field(default_factory=dict)
    tests: int = 0

    def add(self, slot: str, cases: Iterable[Case]) -> None:
        """Note that the cases are needed under a slot."""
        self.cases.setdefault(slot, {}).update((case.key, case) for case in cases)


class SlotSession:
    """One model under test in this process: its classifier, its label spaces, its predictions.

    Args:
        slot: the name of the model.
        classifier: the model; loads its weights when it first predicts.
        store: where predictions are kept.
        config: what the run was asked to do.
    """

    def __init__(self, slot: str, classifier: Classifier, store: PredictionStore, config: RunConfig) -> None:
        self.slot = slot
        self.classifier = classifier
        self._store = store
        self.predictor = Predictor(classifier, store, config.batch_size)
        self.predictions: dict[str, Prediction] = {}
        self._spaces: dict[str, LabelSpace] = {}

    def space(self, suite: Suite) -> LabelSpace:
        """Give the suite's concepts over the model's labels."""
        if suite.name not in self._spaces:
            self._spaces[suite.name] = map_concepts(suite, self.classifier.labels)
        return self._spaces[suite.name]

    def faults(self, suites: Sequence[Suite], missing_labels: str) -> list[str]:
        """Say what is wrong between the suites and the model's labels."""
        return [
            fault
            for suite in suites
            for fault in label_faults(suite, self.space(suite), self.slot, missing_is_fault=missing_labels == "error")
        ]

    def predictable(self, cases: Iterable[Case], suites: dict[str, Suite]) -> list[Case]:
        """Leave out the cases whose concept the model has no label for."""
        return [case for case in cases if any(self.space(suites[case.suite]).knows(name) for name in case.expected)]

    def keep_card(self) -> None:
        """Put the model card beside the predictions, where the report finds it without loading the model."""
        key = card_key(self.classifier.fingerprint)
        if self._store.card(key) is None:
            self._store.put_card(key, self.classifier.describe())

    def result(self, case: Case, suite: Suite) -> CaseResult:
        """Hold the prediction of a case against it."""
        return judge_case(
            case,
            self.slot,
            self.space(suite),
            self.predictions.get(case.key),
            multi_label=is_multi_label(self.classifier),
        )


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
        if name not in self._slots:
            if classifier is None:
                spec = next(model.spec for model in self.config.models if model.slot == name)
                config = self.config
                classifier = load_classifier(spec, device=config.device, dtype=config.dtype, root=config.root)
            self._slots[name] = SlotSession(name, classifier, self.store, self.config)
        return self._slots[name]

    def fingerprint(self, name: str) -> str:
        """Give the fingerprint of a slot's model; empty where it could not be opened."""
        return self._slots[name].classifier.fingerprint if name in self._slots else ""

    def model_faults(self) -> list[str]:
        """Open every model without loading its weights, and say what is wrong with it or with its labels."""
        faults: list[str] = []
        for name in self.config.slots:
            try:
                slot = self.slot(name)
                # Asks for the device too, so that an absent one is told before anything runs.
                _ = getattr(slot.classifier, "device", "")
            except UserError as error:
                faults += error.lines
            else:
                faults += slot.faults(self.suites, self.config.missing_labels)
        return faults

    def all_cases(self) -> list[Case]:
        """Give the cases of all tiers of all suites."""
        return [case for suite in self.suites for cases in suite.by_tier.values() for case in cases]

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Read from the selected items which cases must be predicted under which model."""
        wants_scores = False
        for item in items:
            wants_scores |= not {"scores", "predictions"}.isdisjoint(getattr(item, "fixturenames", ()))
            callspec = getattr(item, "callspec", None)
            for parameter in callspec.params.values() if callspec else ():
                if isinstance(parameter, CaseTest):
                    self.selection.add(parameter.slot, [parameter.case])
                elif isinstance(parameter, TierTest):
                    self.selection.add(parameter.slot, parameter.suite.by_tier[parameter.tier])
                elif isinstance(parameter, LadderTest):
                    self.selection.add(parameter.slot, ladder_steps(parameter.suite, parameter.ladder.name))
                else:
                    continue
                self.selection.tests += 1
        if wants_scores and not self.selection.tests:
            for name in self.config.slots:
                self.selection.add(name, self.all_cases())

    def predicted(self, name: str, classifier: Classifier | None = None) -> SlotSession:
        """Give a slot whose selected cases are predicted; the first call predicts them all.

        Under pytest-xdist one worker computes while the others wait, and then read what it kept.

        Raises:
            UserError: if the model cannot be loaded or does not fit the suites.
        """
        slot = self.slot(name, classifier)
        selected = self.selection.cases.get(name, {})
        missing = [case for key, case in selected.items() if key not in slot.predictions]
        if missing:
            if faults := slot.faults(self.suites, self.config.missing_labels):
                raise UserError(*faults)
            with self._one_at_a_time():
                cases = slot.predictable(missing, self.by_name)
                with progress_bar(self._pytest_config, len(cases), f"predicting with {name}") as advance:
                    slot.predictions.update(slot.predictor.predict(cases, advance))
                slot.keep_card()
        return slot

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

    def results(self, classifier: Classifier | None = None) -> list[CaseResult]:
        """Give the results of all selected cases under all models."""
        found: list[CaseResult] = []
        for name, cases in self.selection.cases.items():
            slot = self.predicted(name, classifier if name == self.config.slots[0] else None)
            found += [slot.result(case, self.by_name[case.suite]) for case in cases.values()]
        return found

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
