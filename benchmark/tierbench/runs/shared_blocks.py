"""Blocks of memory that forked processes share: the arrays of a batch travel in one, the rest of it through a pipe."""

from __future__ import annotations

import mmap
import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Of the beginning of each array in a block: a line of a processor's cache.
_ALIGNED = 64


@dataclass(frozen=True, slots=True)
class Packed:
    """A value on its way to another process.

    Attributes:
        outline: the value, pickled; without its arrays where they are in a block.
        block: number of the block; None: it took none.
        parts: first byte and number of bytes of each array in the block.
    """

    outline: bytes
    block: int | None = None
    parts: Sequence[tuple[int, int]] = ()


class SharedBlocks:
    """Blocks of memory for processes that are forked after they were made.

    They have no name: they are no files of `/dev/shm`, which is small in containers, and nothing is left of them when
    the last process has ended, however it did. A page takes memory when something is written into it. Where the system
    grants no such memory there are no blocks, and values travel through the pipe as a whole.

    Args:
        count: number of blocks.
        size: of each, in bytes.
    """

    def __init__(self, count: int, size: int) -> None:
        self._blocks: list[mmap.mmap] = []
        with suppress(OSError, OverflowError):
            for _ in range(count):
                self._blocks.append(mmap.mmap(-1, size))
        self._free = list(range(len(self._blocks)))

    def take(self) -> int | None:
        """Return the number of a block that nobody uses; None if there is none. Only one process takes and gives."""
        return self._free.pop() if self._free else None

    def give_back(self, block: int | None) -> None:
        """Note that a block that was taken is free: nobody needs the arrays in it."""
        if block is not None:
            self._free.append(block)

    def pack(self, value: Any, block: int | None) -> Packed:
        """Return a value for another process, its arrays written into a block; through the pipe if they do not fit."""
        buffers: list[pickle.PickleBuffer] = []
        outline = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        views = [buffer.raw() for buffer in buffers]
        parts, end = [], 0
        for view in views:
            parts.append((end, view.nbytes))
            end += -(-view.nbytes // _ALIGNED) * _ALIGNED
        if block is None or end > len(self._blocks[block]):
            return Packed(pickle.dumps(value, protocol=5), block)
        memory = memoryview(self._blocks[block])
        for view, (start, length) in zip(views, parts, strict=True):
            memory[start : start + length] = view
        return Packed(outline, block, parts)

    def unpack(self, packed: Packed) -> Any:
        """Return a value that another process has packed; its arrays change when their block is used again."""
        if packed.block is None:
            return pickle.loads(packed.outline)  # noqa: S301 (from our own processes)
        memory = memoryview(self._blocks[packed.block])
        buffers = [memory[start : start + length] for start, length in packed.parts]
        return pickle.loads(packed.outline, buffers=buffers)  # noqa: S301 (from our own processes)
