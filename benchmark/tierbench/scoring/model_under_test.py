"""Keep the classifier, label spaces, predictions and judged results of one model under test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tierbench.common.text import error_text
from tierbench.models.classifier import Classifier
from tierbench.models.identity import Identity
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
        identity: what the classifier says of itself.
        store: store of predictions; for a model without a fingerprint, one that lasts for this run only.
        suites: the suites by name.
        batch_size: number of images per batch.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
    """

    def __init__(
        self,
        name: str,
        classifier: Classifier,
        identity: Identity,
        store: PredictionStore,
        suites: Mapping[str, Suite],
        *,
        batch_size: int,
        max_pixels: int | None = None,
    ) -> None:
        self.name = name
        self.classifier = classifier
        self.identity = identity
        self.predictor = Predictor(
            classifier,
            store,
            batch_size,
            identity=identity,
            # The workers of a run share the predictions of a model without a fingerprint under its name.
            unkept=name if identity.fingerprint is None else "",
            counted=self._counted,
            max_pixels=max_pixels,
        )
        # Why the model has no card; empty if it has one.
        self.card_problem = ""
        self._suites = suites
        self.predictions: dict[str, Prediction] = {}
        self._store = store
        self._results: dict[str, CaseResult] = {}
        self._spaces: dict[str, LabelSpace] = {}

    def space(self, suite: Suite) -> LabelSpace:
        """Return the suite's concepts, mapped to the model's labels."""
        if suite.name not in self._spaces:
            self._spaces[suite.name] = map_concepts(suite, self.identity.labels)
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

    def _counted(self, case: Case) -> tuple[int, ...]:
        return tuple(self.space(self._suites[case.suite]).owners) if case.suite in self._suites else ()

    def predict(self, cases: Sequence[Case], advance: Advance | None = None) -> None:
        """Predict the cases, and store the model card with the predictions."""
        self.predictions.update(self.predictor.predict(cases, advance))
        self._keep_card()

    def _keep_card(self) -> None:
        """Store the model card, so that the report can show it without loading the model."""
        key = card_key(self.name, self.identity.fingerprint or "")
        if self._store.card(key) is not None:
            return
        try:
            card = json.loads(json.dumps(self.classifier.describe()))
        except (Exception, SystemExit) as error:
            # A user's own classifier may raise anything, or return a value that is not JSON. The card is only
            # shown: a run with good predictions does not fail because its card is missing.
            self.card_problem = f"model {self.name!r} has no card: its describe() failed: {error_text(error)}"
            return
        if isinstance(card, dict):
            self._store.put_card(key, card)
        else:
            self.card_problem = f"model {self.name!r} has no card: its describe() returned no dict"

    def result(self, case: Case, suite: Suite) -> CaseResult:
        """Return the judged result of a case; computed once, for the test of the case and that of its tier."""
        if case.key not in self._results:
            self._results[case.key] = judge_case(
                case,
                self.name,
                self.space(suite),
                self.predictions.get(case.key),
                twin=self.predictions.get(case.twin_key),
                multi_label=self.identity.multi_label,
            )
        return self._results[case.key]

    def kept(self, cases: Iterable[Case]) -> list[CaseResult]:
        """Return the results of cases whose predictions are kept, for their margins: twins are not considered.

        Nothing is predicted for the other cases, which are left out.
        """
        wanted = self.predictable(cases, self._suites)
        known = self.predictor.kept(wanted)
        return [
            judge_case(
                replace(case, twin=""),
                self.name,
                self.space(self._suites[case.suite]),
                known[case.key],
                multi_label=self.identity.multi_label,
            )
            for case in wanted
            if case.key in known
        ]
