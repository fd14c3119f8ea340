"""One model under test in this process: its classifier, label spaces and predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tierbench.models.classifier import Classifier, is_multi_label
from tierbench.models.prediction_store import PredictionStore, card_key
from tierbench.models.predictor import Prediction, Predictor
from tierbench.plugin.options import RunConfig
from tierbench.scoring.labels import LabelSpace, label_faults, map_concepts
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.suites import Case, Suite

if TYPE_CHECKING:
    from tierbench.common.schema import PairedVerdict


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
        self._results: dict[str, CaseResult] = {}
        self.verdicts: dict[tuple[str, int], PairedVerdict] | None = None
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
        key = card_key(self.predictor.fingerprint)
        if self._store.card(key) is not None:
            return
        try:
            card = json.loads(json.dumps(self.classifier.describe()))
        except Exception:
            # A user's own classifier may raise anything, or give what is no JSON. The card is only shown: a run
            # whose predictions are good does not fail for want of it.
            return
        if isinstance(card, dict):
            self._store.put_card(key, card)

    def result(self, case: Case, suite: Suite) -> CaseResult:
        """Hold the prediction of a case against it; its own test and its tier's ask for the same."""
        if case.key not in self._results:
            self._results[case.key] = judge_case(
                case,
                self.slot,
                self.space(suite),
                self.predictions.get(case.key),
                multi_label=is_multi_label(self.classifier),
            )
        return self._results[case.key]
