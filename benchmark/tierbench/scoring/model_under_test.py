"""One model under test in this process: its classifier, its label spaces, its predictions, its judged results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from tierbench.models.classifier import Classifier, is_multi_label
from tierbench.models.prediction_store import PredictionStore, card_key
from tierbench.models.predictor import Advance, Prediction, Predictor
from tierbench.scoring.labels import LabelSpace, label_problems, map_concepts
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.suites.case import Case, Suite


class ModelUnderTest:
    """One model under test in this process.

    Args:
        name: under which it is compared over time.
        classifier: the model; loads its weights when it first predicts.
        store: where predictions are kept.
        batch_size: images handed to the model at once.
    """

    def __init__(self, name: str, classifier: Classifier, store: PredictionStore, batch_size: int) -> None:
        self.name = name
        self.classifier = classifier
        self.predictor = Predictor(classifier, store, batch_size)
        self.predictions: dict[str, Prediction] = {}
        self._store = store
        self._results: dict[str, CaseResult] = {}
        self._spaces: dict[str, LabelSpace] = {}

    def space(self, suite: Suite) -> LabelSpace:
        """Return the suite's concepts over the model's labels."""
        if suite.name not in self._spaces:
            self._spaces[suite.name] = map_concepts(suite, self.classifier.labels)
        return self._spaces[suite.name]

    def label_problems(self, suites: Iterable[Suite], missing_labels: str) -> list[str]:
        """Say what is wrong between the suites and the model's labels."""
        strict = missing_labels == "error"
        return [
            problem
            for suite in suites
            for problem in label_problems(suite, self.space(suite), self.name, missing_is_problem=strict)
        ]

    def predictable(self, cases: Iterable[Case], suites: Mapping[str, Suite]) -> list[Case]:
        """Leave out the cases whose concept the model has no label for."""
        return [case for case in cases if any(self.space(suites[case.suite]).knows(name) for name in case.expected)]

    def predict(self, cases: Sequence[Case], advance: Advance | None = None) -> None:
        """Predict the cases, and keep the model card beside the predictions."""
        self.predictions.update(self.predictor.predict(cases, advance))
        self._keep_card()

    def _keep_card(self) -> None:
        """Put the model card where the report finds it without loading the model."""
        key = card_key(self.predictor.fingerprint)
        if self._store.card(key) is not None:
            return
        try:
            card = json.loads(json.dumps(self.classifier.describe()))
        except Exception:
            # A user's own classifier may raise anything, or return what is no JSON. The card is only shown: a run
            # whose predictions are good does not fail for want of it.
            return
        if isinstance(card, dict):
            self._store.put_card(key, card)

    def result(self, case: Case, suite: Suite) -> CaseResult:
        """Hold the prediction of a case against it; its own test and its tier's ask for the same."""
        if case.key not in self._results:
            self._results[case.key] = judge_case(
                case,
                self.name,
                self.space(suite),
                self.predictions.get(case.key),
                multi_label=is_multi_label(self.classifier),
            )
        return self._results[case.key]
