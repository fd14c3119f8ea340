"""Stream a data set through a model: processes decode ahead of it, and its rows go to result files part by part."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError, allow_pixels, quiet_pillow
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import Classifier, TakesCropped, preparation_of
from tierbench.models.identity import Identity
from tierbench.models.outputs import as_array, check_sum
from tierbench.runs.set_parts import SetParts
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import SetRow, error_row, score_batch
from tierbench.suites.datasets import DataSet, Sample, open_sample

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

Advance = Callable[[int], object]
# A part is closed after so many rows or seconds, whichever is first: what is lost at most when a run is killed.
PART_ROWS = 2000
PART_SECONDS = 60.0


@dataclass(frozen=True)
class SetModel:
    """A model as a data set needs it.

    Attributes:
        classifier: the model.
        identity: what it says of itself.
        batch_size: number of pictures per call of the model.
        processes: number of processes that decode; 0: this one does.
        max_pixels: see `open_picture`.
    """

    classifier: Classifier
    identity: Identity
    batch_size: int = 16
    processes: int = 0
    max_pixels: int | None = None


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_for(pictures: int, batch_size: int) -> int:
    """Return the number of processes that decode: one a core, but none without a batch to decode ahead."""
    return min(cores(), -(-pictures // batch_size) - 1) if pictures else 0


def evaluate_set(
    model: SetModel,
    data_set: DataSet,
    samples: Sequence[Sample],
    classes: ClassMap,
    parts: SetParts,
    advance: Advance | None = None,
) -> None:
    """Predict pictures of a set that have no row yet, and add theirs.

    Args:
        model: the model.
        data_set: the set.
        samples: its pictures, or those of a shard or a sample.
        classes: which of the model's labels count as which class.
        parts: the result files, already opened.
        advance: called with the number of pictures that have a row.

    Raises:
        UserError: if the model cannot be loaded, or its outputs are no probabilities.
    """
    done = parts.done()
    todo = [sample for sample in samples if sample.id not in done]
    if advance:
        advance(len(samples) - len(todo))
    rows: list[SetRow] = []
    begun = time.monotonic()
    try:
        for batch in score_samples(model, data_set, todo, classes):
            rows += batch
            if advance:
                advance(len(batch))
            if len(rows) >= PART_ROWS or time.monotonic() - begun >= PART_SECONDS:
                parts.write(rows)
                rows, begun = [], time.monotonic()
    finally:
        # Of a run that was interrupted, too.
        if rows:
            parts.write(rows)


def score_samples(
    model: SetModel, data_set: DataSet, samples: Sequence[Sample], classes: ClassMap
) -> Iterator[list[SetRow]]:
    """Yield the rows of pictures, batch by batch, in their order."""
    cropped = data_set.layout.crop == "none" and isinstance(model.classifier, TakesCropped)
    call: Callable[[Sequence[Any]], object] = (
        model.classifier.predict_cropped
        if cropped and isinstance(model.classifier, TakesCropped)
        else model.classifier.predict
    )
    prepare: Callable[[Image.Image], Any] | None = None
    if prepares := preparation_of(model.classifier):
        prepare, call = prepares.preparation(cropped=cropped), prepares.predict_prepared
    with quiet_pillow():
        for batch in _taken(_Pictures(samples, prepare, model.max_pixels), model.batch_size, model.processes):
            rows = {index: error_row(samples[index], error) for index, _, error in batch if error}
            good = [
                (index, _restored(content, as_tensor=prepare is not None))
                for index, content, error in batch
                if not error
            ]
            if good:
                own = [samples[index] for index, _ in good]
                scored = _scored(call, [content for _, content in good], own, model.identity, classes)
                rows |= dict(zip((index for index, _ in good), scored, strict=True))
            yield [rows[index] for index, *_ in batch]


class _Pictures:
    """The pictures of samples by number, decoded and prepared: what processes load from.

    What they send is NumPy, not tensors: tensors would go through shared memory, of which containers have little.
    """

    def __init__(
        self, samples: Sequence[Sample], prepare: Callable[[Image.Image], Any] | None, max_pixels: int | None
    ) -> None:
        self._samples = samples
        self._prepare = prepare
        self._max_pixels = max_pixels

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[int, Any, str]:
        import numpy as np

        allow_pixels(self._max_pixels)
        try:
            picture = open_sample(self._samples[index], self._max_pixels)
            content = np.asarray(picture) if self._prepare is None else _plain(self._prepare(picture))
        except PictureError as error:
            return index, None, one_line(str(error), 400)
        return index, content, ""


def _taken(pictures: _Pictures, batch_size: int, processes: int) -> Iterator[list[tuple[int, Any, str]]]:
    from torch.utils.data import DataLoader

    context = "fork" if processes and hasattr(os, "fork") else None
    yield from DataLoader(
        pictures,  # type: ignore[arg-type]  # any object with a length and items will do
        batch_size=batch_size,
        num_workers=processes if context else 0,
        collate_fn=list,
        multiprocessing_context=context,
    )


def _plain(prepared: Any) -> Any:
    """Return tensors, alone or by name, as arrays."""
    if isinstance(prepared, Mapping):
        return {name: _plain(value) for name, value in prepared.items()}
    return prepared.numpy() if hasattr(prepared, "numpy") else prepared


def _restored(content: Any, *, as_tensor: bool) -> Any:
    """Return what `_plain` took apart: tensors; or the picture, of a model that takes pictures."""
    import torch
    from PIL import Image

    if not as_tensor:
        return Image.fromarray(content)
    if isinstance(content, Mapping):
        return {name: torch.from_numpy(value) for name, value in content.items()}
    return torch.from_numpy(content)


def _scored(
    call: Callable[[Sequence[Any]], object],
    contents: Sequence[Any],
    samples: Sequence[Sample],
    identity: Identity,
    classes: ClassMap,
) -> list[SetRow]:
    try:
        outputs: np.ndarray = as_array(call(contents), len(contents), len(identity.labels))
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        # The model is other people's code and may raise anything; only the pictures of this batch are affected.
        failure = one_line(f"the model failed on the image: {error_text(error)}")
    else:
        rows = score_batch(outputs, samples, classes)
        if not identity.multi_label:
            for row, values in zip(rows, outputs, strict=True):
                if not row.error:
                    check_sum(values)
        return rows
    if len(samples) == 1:
        return [error_row(samples[0], failure)]
    # Out of memory, or a picture that the model cannot process: halves find out which.
    half = len(samples) // 2
    first = _scored(call, contents[:half], samples[:half], identity, classes)
    return first + _scored(call, contents[half:], samples[half:], identity, classes)
