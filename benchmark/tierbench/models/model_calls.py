"""Call a model with batches of pictures that threads decode ahead; what fails concerns the pictures it fails for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.text import error_text, one_line
from tierbench.models.asking import ask_server
from tierbench.models.batch_size import BatchSize
from tierbench.models.classifier import AsksServer, Classifier, CopiesAhead, Scores, TakesCropped, preparation_of
from tierbench.models.identity import Identity, read_part
from tierbench.models.inference import is_out_of_memory
from tierbench.models.intake import Intake, Taken
from tierbench.models.outputs import FIX, NOT_PROBABILITIES, as_array, check_sum, problem_of
from tierbench.suites.case import Case, Thresholds
from tierbench.suites.sources import by_source

if TYPE_CHECKING:
    import numpy as np

    Call = Callable[[Sequence[Any]], object]

_PROBE = Case("", "", "", Path(), (), None, Thresholds())


@dataclass(frozen=True)
class Prediction:
    """The output of a model for an image, or why there is none.

    Attributes:
        image_sha256: of the bytes that were decoded; empty if the image file could not be read.
        probabilities: float32, shape [n_labels]; None if there is an error.
        error: why there is no prediction; empty if there is one.
        ceiling: where a server's answer lacks labels, the largest probability that one of them can have; they are those
            with a probability of 0. 0: there is a probability for each label.
    """

    image_sha256: str
    probabilities: np.ndarray | None
    error: str = ""
    ceiling: float = 0.0


class ModelCalls:
    """Predicts pictures with a model, however often they were predicted before.

    Args:
        classifier: the model.
        identity: of the model.
        batch_size: number of images per call of the model; 0: by device and memory, see `BatchSize`.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
    """

    def __init__(self, classifier: Classifier, identity: Identity, batch_size: int, max_pixels: int | None) -> None:
        self._classifier = classifier
        self._identity = identity
        self._batch_size = batch_size
        self._max_pixels = max_pixels
        # Of original pictures that were opened, by digest; whoever keeps them takes them out.
        self.figures: dict[str, PictureFigures] = {}

    @cached_property
    def _size(self) -> BatchSize:
        return BatchSize(self._batch_size, str(read_part(self._classifier, "device", "the model", "")))

    def predict(self, cases: Sequence[Case]) -> Iterator[list[tuple[Case, Prediction]]]:
        """Yield the predictions of the cases, a batch at a time, in any order."""
        for cropped in (False, True):
            chosen = by_source(case for case in cases if case.is_cropped is cropped)
            if not chosen:
                continue
            if isinstance(self._classifier, AsksServer):
                yield from self._ask(
                    self._classifier, chosen, cropped=cropped and isinstance(self._classifier, TakesCropped)
                )
                continue
            call: Call = self._classifier.predict
            if cropped and isinstance(self._classifier, TakesCropped):
                call = self._classifier.predict_cropped
            prepare = None
            if prepares := preparation_of(self._classifier):
                prepare, call = prepares.preparation(cropped=cropped), prepares.predict_prepared
                if isinstance(prepares, CopiesAhead):
                    prepare = _then(prepare, prepares.copy_ahead)
            intake = self._intake(prepare)
            for batch in intake.batches(chosen):
                failed = [(taken.case, Prediction(taken.digest, None, taken.error)) for taken in batch if taken.error]
                good = [taken for taken in batch if not taken.error]
                # A model that does not leave the preparation to threads has memory of its own to care for.
                predicted = self._size.call(partial(self._batch, call, good), len(good) if prepare else 0)
                intake.count = self._size.count
                yield failed + predicted

    def probe(self) -> None:
        """Predict a grey picture, which tells before a run whether the model keeps to the interface.

        Raises:
            UserError: if its outputs are no array of probabilities, images × labels. That it cannot predict such a
                picture is no problem.
        """
        from PIL import Image

        picture = Image.new("RGB", (224, 224), (128, 128, 128))
        ((_, prediction),) = self._batch(self._classifier.predict, [Taken(_PROBE, "", picture)])
        if prediction.error.startswith(NOT_PROBABILITIES):
            raise UserError(f"{prediction.error}; {FIX}")

    def _intake(self, prepare: Callable[[Any], Any] | None, *, keep_files: bool = False) -> Intake:
        on_cpu = read_part(self._classifier, "device", "the model", "") == "cpu"
        return Intake(self._size.count, prepare, self._max_pixels, keep_files, self.figures, shares_cores=on_cpu)

    def _ask(
        self, server: AsksServer, cases: Sequence[Case], *, cropped: bool
    ) -> Iterator[list[tuple[Case, Prediction]]]:
        """Ask a server for pictures, a batch at a time."""
        for batch in self._intake(None, keep_files=True).batches(cases):
            failed = [(taken.case, Prediction(taken.digest, None, taken.error)) for taken in batch if taken.error]
            good = [taken for taken in batch if not taken.error]
            asked = ask_server(server, [(taken.picture, taken.content) for taken in good], cropped=cropped)
            answers = zip(good, asked, strict=True)
            yield failed + [(taken.case, self._answered(taken.digest, outcome)) for taken, outcome in answers]

    def _answered(self, digest: str, outcome: Scores | str) -> Prediction:
        if isinstance(outcome, str):
            return Prediction(digest, None, outcome)
        outputs = as_array([outcome.probabilities], 1, len(self._identity.labels))
        if not outcome.ceiling:
            return self._checked([digest], outputs)[0]
        row = outputs[0]
        problem = problem_of(row)
        return Prediction(digest, None, problem) if problem else Prediction(digest, row, ceiling=outcome.ceiling)

    def _batch(self, call: Call, batch: list[Taken]) -> list[tuple[Case, Prediction]]:
        if not batch:
            return []
        try:
            outputs = as_array(call([taken.picture for taken in batch]), len(batch), len(self._identity.labels))
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            # The model is other people's code and may raise anything; only the images of this batch are affected.
            failure = _failure(error)
        else:
            found = self._checked([taken.digest for taken in batch], outputs)
            return [(taken.case, each) for taken, each in zip(batch, found, strict=True)]
        # Outside of the handler: the error keeps the frames of the failed call alive, and with them their memory.
        if len(batch) > 1:
            # Out of memory, or an image that the model cannot process: predicting halves finds out which.
            half = len(batch) // 2
            return self._batch(call, batch[:half]) + self._batch(call, batch[half:])
        return [(batch[0].case, Prediction(batch[0].digest, None, failure))]

    def _checked(self, digests: Sequence[str], outputs: np.ndarray) -> list[Prediction]:
        """Return the predictions of some pictures from what the model returned for them, shape [n_images, n_labels]."""
        import numpy as np

        # Mostly there is none, which one look at all of them tells.
        problems = [problem_of(row) for row in outputs] if problem_of(outputs) else [""] * len(outputs)
        if not self._identity.multi_label:
            for row, problem in zip(outputs, problems, strict=True):
                if not problem:
                    check_sum(row)
        rows = np.clip(outputs, 0, 1)
        return [
            Prediction(digest, None, problem) if problem else Prediction(digest, row)
            for digest, row, problem in zip(digests, rows, problems, strict=True)
        ]


def _then(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: second(first(value))


def _failure(error: BaseException) -> str:
    what = "not enough memory for a single image" if is_out_of_memory(error) else "the model failed on the image"
    return one_line(f"{what}: {error_text(error)}")
