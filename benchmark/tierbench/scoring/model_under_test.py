"""Keep the classifier, label spaces, predictions and judged results of one model under test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierbench.common.text import error_text
from tierbench.models.classifier import Classifier, Promptable, Verifies
from tierbench.models.identity import Identity
from tierbench.models.prediction_store import PredictionStore, card_key
from tierbench.models.predictor import Advance, Prediction, Predictor
from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.scoring.suite_model import SuiteModel, bind
from tierbench.suites.case import Case, Suite


class ModelUnderTest:
    """One model under test in this process.

    Args:
        name: name under which the model is compared over time.
        classifier: the model; it loads its weights at its first prediction.
        identity: what the classifier says of itself.
        store: store of predictions; for a model without a fingerprint, one that lasts for this run only.
        suites: the suites by name.
        batch_size: number of images per batch; 0: by device and memory, see `BatchSize`.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
        embeddings: folder where a zero-shot model keeps embeddings of texts between runs; None: it keeps none.
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
        embeddings: Path | None = None,
    ) -> None:
        self.name = name
        self.classifier = classifier
        self.identity = identity
        # Why the model has no card; empty if it has one.
        self.card_problem = ""
        self._suites = suites
        self._batch_size = batch_size
        self._max_pixels = max_pixels
        self.embeddings = embeddings
        self.predictions: dict[str, Prediction] = {}
        self._store = store
        self._results: dict[str, CaseResult] = {}
        self._bound: dict[str, SuiteModel] = {}
        self._predictors: dict[str, Predictor] = {}
        self._label_problems: dict[tuple[str, bool], list[str]] = {}

    @property
    def prompted(self) -> bool:
        """Whether its labels are the concepts of each suite."""
        return isinstance(self.classifier, Promptable)

    @property
    def backend(self) -> str:
        """What runs it, with its version; empty for torch."""
        return self._predictor("").backend

    @property
    def takes_cropped(self) -> bool:
        """Whether it predicts pictures that are cropped already without cropping them again."""
        return all(predictor.takes_cropped for predictor in self._all_predictors())

    def bound(self, suite: Suite) -> SuiteModel:
        """Return the model as a suite asks it."""
        if suite.name not in self._bound:
            self._bound[suite.name] = bind(self.classifier, suite, identity=self.identity, kept=self.embeddings)
        return self._bound[suite.name]

    def space(self, suite: Suite) -> LabelSpace:
        """Return the suite's concepts, mapped to the model's labels."""
        return self.bound(suite).space

    def label_problems(self, suites: Iterable[Suite], missing_labels: str) -> list[str]:
        """List the label problems of the suites and the model."""
        return [problem for suite in suites for problem in self._label_problems_of(suite, missing_labels == "error")]

    def _label_problems_of(self, suite: Suite, strict: bool) -> list[str]:
        # Asked for at the start and again before predicting; to look for misspelt labels takes a while.
        about = suite.name, strict
        if about not in self._label_problems:
            self._label_problems[about] = self.bound(suite).problems(self.name, missing_is_problem=strict)
        return self._label_problems[about]

    def predictable(self, cases: Iterable[Case], suites: Mapping[str, Suite]) -> list[Case]:
        """Return the cases that expect a concept for which the model has a label."""
        return [case for case in cases if any(self.space(suites[case.suite]).knows(name) for name in case.expected)]

    def _counted(self, case: Case) -> tuple[int, ...]:
        return tuple(self.space(self._suites[case.suite]).owners) if case.suite in self._suites else ()

    def _predictor(self, suite: str) -> Predictor:
        """Return what predicts the cases of a suite: a zero-shot model has other labels in each."""
        name = suite if self.prompted and suite in self._suites else ""
        if name not in self._predictors:
            own = self.bound(self._suites[name]) if name else None
            self._predictors[name] = Predictor(
                own.classifier if own else self.classifier,
                self._store,
                self._batch_size,
                identity=own.identity if own else self.identity,
                # The workers of a run share the predictions of a model without a fingerprint under its name.
                unkept=self.name if self.identity.fingerprint is None else "",
                counted=self._counted,
                max_pixels=self._max_pixels,
            )
        return self._predictors[name]

    def _all_predictors(self) -> list[Predictor]:
        return [self._predictor(name) for name in (self._suites if self.prompted else ("",))]

    def _by_predictor(self, cases: Iterable[Case]) -> Iterator[tuple[Predictor, list[Case]]]:
        groups: dict[str, list[Case]] = {}
        for case in cases:
            groups.setdefault(case.suite if self.prompted else "", []).append(case)
        for suite, own in groups.items():
            yield self._predictor(suite), own

    def verify(self, *, probe: bool) -> None:
        """Raise a `UserError` if the model will not be able to predict, as far as that can be told quickly.

        Args:
            probe: whether a model that cannot tell without its weights may predict a picture.
        """
        for predictor in self._all_predictors():
            if isinstance(predictor.classifier, Verifies):
                predictor.classifier.verify()
            elif probe and predictor.identity.labels:
                predictor.probe()

    def key_of(self, case: Case, image_sha256: str) -> str:
        """Return a key over all that decides what the model says of a case; see `Predictor.key_of`."""
        return self._predictor(case.suite).key_of(case, image_sha256)

    def cached(self, cases: Iterable[Case]) -> int:
        """Count the cases whose prediction is in the store."""
        return sum(predictor.cached(own) for predictor, own in self._by_predictor(cases))

    def predict(
        self, cases: Sequence[Case], advance: Advance | None = None, digests: Mapping[str, str] | None = None
    ) -> None:
        """Predict the cases, and store the model card with the predictions; see `Predictor.predict`."""
        for predictor, own in self._by_predictor(cases):
            self.predictions.update(predictor.predict(own, advance, digests))
        self._keep_card()

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of the files of the pictures that are predicted, by `case.key`."""
        return {key: each.image_sha256 for key, each in self.predictions.items() if each.probabilities is not None}

    @property
    def prompts(self) -> dict[str, Any]:
        """The texts by which each suite asks a zero-shot model for its concepts: suite → concept → texts."""
        if not self.prompted:
            return {}
        return {
            name: texts
            for name, suite in self._suites.items()
            if (texts := getattr(self.bound(suite).classifier, "texts", None))
        }

    def _keep_card(self) -> None:
        """Store the model card, so that the report can show it without loading the model."""
        key = card_key(self.name, self.identity.fingerprint or "", self.backend)
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
                multi_label=self.bound(suite).identity.multi_label,
            )
        return self._results[case.key]

    def release(self) -> None:
        """Forget predictions and results."""
        self.predictions.clear()
        self._results.clear()

    def kept(self, cases: Iterable[Case]) -> list[CaseResult]:
        """Return the results of cases whose predictions are kept, for their margins: twins are not considered.

        Nothing is predicted for the other cases, which are left out.
        """
        wanted = self.predictable(cases, self._suites)
        known: dict[str, Prediction] = {}
        for predictor, own in self._by_predictor(wanted):
            known.update(predictor.kept(own))
        return [
            judge_case(
                replace(case, twin=""),
                self.name,
                self.space(self._suites[case.suite]),
                known[case.key],
                multi_label=self.bound(self._suites[case.suite]).identity.multi_label,
            )
            for case in wanted
            if case.key in known
        ]
