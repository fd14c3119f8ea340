"""Stream a data set through a model: processes decode ahead of it, and its rows go to result files part by part."""

from __future__ import annotations

import os
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.cores import cores
from tierbench.common.errors import UserError
from tierbench.common.images import quiet_pillow
from tierbench.models.classifier import Classifier
from tierbench.models.identity import Identity
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_scorer import Read, SetScorer
from tierbench.runs.shared_blocks import Packed, SharedBlocks
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import SetRow
from tierbench.suites.datasets import DataSet, Sample, choose

Advance = Callable[[int], object]
# A part is closed after so many rows or seconds, whichever is first: what is lost at most when a run is killed.
PART_ROWS = 2000
PART_SECONDS = 60.0
# So many ids are looked up in the result files at once: all of a large set would not fit into memory.
_LOOKED_UP = 500_000
# Batches that each process reads ahead.
_AHEAD = 2
# What a block has for each picture of a batch, enough for three colours of 590 × 590 pixels in float32. Larger pictures
# travel through a pipe; smaller ones leave pages untouched, which cost nothing.
_PICTURE_BYTES = 4 << 20


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
    todo = without_row(samples, parts)
    if advance:
        advance(len(samples) - len(todo))
    write_rows(score_samples(model, data_set, todo, classes), parts, advance)


def without_row(samples: Sequence[Sample], parts: SetParts) -> Sequence[Sample]:
    """Return the samples that have no row in result files; those that are made when they are asked for stay so."""
    if not parts.files():
        return samples
    numbers = array("q")
    for start in range(0, len(samples), _LOOKED_UP):
        ids = [sample.id for sample in samples[start : start + _LOOKED_UP]]
        done = parts.done(ids)
        numbers.extend(start + place for place, name in enumerate(ids) if name not in done)
    return choose(samples, numbers)


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
    with quiet_pillow():
        for batch, pictures in _read_ahead(_in_batches(samples, model.batch_size), scorer, model):
            yield scorer.score(batch, pictures)


def _in_batches(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    """Yield the samples in batches, made when they are asked for."""
    return (samples[start : start + size] for start in range(0, len(samples), size))


@dataclass(frozen=True, slots=True)
class _Work:
    """A batch that a process is to read, and the number of the block for its arrays; None: there is none."""

    samples: Sequence[Sample]
    block: int | None


class _Reader:
    """Reads batches in the processes: what a `DataLoader` calls the data set, whose items are pieces of work."""

    def __init__(self, scorer: SetScorer, blocks: SharedBlocks) -> None:
        self._scorer = scorer
        self._blocks = blocks

    def __getitem__(self, work: _Work) -> Packed:
        return self._blocks.pack(self._scorer.read(work.samples), work.block)


def _read_ahead(
    batches: Iterator[Sequence[Sample]], scorer: SetScorer, model: SetModel
) -> Iterator[tuple[Sequence[Sample], list[Read]]]:
    """Yield batches in their order, with their pictures; processes, two batches each, read ahead.

    The pictures of a batch change when the next one is asked for.
    """
    if not model.processes or not hasattr(os, "fork"):
        yield from ((batch, scorer.read(batch)) for batch in batches)
        return
    from torch.utils.data import DataLoader

    # A block for each batch that is read ahead, and one for that which the model has.
    blocks = SharedBlocks(_AHEAD * model.processes + 1, model.batch_size * _PICTURE_BYTES)
    # The batches on their way. They are sent one by one: processes that went through a list of all samples would each
    # get a copy of it, page by page, by counting references.
    waiting: deque[_Work] = deque()

    def work() -> Iterator[_Work]:
        for batch in batches:
            waiting.append(_Work(batch, blocks.take()))
            yield waiting[-1]

    loader: Iterable[Packed] = DataLoader(
        _Reader(scorer, blocks),  # type: ignore[arg-type]  # any object with items will do
        batch_size=None,
        sampler=work(),
        num_workers=model.processes,
        prefetch_factor=_AHEAD,
        multiprocessing_context="fork",
    )
    try:
        for packed in loader:
            done = waiting.popleft()
            yield done.samples, blocks.unpack(packed)
            blocks.give_back(done.block)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise UserError(
            "a process that reads pictures was killed, perhaps for lack of memory; what was scored is kept: run again, "
            "with fewer processes"
        ) from error
