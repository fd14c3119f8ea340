"""Hold the models of a run in one process: each is opened once and predicts the selected cases once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tierbench.common.cache import cache_folder
from tierbench.common.errors import UserError
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.text import one_line
from tierbench.models import load_classifier
from tierbench.models.classifier import Classifier
from tierbench.models.compilation import compile_model, compile_problem, give_up_compiling
from tierbench.models.endpoint_settings import EndpointSettings, write_notice
from tierbench.models.identity import Identity, identity_of, read_part
from tierbench.models.kept_figures import kept_figures
from tierbench.models.label_file import read_labels
from tierbench.models.prediction_store import PredictionStore, card_key
from tierbench.models.predictor import Advance
from tierbench.models.registry import own_source
from tierbench.models.spec import ModelSpec
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.scoring.shared_run import SharedRun
from tierbench.suites.case import Case, Suite

Progress = Callable[[int, str], AbstractContextManager[Advance]]
# Given the name of a model and the cases that it is asked for.
Around = Callable[[str, Sequence[Case]], AbstractContextManager[object]]


@dataclass(frozen=True)
class ModelOptions:
    """Options for opening the models of a run.

    Attributes:
        specs: the models, in the order of the run.
        labels: model → file with the names of its classes.
        root: folder that relative paths start from.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: type of the weights: `float32`, `float16` or `bfloat16`.
        batch_size: number of images per batch; 0: by device and memory, see `BatchSize`.
        missing_labels: what to do if a model has no label for a concept: `error`, or `skip` its cases.
        cache: whether predictions are kept between runs.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
        processors: model → folder with its image processor.
        backend: what runs transformers models: `torch` or `onnx`.
        compiled: whether torch.compile compiles the networks of torch models.
        endpoints: model behind a server → how it is asked.
    """

    specs: tuple[ModelSpec, ...]
    labels: Mapping[str, Path]
    root: Path
    device: str
    dtype: str
    batch_size: int
    missing_labels: str
    cache: bool
    max_pixels: int | None = None
    processors: Mapping[str, Path] = field(default_factory=dict)
    backend: str = "torch"
    compiled: bool = False
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)

    def spec(self, name: str) -> ModelSpec:
        """Return the spec of the model with this name."""
        return next(spec for spec in self.specs if spec.name == name)


@dataclass
class ModelPool:
    """The models of a run in one process.

    Attributes:
        options: options for opening them.
        suites: the suites by name.
        progress: opens a progress bar, given the number of images and a title.
        shared: what the processes of the run share.
        notice: shows a line to the user while a model lets them wait.
        around: is entered while a model predicts, waiting for other processes included.
        predictions: model → number of pictures that it was asked for, and seconds until it had answered.
        predicts: whether this process predicts: one that only controls workers does not load the weights.
    """

    options: ModelOptions
    suites: Mapping[str, Suite]
    progress: Progress
    shared: SharedRun = field(default_factory=SharedRun)
    predicts: bool = True
    notice: Callable[[str], object] = write_notice
    around: Around = lambda name, cases: nullcontext()
    predictions: dict[str, tuple[int, float]] = field(default_factory=dict)
    _store: PredictionStore | None = None
    _run_store: PredictionStore | None = None
    _models: dict[str, ModelUnderTest] = field(default_factory=dict)
    # Model → why it could not predict; empty if it could.
    _predicted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Of pictures, by the SHA-256 of their files; searches for misses and for regressions ask for the same.
    _figures: dict[str, PictureFigures] = field(default_factory=dict)

    @property
    def store(self) -> PredictionStore:
        """The store of predictions; without the cache it lasts for this run only."""
        if not self.options.cache:
            return self.run_store
        if self._store is None:
            self._store = PredictionStore(PredictionStore.default_file())
        return self._store

    @property
    def run_store(self) -> PredictionStore:
        """The store of predictions that are not kept between runs; the processes of a run share it."""
        if self._run_store is None:
            self._run_store = PredictionStore(self.shared.store_file)
        return self._run_store

    def share(self, folder: Path) -> None:
        """Set the folder that the processes of a run share."""
        self.shared = SharedRun(folder)
        # The store used so far belongs to this process only.
        self._run_store = None

    def close(self) -> None:
        """Close the stores."""
        for store in (self._store, self._run_store):
            if store is not None:
                store.close()

    def open(self, name: str, classifier: Classifier | None = None) -> ModelUnderTest:
        """Return a model, opening it at the first call.

        Args:
            name: name of the model.
            classifier: the value of the user's own `classifier` fixture; by default the model's spec is opened.

        Raises:
            UserError: if the spec does not name a usable model.
        """
        known, options = self._models.get(name), self.options
        if classifier is not None and (known is None or known.classifier is not classifier):
            place = "the fixture 'classifier'"
            identity = identity_of(classifier, place, f"fixture of {options.root}")
            if known is not None and identity.fingerprint is None and known.identity.origin == identity.origin:
                raise UserError(
                    f"{place}: returns another model in each test, and without a fingerprint nobody can tell whether "
                    'it is the same one; write @pytest.fixture(scope="session"), or give it a fingerprint'
                )
            # A fixture may return a new model, or a new object for the same model in each test.
            if known is None or known.identity != identity:
                self._predicted.pop(name, None)
                self._models[name] = self._under_test(name, classifier, identity)
        elif known is None:
            labels = read_labels(options.labels[name]) if name in options.labels else None
            spec = options.spec(name).spec
            opened = load_classifier(
                spec,
                device=options.device,
                dtype=options.dtype,
                root=options.root,
                labels=labels,
                processor=options.processors.get(name),
                backend=options.backend,
                endpoint=self._endpoint(name),
            )
            identity = identity_of(opened, f"model {one_line(spec)!r}", own_source(spec, options.root))
            self._models[name] = self._under_test(name, opened, identity)
        return self._models[name]

    def _endpoint(self, name: str) -> EndpointSettings | None:
        settings = self.options.endpoints.get(name)
        return replace(settings, notice=self.notice) if settings else None

    def _under_test(self, name: str, classifier: Classifier, identity: Identity) -> ModelUnderTest:
        if self.options.compiled:
            compile_model(classifier)
        return ModelUnderTest(
            name,
            classifier,
            identity,
            self.store if identity.fingerprint else self.run_store,
            self.suites,
            batch_size=self.options.batch_size,
            max_pixels=self.options.max_pixels,
            embeddings=cache_folder() / "text-embeddings" if self.options.cache else None,
        )

    def opened(self, name: str) -> ModelUnderTest | None:
        """Return a model that has been opened in this process; None if it has not."""
        return self._models.get(name)

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of a model; empty if it has none or has not been opened."""
        return self._models[name].identity.fingerprint or "" if name in self._models else ""

    def backend(self, name: str) -> str:
        """Return what runs a model, with its version; empty for torch, and if the model has not been opened."""
        return self._models[name].backend if name in self._models else ""

    @property
    def warnings(self) -> list[str]:
        """What went wrong with the stores, the model cards and compiling, a line each; no prediction is affected."""
        stores = [store.warning for store in (self._store, self._run_store) if store is not None and store.warning]
        cards = [model.card_problem for model in self._models.values() if model.card_problem]
        plain = [
            f"model {one_line(name)!r} runs without torch.compile: {problem}; leave out --robust-compile"
            for name, problem in self.compile_problems.items()
        ]
        return stores + cards + plain

    @property
    def compile_problems(self) -> dict[str, str]:
        """Model → why it runs without torch.compile although that was asked for."""
        return {name: why for name, model in self._models.items() if (why := compile_problem(model.classifier))}

    def give_up_compiling(self, name: str, problem: str) -> None:
        """Take from another process that a model of the run is not compiled, so that the record says so."""
        give_up_compiling(self._models[name].classifier, problem)

    def card(self, name: str, fingerprint: str) -> dict[str, Any]:
        """Return the card that was stored when a model with this fingerprint predicted; empty if there is none."""
        store = self.store if fingerprint else self.run_store
        card = store.card(card_key(name, fingerprint, self.backend(name))) or {}
        # Not part of the stored card, because they change without the model.
        prompts = self._models[name].prompts if card and name in self._models else {}
        return {**card, "prompts": prompts} if prompts else card

    def picture_figures(self, digests: Iterable[str]) -> dict[str, PictureFigures]:
        """Return the figures of pictures that are kept from their prediction, by the SHA-256 of the picture's file."""
        wanted = set(digests)
        for store in self._read_stores():
            if new := wanted - self._figures.keys():
                self._figures |= kept_figures(store, new)
        return {digest: self._figures[digest] for digest in wanted & self._figures.keys()}

    def _read_stores(self) -> Iterator[PredictionStore]:
        """Yield the stores that may hold something of this run."""
        yield self.store
        # Models without a fingerprint predict into that of the run, here or in a worker.
        file = self.shared.store_file
        if self.options.cache and (self._run_store or (file and file.exists())):
            yield self.run_store

    def problems(self) -> list[str]:
        """Open every model without loading its weights, and list the problems of the models and their labels."""
        problems: list[str] = []
        for spec in self.options.specs:
            try:
                model = self.open(spec.name)
                # Reading the device reports a missing one before anything runs.
                for part in ("device", "dtype"):
                    read_part(model.classifier, part, f"model {one_line(spec.spec)!r}", "")
                if not self.card(spec.name, self.fingerprint(spec.name)):
                    # A model with a card has predicted before.
                    model.verify(probe=self.predicts)
            except UserError as error:
                problems += error.lines
            else:
                problems += model.label_problems(self.suites.values(), self.options.missing_labels)
        return problems

    def predicted(self, name: str, cases: Iterable[Case] = (), classifier: Classifier | None = None) -> ModelUnderTest:
        """Return a model with its predictions; the first call predicts all the cases and their twins.

        If several processes share a run, one computes while the others wait and then read its predictions.

        Args:
            name: name of the model.
            cases: the cases to predict at the first call.
            classifier: see `open`.

        Raises:
            UserError: if the model cannot be loaded or does not match the suites.
        """
        model = self.open(name, classifier)
        if name not in self._predicted:
            try:
                self._predict(model, list(cases))
            except UserError as error:
                # Remembered, so that the next test does not try to load the model again.
                self._predicted[name] = error.lines
            else:
                self._predicted[name] = ()
        if failure := self._predicted[name]:
            raise UserError(*failure)
        return model

    def failed(self, name: str) -> bool:
        """Return whether a model could not predict."""
        return bool(self._predicted.get(name))

    def release(self) -> None:
        """Forget predictions and verdicts; they are read from the store again if somebody asks."""
        self._predicted.clear()
        for model in self._models.values():
            model.release()

    def _predict(self, model: ModelUnderTest, selected: Sequence[Case]) -> None:
        if problems := model.label_problems(self.suites.values(), self.options.missing_labels):
            raise UserError(*problems)
        with self.around(model.name, selected), self.one_at_a_time():
            begun = time.perf_counter()
            cases = model.predictable(selected, self.suites)
            cases += [twin for suite in self.suites.values() for twin in suite.twins_of(cases)]
            # One process has looked at the pictures, which are as it saw them to the others.
            left = f"pictures-{model.name}"
            known = self.shared.known(left)
            with self.progress(len(cases), f"predicting with {model.name}") as advance:
                model.predict(cases, advance, known or {})
            if known is None and self.shared.folder is not None:
                self.shared.leave(left, model.digests)
            self.predictions[model.name] = (len(cases), time.perf_counter() - begun)

    def one_at_a_time(self) -> AbstractContextManager[object]:
        """Return the lock that a process holds while it predicts, of those that share a run."""
        return self.shared.lock("predict")
