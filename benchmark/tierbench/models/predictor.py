"""Predict every selected image once: from the store if possible, else in batches that threads decode ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.files import file_sha256
from tierbench.common.images import PictureError, quiet_pillow
from tierbench.common.text import one_line
from tierbench.models.classifier import Classifier, TakesCropped
from tierbench.models.prediction_store import PredictionStore, prediction_key
from tierbench.suites.case import Case
from tierbench.suites.derived import corruption_key, open_case

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    Call = Callable[[Sequence[Image.Image]], np.ndarray]

# Decoding a photograph takes about as long as preprocessing it; two threads keep one predictor fed.
_DECODERS = 2
Advance = Callable[[int], object]


@dataclass(frozen=True)
class Prediction:
    """The output of a model for an image, or why there is none.

    Attributes:
        image_sha256: of the image file; empty if it could not be read.
        probabilities: float32, shape [n_labels]; None if there is an error.
        error: why there is no prediction; empty if there is one.
    """

    image_sha256: str
    probabilities: np.ndarray | None
    error: str = ""


class Predictor:
    """Predicts images with one model, each image once.

    Args:
        classifier: the model.
        store: where predictions are kept.
        batch_size: number of images per call of the model.
    """

    def __init__(self, classifier: Classifier, store: PredictionStore, batch_size: int = 16) -> None:
        self.classifier = classifier
        self._store = store
        self._batch_size = batch_size

    @cached_property
    def fingerprint(self) -> str:
        """The model's fingerprint, computed once: for a module in memory it is a hash over all weights."""
        return self.classifier.fingerprint

    @property
    def takes_cropped(self) -> bool:
        """Whether the model predicts pictures that are cropped already without cropping them again."""
        return isinstance(self.classifier, TakesCropped)

    def key(self, image_sha256: str, alteration: str = "") -> str:
        """Return the key under which the store has this model's prediction for an image.

        Args:
            image_sha256: of the image file.
            alteration: what is done to the image after opening it.
        """
        return prediction_key(
            self.fingerprint,
            image_sha256,
            device=str(getattr(self.classifier, "device", "")),
            dtype=str(getattr(self.classifier, "dtype", "")),
            alteration=alteration,
        )

    def _key_of(self, case: Case, image_sha256: str) -> str:
        path = "cropped" if case.is_cropped and self.takes_cropped else ""
        return self.key(image_sha256, "\0".join(filter(None, (corruption_key(case), path))))

    def cached(self, cases: Sequence[Case]) -> int:
        """Count the cases whose prediction is in the store."""
        files = {path: _hash_or_empty(path) for path in {case.path for case in cases}}
        keys = {case.key: self._key_of(case, digest) for case in cases if (digest := files[case.path])}
        known = self._store.get_keys(keys.values())
        return sum(key in known for key in keys.values())

    def predict(self, cases: Sequence[Case], advance: Advance | None = None) -> dict[str, Prediction]:
        """Return the predictions of the cases, by `case.key`.

        If an image cannot be decoded, or the model's output for it is not valid, its prediction has an error; the
        other images are not affected.

        Args:
            cases: the cases to predict.
            advance: called with the number of newly finished cases.
        """
        # A picture that is seen through several views is read once.
        files = {path: _hash_or_empty(path) for path in {case.path for case in cases}}
        digests = {case.key: files[case.path] for case in cases}
        keys = {case.key: self._key_of(case, digests[case.key]) for case in cases}
        known = self._store.get(keys.values())
        results: dict[str, Prediction] = {}
        waiting: dict[str, list[Case]] = {}
        for case in cases:
            digest, key = digests[case.key], keys[case.key]
            if not digest:
                results[case.key] = Prediction("", None, "the image file cannot be read")
            elif key in known:
                results[case.key] = Prediction(digest, known[key])
            else:
                # The same file under two names is predicted once.
                waiting.setdefault(key, []).append(case)
        if advance:
            advance(len(results))
        jobs = [(key, same[0], digests[same[0].key]) for key, same in waiting.items()]
        with quiet_pillow():
            for done in self._predict_new(jobs):
                self._store.put({key: p.probabilities for key, p in done.items() if p.probabilities is not None})
                for key, prediction in done.items():
                    for case in waiting[key]:
                        results[case.key] = prediction
                    if advance:
                        advance(len(waiting[key]))
        return results

    def _predict_new(self, jobs: Sequence[tuple[str, Case, str]]) -> Iterator[dict[str, Prediction]]:
        """Predict images that are not in the store, one batch at a time; a job is a key, a case and the file's hash."""
        classifier = self.classifier
        cropped = [job for job in jobs if job[1].is_cropped]
        yield from self._predict_with(classifier.predict, [job for job in jobs if not job[1].is_cropped])
        yield from self._predict_with(
            classifier.predict_cropped if isinstance(classifier, TakesCropped) else classifier.predict, cropped
        )

    def _predict_with(self, call: Call, jobs: Sequence[tuple[str, Case, str]]) -> Iterator[dict[str, Prediction]]:
        batch: list[tuple[str, str, Image.Image]] = []
        pictures = _decoded_ahead([case for _, case, _ in jobs], 2 * self._batch_size)
        for (key, _, digest), picture in zip(jobs, pictures, strict=True):
            if isinstance(picture, str):
                yield {key: Prediction(digest, None, picture)}
                continue
            batch.append((key, digest, picture))
            if len(batch) == self._batch_size:
                yield self._predict_batch(call, batch)
                batch = []
        if batch:
            yield self._predict_batch(call, batch)

    def _predict_batch(self, call: Call, batch: list[tuple[str, str, Image.Image]]) -> dict[str, Prediction]:
        try:
            outputs = self._checked(call([picture for *_, picture in batch]), len(batch))
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            # The model is other people's code and may raise anything; only the images of this batch are affected.
            failure = _model_error(error)
        else:
            return {
                key: self._finite(digest, probabilities)
                for (key, digest, _), probabilities in zip(batch, outputs, strict=True)
            }
        # Outside of the handler: the error keeps the frames of the failed call alive, and with them their memory.
        if len(batch) > 1:
            # Out of memory, or an image that the model cannot process: predicting halves finds out which.
            half = len(batch) // 2
            return self._predict_batch(call, batch[:half]) | self._predict_batch(call, batch[half:])
        key, digest, _ = batch[0]
        return {key: Prediction(digest, None, failure)}

    def _checked(self, outputs: np.ndarray, count: int) -> np.ndarray:
        import numpy as np

        outputs = np.asarray(outputs, dtype=np.float32)
        expected = (count, len(self.classifier.labels))
        if outputs.shape != expected:
            raise UserError(
                f"the model's predict() returned an array of shape {outputs.shape}, not {expected} "
                "(images × labels); fix the classifier"
            )
        return outputs

    @staticmethod
    def _finite(digest: str, probabilities: np.ndarray) -> Prediction:
        import numpy as np

        if not np.isfinite(probabilities).all():
            return Prediction(digest, None, "the model's output contains NaN or infinity")
        if probabilities.min(initial=0) < -1e-3 or probabilities.max(initial=0) > 1 + 1e-3:
            return Prediction(
                digest,
                None,
                f"the model's outputs are not probabilities ({probabilities.min():.3g} to {probabilities.max():.3g})",
            )
        return Prediction(digest, np.clip(probabilities, 0, 1))


def _decoded_ahead(cases: Sequence[Case], ahead: int) -> Iterator[Image.Image | str]:
    """Decode images in threads, a limited number ahead of the consumer; yield the message of an error as a string."""

    def decode(case: Case) -> Image.Image | str:
        try:
            return open_case(case)
        except PictureError as error:
            return one_line(str(error))

    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode") as pool:
        pending: deque[Future[Image.Image | str]] = deque()
        try:
            for case in cases:
                pending.append(pool.submit(decode, case))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _hash_or_empty(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""


def _model_error(error: BaseException) -> str:
    memory = isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)
    what = "not enough memory for a single image" if memory else "the model failed on the image"
    lines = str(error).strip().splitlines()
    return one_line(f"{what}: {type(error).__name__}: {lines[0] if lines else ''}".rstrip(": "))
