"""Read and decode pictures in threads, ahead of the model, such that a bounded number of bytes waits for it.

Where a sweep is long enough and cores are left, each thread lets a process of its own corrupt pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from tierbench.common.images import PictureError, allow_pixels
from tierbench.common.picture_figures import PictureFigures, picture_figures
from tierbench.common.text import one_line
from tierbench.corruptions.registry import CORRUPTION_REGISTRY
from tierbench.corruptions.workers import CorruptionWorkers, workers_for
from tierbench.suites.case import Case
from tierbench.suites.picture_file import PLAIN, decoding_bytes, picture_size
from tierbench.suites.sources import Source, Sources

if TYPE_CHECKING:
    from PIL import Image

# Decoding a photograph takes about as long as preprocessing it; two threads keep one predictor fed.
_DECODERS = 2
# Of pictures that are being decoded or wait for the model. One that is larger by itself is decoded alone.
_WAITING_BYTES = 400 * 2**20


@dataclass(frozen=True, slots=True)
class Taken:
    """The picture of a case, ready for the model.

    Attributes:
        case: the case.
        digest: SHA-256 of the very bytes that were decoded; empty if they could not be read.
        picture: what the model takes; None if there is an error.
        error: why there is no picture; empty if there is one.
        waits: the bytes that it takes while it waits.
        content: the bytes of its file, if they were asked for and the picture is that of the file itself.
    """

    case: Case
    digest: str
    picture: Any
    error: str = ""
    waits: int = 0
    content: bytes | None = None


@dataclass
class Intake:
    """Takes in pictures for a model.

    Attributes:
        count: number of pictures in a batch.
        prepare: what the threads make of each picture; a tensor, an array, or several by name, of about the same size
            for all. None: the picture itself is handed on.
        max_pixels: see `open_picture`.
        keep_files: whether the bytes of original pictures are handed on with them.
        figures: where the threads put the figures of original pictures, by digest; None: nowhere.
        shares_cores: whether the model computes on the cores that the threads run on.
    """

    count: int
    prepare: Callable[[Image.Image], Any] | None = None
    max_pixels: int | None = None
    keep_files: bool = False
    figures: MutableMapping[str, PictureFigures] | None = None
    shares_cores: bool = False
    # Of the latest prepared picture; None before the first.
    _prepared_bytes: int | None = None
    _alone: Lock = field(default_factory=Lock)

    def batches(self, cases: Sequence[Case]) -> Iterator[list[Taken]]:
        """Yield the pictures of the cases in their order.

        A batch has fewer pictures than asked for where they are so large that no more may wait. It is emptied when the
        next one is asked for.
        """
        allow_pixels(self.max_pixels)
        todo = deque(cases)
        pending: deque[tuple[int, Future[Taken]]] = deque()
        batch: list[Taken] = []
        with (
            CorruptionWorkers(workers_for(case.corruption for case in cases)) as workers,
            ThreadPoolExecutor(self._threads(cases, workers.most), thread_name_prefix="decode") as pool,
        ):
            sources = Sources(workers.corrupt, self.max_pixels)
            try:
                while todo or pending or batch:
                    while todo and len(pending) < self._ahead:
                        cost = self._cost(todo[0])
                        if (pending or batch) and cost + _waiting(pending, batch) > _WAITING_BYTES:
                            break
                        pending.append((cost, pool.submit(self._take, todo.popleft(), sources)))
                    if pending:
                        batch.append(pending[0][1].result())
                        pending.popleft()
                    if len(batch) == self.count or not pending:
                        yield batch
                        batch.clear()
            finally:
                for _, future in pending:
                    future.cancel()

    def _threads(self, cases: Sequence[Case], processes: int) -> int:
        """Return how many threads take the pictures in, of which each may have a process that corrupts."""
        if processes or not self.shares_cores:
            return max(_DECODERS, processes)
        # Corrupting a square of 224 px takes a tenth of the time of a model on two cores: one thread keeps up with it.
        # Two would stop the model more often, whose threads wait for each other after every layer.
        quick = all(case.is_cropped and CORRUPTION_REGISTRY.is_built_in(case.corruption) for case in cases)
        return 1 if quick else _DECODERS

    @property
    def _ahead(self) -> int:
        known = self.prepare is None or self._prepared_bytes is not None
        return 2 * self.count if known else _DECODERS

    def _cost(self, case: Case) -> int:
        """Return about how many bytes a case takes that is handed to the threads.

        Prepared pictures are decoded no earlier than a thread prepares them: of these only the results can pile up.
        """
        if self.prepare is None:
            return decoding_bytes(case, picture_size(case))
        return self._prepared_bytes or 0

    def _take(self, case: Case, sources: Sources) -> Taken:
        digest = ""
        try:
            source = sources.of(case)
            digest = source.digest
            if self.prepare is None:
                picture = self._opened(case, source)
                kept = source.content if self.keep_files and not (case.corruption or case.view) else None
                waits = picture.width * picture.height * PLAIN + len(kept or b"")
                return Taken(case, digest, picture, waits=waits, content=kept)
            large = source.decoding_bytes > _WAITING_BYTES / _DECODERS
            with self._alone if large else nullcontext():
                prepared = self.prepare(self._opened(case, source))
        except PictureError as error:
            return Taken(case, digest, None, one_line(str(error), 400))
        self._prepared_bytes = _bytes_of(prepared)
        return Taken(case, digest, prepared, waits=self._prepared_bytes)

    def _opened(self, case: Case, source: Source) -> Image.Image:
        picture = source.open(case)
        if self.figures is not None and not (case.corruption or case.view):
            self.figures[source.digest] = picture_figures(picture)
        return picture


def _bytes_of(prepared: object) -> int:
    parts = prepared.values() if isinstance(prepared, Mapping) else (prepared,)
    return sum(int(getattr(part, "nbytes", 0)) for part in parts)


def _waiting(pending: deque[tuple[int, Future[Taken]]], batch: list[Taken]) -> int:
    return sum(cost for cost, _ in pending) + sum(taken.waits for taken in batch)
