"""The two steps from a picture of a data set to its row: read it, and score it; the plain path and Ray share them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError, allow_pixels
from tierbench.common.text import error_text, one_line
from tierbench.models.asking import ask_server
from tierbench.models.classifier import AsksServer, Classifier, TakesCropped, preparation_of
from tierbench.models.identity import Identity
from tierbench.models.outputs import as_array, check_sum
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import SetRow, error_row, score_batch
from tierbench.suites.datasets import Sample, open_sample

if TYPE_CHECKING:
    from PIL import Image


class Read(NamedTuple):
    """A picture that was read for a model.

    Attributes:
        content: what the model takes, as arrays, which any process can send; None if there is an error.
        error: why there is no picture; empty if there is one. A `UserError` if there is none for any picture.
    """

    content: Any
    error: str | UserError = ""


class SetScorer:
    """Reads pictures of a data set for a model, and scores them with it.

    The steps need not run in one process: `read` does not need the weights of the model.

    Args:
        classifier: the model.
        identity: what it says of itself.
        classes: which of its labels count as which class.
        cropped: whether the pictures of the set are cropped already.
        max_pixels: see `open_picture`.

    Raises:
        UserError: if the image processor of the model cannot be used.
    """

    def __init__(
        self,
        classifier: Classifier,
        identity: Identity,
        classes: ClassMap,
        *,
        cropped: bool = False,
        max_pixels: int | None = None,
    ) -> None:
        self._identity = identity
        self._classes = classes
        self._max_pixels = max_pixels
        self._prepare: Callable[[Image.Image], Any] | None = None
        self._call: Callable[[Sequence[Any]], object] = classifier.predict
        takes_cropped = cropped and isinstance(classifier, TakesCropped)
        self._server = classifier if isinstance(classifier, AsksServer) else None
        self._asks_cropped = takes_cropped
        if takes_cropped and isinstance(classifier, TakesCropped):
            self._call = classifier.predict_cropped
        if prepares := preparation_of(classifier):
            self._prepare = prepares.preparation(cropped=takes_cropped)
            self._call = prepares.predict_prepared

    def read(self, samples: Sequence[Sample]) -> list[Read]:
        """Return the pictures, decoded and prepared; one that cannot be read does not affect the others.

        The caller silences Pillow, in the thread that starts those that read: see `quiet_pillow`.
        """
        allow_pixels(self._max_pixels)
        return [self._read(sample) for sample in samples]

    def _read(self, sample: Sample) -> Read:
        import numpy as np

        try:
            picture = open_sample(sample, self._max_pixels)
            return Read(np.asarray(picture) if self._prepare is None else _as_arrays(self._prepare(picture)))
        except UserError as error:
            return Read(None, error)
        except PictureError as error:
            return Read(None, one_line(str(error), 400))
        except Exception as error:
            # The preparation may be other people's code, and so may what reads the picture.
            return Read(None, one_line(f"the picture cannot be prepared for the model: {error_text(error)}", 400))

    def score(self, samples: Sequence[Sample], pictures: Sequence[Read]) -> list[SetRow]:
        """Return the rows of pictures that were read, in their order.

        Raises:
            UserError: if the model cannot be loaded, or its outputs are no probabilities.
        """
        rows: dict[int, SetRow] = {}
        for index, (_, error) in enumerate(pictures):
            if isinstance(error, UserError):
                raise error
            if error:
                rows[index] = error_row(samples[index], error)
        good = [index for index in range(len(samples)) if index not in rows]
        if good:
            contents = [self._restored(pictures[index].content) for index in good]
            scored = self._scored if self._server is None else self._asked
            rows |= zip(good, scored(contents, [samples[index] for index in good]), strict=True)
        return [rows[index] for index in range(len(samples))]

    def _restored(self, content: Any) -> Any:
        """Return what `_as_arrays` took apart: tensors; or the picture, of a model that takes pictures."""
        if self._prepare is None:
            from PIL import Image

            return Image.fromarray(content)
        import torch

        if isinstance(content, Mapping):
            return {name: torch.from_numpy(value) for name, value in content.items()}
        return torch.from_numpy(content)

    def _asked(self, contents: Sequence[Any], samples: Sequence[Sample]) -> list[SetRow]:
        """Ask a server, whose answers may lack labels, for several pictures at once."""
        if self._server is None:
            return []
        outcomes = ask_server(self._server, [(content, None) for content in contents], cropped=self._asks_cropped)
        rows = []
        for sample, outcome in zip(samples, outcomes, strict=True):
            if isinstance(outcome, str):
                rows.append(error_row(sample, outcome))
                continue
            outputs = as_array([outcome.probabilities], 1, len(self._identity.labels))
            (row,) = score_batch(outputs, [sample], self._classes, [outcome.ceiling])
            if not (row.error or outcome.ceiling or self._identity.multi_label):
                check_sum(outputs[0])
            rows.append(row)
        return rows

    def _scored(self, contents: Sequence[Any], samples: Sequence[Sample]) -> list[SetRow]:
        try:
            outputs = as_array(self._call(contents), len(contents), len(self._identity.labels))
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            # The model is other people's code and may raise anything; only the pictures of this batch are affected.
            failure = one_line(f"the model failed on the image: {error_text(error)}")
        else:
            rows = score_batch(outputs, samples, self._classes)
            if not self._identity.multi_label:
                for row, values in zip(rows, outputs, strict=True):
                    if not row.error:
                        check_sum(values)
            return rows
        if len(samples) == 1:
            return [error_row(samples[0], failure)]
        # Out of memory, or a picture that the model cannot process: halves find out which.
        half = len(samples) // 2
        return self._scored(contents[:half], samples[:half]) + self._scored(contents[half:], samples[half:])


def _as_arrays(prepared: Any) -> Any:
    """Return tensors, alone or by name, as arrays."""
    if isinstance(prepared, Mapping):
        return {name: _as_arrays(value) for name, value in prepared.items()}
    return prepared.numpy() if hasattr(prepared, "numpy") else prepared
