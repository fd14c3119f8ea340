"""Keep the classifier, label spaces, predictions and judged results of one model under test."""

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
        name: name under which the model is compared over time.
        classifier: the model; it loads its weights at its first prediction.
        store: store of predictions.
        batch_size: number of images per batch.
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
        """Return the suite's concepts, mapped to the model's labels."""
        if suite.name not in self._spaces:
            self._spaces[suite.name] = map_concepts(suite, self.classifier.labels)
        return self._spaces[suite.name]

    def label_problems(self, suites: Iterable[Suite], missing_labels: str) -> list[str]:
        """List the label problems of the suites and the model."""
        strict = missing_labels == "error"
        return [
            problem
            for suite in suites
            for problem in label_problems(suite, self.space(suite), self.name, missing_is_problem=strict)
        ]

    def predictable(self, cases: Iterable[Case], suites: Mapping[str, Suite]) -> list[Case]:
        """Return the cases that expect a concept for which the model has a label."""
        return [case for case in cases if any(self.space(suites[case.suite]).knows(name) for name in case.expected)]

    def predict(self, cases: Sequence[Case], advance: Advance | None = None) -> None:
        """Predict the cases, and store the model card with the predictions."""
        self.predictions.update(self.predictor.predict(cases, advance))
        self._keep_card()

    def _keep_card(self) -> None:
        """Store the model card, so that the report can show it without loading the model."""
        key = card_key(self.predictor.fingerprint)
        if self._store.card(key) is not None:
            return
        try:
            card = json.loads(json.dumps(self.classifier.describe()))
        except Exception:
            # A user's own classifier may raise anything, or return a value that is not JSON. The card is only
            # shown: a run with good predictions does not fail because its card is missing.
            return
        if isinstance(card, dict):
            self._store.put_card(key, card)

    def result(self, case: Case, suite: Suite) -> CaseResult:
        """Return the judged result of a case; computed once, for the test of the case and that of its tier."""
        if case.key not in self._results:
            self._results[case.key] = judge_case(
                case,
                self.name,
                self.space(suite),
                self.predictions.get(case.key),
                twin=self.predictions.get(case.twin_key),
                multi_label=is_multi_label(self.classifier),
            )
        return self._results[case.key]
