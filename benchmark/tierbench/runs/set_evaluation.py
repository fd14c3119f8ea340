"""Stream a data set through a model: processes decode ahead of it, and its rows go to result files part by part."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.images import quiet_pillow
from tierbench.models.classifier import Classifier
from tierbench.models.identity import Identity
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_scorer import Read, SetScorer
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import SetRow
from tierbench.suites.datasets import DataSet, Sample

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
        embeddings: folder where a zero-shot model keeps embeddings of texts between runs; None: it keeps none.
    """

    classifier: Classifier
    identity: Identity
    batch_size: int = 16
    processes: int = 0
    max_pixels: int | None = None
    embeddings: Path | None = None


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
    write_rows(score_samples(model, data_set, todo, classes), parts, advance)


def write_rows(batches: Iterable[list[SetRow]], parts: SetParts, advance: Advance | None = None) -> None:
    """Write rows to result files as they come; what came is kept when the run is stopped or fails."""
    rows: list[SetRow] = []
    begun = time.monotonic()
    try:
        for batch in batches:
            rows += batch
            if advance:
                advance(len(batch))
            if len(rows) >= PART_ROWS or time.monotonic() - begun >= PART_SECONDS:
                parts.write(rows)
                rows, begun = [], time.monotonic()
    finally:
        if rows:
            parts.write(rows)


def score_samples(
    model: SetModel, data_set: DataSet, samples: Sequence[Sample], classes: ClassMap
) -> Iterator[list[SetRow]]:
    """Yield the rows of pictures, batch by batch, in their order."""
    scorer = SetScorer(
        model.classifier,
        model.identity,
        classes,
        cropped=data_set.layout.crop == "none",
        max_pixels=model.max_pixels,
    )
    batches = _Batches(samples, scorer, model.batch_size)
    with quiet_pillow():
        for number, pictures in enumerate(_read_ahead(batches, model.processes)):
            yield scorer.score(batches.samples(number), pictures)


class _Batches:
    """The batches of a set by number, read: what processes load from.

    Samples are packed: processes that went through a list of objects would each get a copy of it, page by page, by
    counting references.
    """

    def __init__(self, samples: Sequence[Sample], scorer: SetScorer, size: int) -> None:
        self._packed = [pickle.dumps(samples[start : start + size]) for start in range(0, len(samples), size)]
        self._scorer = scorer

    def __len__(self) -> int:
        return len(self._packed)

    def __getitem__(self, number: int) -> list[Read]:
        return self._scorer.read(self.samples(number))

    def samples(self, number: int) -> Sequence[Sample]:
        samples: Sequence[Sample] = pickle.loads(self._packed[number])  # noqa: S301 (packed above)
        return samples


def _read_ahead(batches: _Batches, processes: int) -> Iterator[list[Read]]:
    """Yield the batches in their order; processes, two batches each, read ahead.

    They send arrays, not tensors: tensors would go through shared memory, of which containers have little. A thread
    that unpacked them while the model runs made it slower by a quarter: both need the interpreter.
    """
    from torch.utils.data import DataLoader

    context = "fork" if processes and hasattr(os, "fork") else None
    loader: Iterable[list[Read]] = DataLoader(
        batches,  # type: ignore[arg-type]  # any object with a length and items will do
        batch_size=None,
        collate_fn=_unchanged,
        num_workers=processes if context else 0,
        multiprocessing_context=context,
    )
    try:
        yield from loader
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise UserError(
            "a process that reads pictures was killed, perhaps for lack of memory; what was scored is kept: run again, "
            "with fewer processes"
        ) from error


def _unchanged(batch: list[Read]) -> list[Read]:
    return batch
