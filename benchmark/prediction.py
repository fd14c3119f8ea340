"""Predicts every selected image once: decoding ahead in threads, in batches, from the store where it can."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UserError
from benchmark.models.classifier import Classifier
from benchmark.pictures import PictureError, open_picture, quiet_pillow
from benchmark.store import PredictionStore, prediction_key
from benchmark.suites.case import Case
from benchmark.suites.images import file_sha256
from benchmark.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# Decoding a photograph takes about as long as preprocessing it; two threads keep one predictor fed.
_DECODERS = 2
Advance = Callable[[int], object]


@dataclass(frozen=True)
class Prediction:
    """What a model said of an image, or why it said nothing.

    Attributes:
        image_sha256: of the image file; empty where it could not be read.
        probabilities: float32, shape [n_labels]; None where there is an error.
        error: why there is no prediction; empty where there is one.
    """

    image_sha256: str
    probabilities: np.ndarray | None
    error: str = ""


class Predictor:
    """One model over many images, each predicted once.

    Args:
        classifier: the model.
        store: where predictions are kept.
        batch_size: images handed to the model at once.
    """

    def __init__(self, classifier: Classifier, store: PredictionStore, batch_size: int = 16) -> None:
        self.classifier = classifier
        self._store = store
        self._batch_size = batch_size

    def key(self, image_sha256: str) -> str:
        """Give the store's key of an image under this model."""
        return prediction_key(
            self.classifier.fingerprint,
            image_sha256,
            device=str(getattr(self.classifier, "device", "")),
            dtype=str(getattr(self.classifier, "dtype", "")),
        )

    def cached(self, cases: Sequence[Case]) -> int:
        """Count the cases whose prediction is in the store."""
        hashes = {_hash_or_empty(case.path) for case in cases} - {""}
        known = self._store.contains([self.key(digest) for digest in hashes])
        return len(cases) if known == len(hashes) else known

    def predict(self, cases: Sequence[Case], advance: Advance | None = None) -> dict[str, Prediction]:
        """Predict the cases, by `case.key`.

        An image that cannot be decoded, or for which the model gives no numbers, has an error in its prediction;
        nothing else is lost.

        Args:
            cases: what to predict.
            advance: told how many cases are done, whenever some are.
        """
        hashes = {case.key: _hash_or_empty(case.path) for case in cases}
        keys = {digest: self.key(digest) for digest in set(hashes.values()) - {""}}
        known = self._store.get(keys.values())
        results: dict[str, Prediction] = {}
        waiting: dict[str, list[Case]] = {}
        for case in cases:
            digest = hashes[case.key]
            if not digest:
                results[case.key] = Prediction("", None, "the image file cannot be read")
            elif keys[digest] in known:
                results[case.key] = Prediction(digest, known[keys[digest]])
            else:
                waiting.setdefault(digest, []).append(case)
        if advance:
            advance(len(results))
        first = {digest: same[0].path for digest, same in waiting.items()}
        with quiet_pillow():
            for done in self._predict_files(first):
                self._store.put({keys[d]: p.probabilities for d, p in done.items() if p.probabilities is not None})
                for digest, prediction in done.items():
                    for case in waiting[digest]:
                        results[case.key] = prediction
                    if advance:
                        advance(len(waiting[digest]))
        return results

    def _predict_files(self, files: dict[str, Path]) -> Iterator[dict[str, Prediction]]:
        """Predict files by their hash, a batch at a time."""
        batch: list[tuple[str, Image.Image]] = []
        for digest, picture in _decoded_ahead(files, 2 * self._batch_size):
            if isinstance(picture, str):
                yield {digest: Prediction(digest, None, picture)}
                continue
            batch.append((digest, picture))
            if len(batch) == self._batch_size:
                yield self._predict_batch(batch)
                batch = []
        if batch:
            yield self._predict_batch(batch)

    def _predict_batch(self, batch: list[tuple[str, Image.Image]]) -> dict[str, Prediction]:
        digests = [digest for digest, _ in batch]
        try:
            outputs = self._checked(self.classifier.predict([picture for _, picture in batch]), len(batch))
        except UserError:
            raise
        except Exception as error:
            # The model is foreign code: whatever it raises on a batch concerns the images of that batch.
            failure = _model_error(error)
        else:
            return {
                digest: self._finite(digest, probabilities)
                for digest, probabilities in zip(digests, outputs, strict=True)
            }
        # Outside of the handler: the error holds the frames of the failed call, and they the memory that is short.
        if len(batch) > 1:
            # Out of memory, or one image that the model cannot take: halves find out which.
            half = len(batch) // 2
            return self._predict_batch(batch[:half]) | self._predict_batch(batch[half:])
        return {digests[0]: Prediction(digests[0], None, failure)}

    def _checked(self, outputs: np.ndarray, count: int) -> np.ndarray:
        import numpy as np

        outputs = np.asarray(outputs, dtype=np.float32)
        expected = (count, len(self.classifier.labels))
        if outputs.shape != expected:
            raise UserError(
                f"the model's predict() gave an array of shape {outputs.shape}, not {expected} "
                "(images × labels); mend the classifier"
            )
        return outputs

    @staticmethod
    def _finite(digest: str, probabilities: np.ndarray) -> Prediction:
        import numpy as np

        if not np.isfinite(probabilities).all():
            return Prediction(digest, None, "the model's output holds NaN or infinity")
        if probabilities.min(initial=0) < -1e-3 or probabilities.max(initial=0) > 1 + 1e-3:
            return Prediction(
                digest,
                None,
                f"the model's output is no probability (from {probabilities.min():.3g} to {probabilities.max():.3g})",
            )
        return Prediction(digest, np.clip(probabilities, 0, 1))


def _decoded_ahead(files: dict[str, Path], ahead: int) -> Iterator[tuple[str, Image.Image | str]]:
    """Decode files in threads, a bounded number ahead of the reader; an error comes as its message."""

    def decode(path: Path) -> Image.Image | str:
        try:
            return open_picture(path)
        except PictureError as error:
            return one_line(str(error))

    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode") as pool:
        pending: deque[tuple[str, Future[Image.Image | str]]] = deque()
        try:
            for digest, path in files.items():
                pending.append((digest, pool.submit(decode, path)))
                if len(pending) > ahead:
                    done, future = pending.popleft()
                    yield done, future.result()
            while pending:
                done, future = pending.popleft()
                yield done, future.result()
        finally:
            for _, future in pending:
                future.cancel()


def _hash_or_empty(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""


def _model_error(error: Exception) -> str:
    memory = isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)
    what = "not enough memory for a single image" if memory else "the model failed on the image"
    lines = str(error).strip().splitlines()
    return one_line(f"{what}: {type(error).__name__}: {lines[0] if lines else ''}".rstrip(": "))
