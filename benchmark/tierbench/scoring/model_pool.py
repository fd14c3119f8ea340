"""The models of a run in one process: each opened once, each predicting the selected cases once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.models import load_classifier
from tierbench.models.classifier import Classifier
from tierbench.models.factory import checked_classifier
from tierbench.models.label_file import read_labels
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Advance
from tierbench.models.spec import ModelSpec
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.suites.case import Case, Suite

Progress = Callable[[int, str], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class ModelOptions:
    """How the models of a run are opened.

    Attributes:
        specs: the models, in the order of the run.
        labels: model → the file that names its classes.
        root: what relative paths are relative to.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: of the weights: `float32`, `float16` or `bfloat16`.
        batch_size: images handed to a model at once.
        missing_labels: what becomes of cases whose concept no label of a model matches: `error` or `skip`.
        cache: whether predictions are kept between runs.
    """

    specs: tuple[ModelSpec, ...]
    labels: Mapping[str, Path]
    root: Path
    device: str
    dtype: str
    batch_size: int
    missing_labels: str
    cache: bool

    def spec(self, name: str) -> ModelSpec:
        """Return what was named as a model."""
        return next(spec for spec in self.specs if spec.name == name)


@dataclass
class ModelPool:
    """The models of a run in one process.

    Attributes:
        options: how they are opened.
        suites: the suites by name.
        progress: shows how far a prediction is, given how many images there are and a title.
        shared: the folder that the processes of a run share; None: there is one process.
    """

    options: ModelOptions
    suites: Mapping[str, Suite]
    progress: Progress
    shared: Path | None = None
    _store: PredictionStore | None = None
    _models: dict[str, ModelUnderTest] = field(default_factory=dict)
    # Model → why it could not predict; empty where it could.
    _predicted: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def store(self) -> PredictionStore:
        """Where predictions are kept: between runs, or, without the cache, for this run."""
        if self._store is None:
            file = self.shared / "predictions.sqlite" if self.shared else None
            self._store = PredictionStore(PredictionStore.default_file() if self.options.cache else file)
        return self._store

    def share(self, folder: Path) -> None:
        """Let the processes of a run share a folder."""
        self.shared = folder
        if not self.options.cache:
            # What was looked into so far was a store of this process alone.
            self._store = None

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def open(self, name: str, classifier: Classifier | None = None) -> ModelUnderTest:
        """Open a model, at the first call.

        Args:
            name: of the model.
            classifier: what the user's own `classifier` fixture returned; else the model's spec is opened.

        Raises:
            UserError: if the spec names no usable model.
        """
        known, options = self._models.get(name), self.options
        if classifier is not None and (known is None or known.classifier is not classifier):
            own = checked_classifier(classifier, "the fixture 'classifier'")
            # A fixture may give a model that nobody knew of when the session began, or the same one for each test.
            if known is None or known.predictor.fingerprint != own.fingerprint:
                self._predicted.pop(name, None)
                self._models[name] = ModelUnderTest(name, own, self.store, options.batch_size)
        elif known is None:
            labels = read_labels(options.labels[name]) if name in options.labels else None
            spec = options.spec(name).spec
            opened = load_classifier(spec, device=options.device, dtype=options.dtype, root=options.root, labels=labels)
            self._models[name] = ModelUnderTest(name, opened, self.store, options.batch_size)
        return self._models[name]

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of a model; empty where it could not be opened."""
        return self._models[name].predictor.fingerprint if name in self._models else ""

    def problems(self) -> list[str]:
        """Open every model without loading its weights, and say what is wrong with it or with its labels."""
        problems: list[str] = []
        for spec in self.options.specs:
            try:
                model = self.open(spec.name)
                # Asks for the device too, so that an absent one is reported before anything runs.
                _ = getattr(model.classifier, "device", "")
            except UserError as error:
                problems += error.lines
            else:
                problems += model.label_problems(self.suites.values(), self.options.missing_labels)
        return problems

    def predicted(self, name: str, cases: Iterable[Case] = (), classifier: Classifier | None = None) -> ModelUnderTest:
        """Return a model that has predicted; the first call predicts all the cases.

        Where processes share a run one computes while the others wait, and then read what it kept.

        Args:
            name: of the model.
            cases: to be predicted at the first call.
            classifier: as with `open`.

        Raises:
            UserError: if the model cannot be loaded or does not fit the suites.
        """
        model = self.open(name, classifier)
        if name not in self._predicted:
            try:
                self._predict(model, list(cases))
            except UserError as error:
                # The next test must not load the same model in vain again.
                self._predicted[name] = error.lines
            else:
                self._predicted[name] = ()
        if failure := self._predicted[name]:
            raise UserError(*failure)
        return model

    def _predict(self, model: ModelUnderTest, selected: Sequence[Case]) -> None:
        if problems := model.label_problems(self.suites.values(), self.options.missing_labels):
            raise UserError(*problems)
        with self._one_at_a_time():
            cases = model.predictable(selected, self.suites)
            with self.progress(len(cases), f"predicting with {model.name}") as advance:
                model.predict(cases, advance)

    def _one_at_a_time(self) -> AbstractContextManager[object]:
        if self.shared is None:
            return nullcontext()
        from filelock import FileLock

        return FileLock(self.shared / "predict.lock")
