"""Predict every selected image once: from the store if possible, else in batches that threads decode ahead."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tierbench.common.garbage import no_search
from tierbench.common.images import quiet_pillow
from tierbench.models.classifier import Classifier, Scores, TakesCropped
from tierbench.models.identity import Identity, identity_of, read_part
from tierbench.models.kept_figures import take_rows
from tierbench.models.model_calls import ModelCalls, Prediction
from tierbench.models.prediction_store import PredictionStore, backend_with_version, prediction_key
from tierbench.models.stored_row import FULL_LABELS, pack, pack_partial, unpack, unpack_partial
from tierbench.suites.case import Case
from tierbench.suites.derived import corruption_key
from tierbench.suites.picture_file import picture_sha256

__all__ = ["Advance", "Counted", "Prediction", "Predictor"]

Advance = Callable[[int], object]
# Case → the labels of the model that its suite counts as a concept.
Counted = Callable[[Case], Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Job:
    """An image to predict.

    Attributes:
        key: the key in the store for what the file held when it was looked up.
        digest: SHA-256 of that.
        cases: the cases that show it, each by the name of a file of its own.
    """

    key: str
    digest: str
    cases: tuple[Case, ...]


class Predictor:
    """Predicts images with one model, each image once.

    Args:
        classifier: the model.
        store: where predictions are kept; for a model without a fingerprint one that lasts for a run only.
        batch_size: number of images per call of the model; 0: by device and memory, see `BatchSize`.
        identity: of the model; default: what the classifier says.
        unkept: what stands for the fingerprint of a model that has none.
        counted: the labels that a case's suite counts as concepts; of importance only for more than 4,096 labels.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
    """

    def __init__(
        self,
        classifier: Classifier,
        store: PredictionStore,
        batch_size: int = 16,
        *,
        identity: Identity | None = None,
        unkept: str = "",
        counted: Counted = lambda case: (),
        max_pixels: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.identity = identity or identity_of(classifier)
        self._unkept = unkept
        self._store = store
        self._calls = ModelCalls(classifier, self.identity, batch_size, max_pixels)
        self._counted = counted

    @property
    def takes_cropped(self) -> bool:
        """Whether the model predicts pictures that are cropped already without cropping them again."""
        return isinstance(self.classifier, TakesCropped)

    @cached_property
    def _place(self) -> dict[str, str]:
        return {name: str(read_part(self.classifier, name, "the model", "")) for name in ("device", "dtype")}

    @property
    def backend(self) -> str:
        """What runs the model, with its version; empty for torch. Compiling may be given up at the first batch."""
        return backend_with_version(str(read_part(self.classifier, "backend", "the model", "")))

    @cached_property
    def _identity_key(self) -> str:
        return f"{self._unkept}\0{self.identity.digest}"

    def key_of(self, case: Case, image_sha256: str) -> str:
        """Return the key of the prediction of a case, a hash over everything that can change it."""
        path = "cropped" if case.is_cropped and self.takes_cropped else ""
        kept = ""
        if len(self.identity.labels) > FULL_LABELS:
            kept = "kept:" + hashlib.sha256(str(sorted(self._counted(case))).encode()).hexdigest()
        alteration = "\0".join(filter(None, (corruption_key(case), path, kept)))
        return prediction_key(
            self._identity_key, image_sha256, **self._place, alteration=alteration, backend=self.backend
        )

    def _digests(self, cases: Sequence[Case]) -> dict[str, str]:
        """Return the SHA-256 of the image files, by `case.key`; a picture with several views is looked at once."""
        files = {case.path: case for case in cases}
        digests = {path: picture_sha256(case) for path, case in files.items()}
        return {case.key: digests[case.path] for case in cases}

    def cached(self, cases: Sequence[Case]) -> int:
        """Count the cases whose prediction is in the store."""
        keys = self._keys(cases, self._digests(cases))
        known = self._store.get_keys(keys.values())
        return sum(key in known for key in keys.values())

    def kept(self, cases: Sequence[Case]) -> dict[str, Prediction]:
        """Return the predictions in the store, by `case.key`; nothing is predicted for the other cases."""
        digests = self._digests(cases)
        keys = self._keys(cases, digests)
        known = self._known(keys.values())
        return {name: _stored(digests[name], known[key]) for name, key in keys.items() if key in known}

    def _keys(self, cases: Sequence[Case], digests: Mapping[str, str]) -> dict[str, str]:
        """Return the keys in the store, by `case.key`; an image file that cannot be read has none."""
        return {case.key: self.key_of(case, digest) for case in cases if (digest := digests[case.key])}

    def predict(
        self, cases: Sequence[Case], advance: Advance | None = None, digests: Mapping[str, str] | None = None
    ) -> dict[str, Prediction]:
        """Return the predictions of the cases, by `case.key`.

        If an image cannot be decoded, or the model's output for it is not valid, its prediction has an error; the
        other images are not affected.

        Args:
            cases: the cases to predict.
            advance: called with the number of newly finished cases.
            digests: the SHA-256 of image files, by `case.key`, as far as they are known already.
        """
        with no_search():
            results, jobs = self._looked_up(cases, digests or {})
        if advance:
            advance(len(results))
        with quiet_pillow():
            while jobs:
                jobs = self._predict_jobs(jobs, results, advance)
        return results

    def _looked_up(self, cases: Sequence[Case], digests: Mapping[str, str]) -> tuple[dict[str, Prediction], list[_Job]]:
        """Return the predictions that are kept, by `case.key`, and what is to be predicted."""
        digests = {**digests, **self._digests([case for case in cases if case.key not in digests])}
        keys = {case.key: self.key_of(case, digests[case.key]) for case in cases}
        known = self._known(keys.values())
        results: dict[str, Prediction] = {}
        waiting: dict[str, list[Case]] = {}
        for case in cases:
            digest, key = digests[case.key], keys[case.key]
            if not digest:
                results[case.key] = Prediction("", None, "the image file cannot be read")
            elif key in known:
                results[case.key] = _stored(digest, known[key])
            else:
                # The same file under two names is predicted once.
                waiting.setdefault(key, []).append(case)
        return results, [_Job(key, digests[same[0].key], tuple(same)) for key, same in waiting.items()]

    def probe(self) -> None:
        """Predict a grey picture; see `ModelCalls.probe`."""
        self._calls.probe()

    def _known(self, keys: Iterable[str]) -> dict[str, Scores]:
        """Return the stored probabilities by key; damaged ones are left out, and so predicted again."""
        labels, multi_label = len(self.identity.labels), self.identity.multi_label
        found: dict[str, Scores] = {}
        for key, row in self._store.get(keys).items():
            values = unpack(key, row, labels, multi_label=multi_label)
            scores = unpack_partial(key, row, labels) if values is None else Scores(values)
            if scores is not None:
                found[key] = scores
        return found

    def _predict_jobs(
        self, jobs: Sequence[_Job], results: dict[str, Prediction], advance: Advance | None
    ) -> list[_Job]:
        """Predict the first case of each job, add its results, and return what is left to do.

        The image file may have changed since it was looked up: then the prediction is of its new content, and the other
        cases of the job, with files of their own, are still to be predicted.
        """
        by_case = {job.cases[0].key: job for job in jobs}
        backend = self.backend
        left: list[_Job] = []
        for batch in self._calls.predict([job.cases[0] for job in jobs]):
            rows: dict[str, bytes] = {}
            for case, prediction in batch:
                job = by_case[case.key]
                unchanged = prediction.image_sha256 == job.digest
                done = job.cases if unchanged else (case,)
                if prediction.probabilities is not None:
                    as_asked = unchanged and backend == self.backend
                    key = job.key if as_asked else self.key_of(case, prediction.image_sha256)
                    rows[key] = self._packed(key, case, Scores(prediction.probabilities, prediction.ceiling))
                results.update((same.key, prediction) for same in done)
                if len(done) < len(job.cases):
                    left.append(_Job(job.key, job.digest, job.cases[1:]))
                if advance:
                    advance(len(done))
            self._store.put(rows | take_rows(self._calls.figures))
        return left

    def _packed(self, key: str, case: Case, scores: Scores) -> bytes:
        return pack_partial(key, scores) if scores.ceiling else pack(key, scores.probabilities, self._counted(case))


def _stored(digest: str, scores: Scores) -> Prediction:
    return Prediction(digest, scores.probabilities, ceiling=scores.ceiling)
