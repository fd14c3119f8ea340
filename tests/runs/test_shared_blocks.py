"""Blocks of memory that forked processes share: values arrive whole, wherever their arrays travel."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import numpy as np
import pytest

from tierbench.runs.shared_blocks import SharedBlocks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

VALUE = [("a", {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.array([[7]])}), ("no picture", None)]


def sent(blocks: SharedBlocks, value: Any, block: int | None) -> Any:
    """Return what a forked process packs."""
    context = multiprocessing.get_context("fork")
    near, far = context.Pipe(duplex=False)
    process = context.Process(target=lambda: far.send(blocks.pack(value, block)))
    process.start()
    packed = near.recv()
    process.join()
    return packed


@pytest.mark.parametrize(("size", "in_block"), [(4096, True), (64, False)], ids=["fits", "too-large"])
def test_a_value_arrives_whole(size: int, in_block: bool) -> None:
    blocks = SharedBlocks(1, size)
    packed = sent(blocks, VALUE, blocks.take())
    assert bool(packed.parts) == in_block
    ((_, arrays), missing) = blocks.unpack(packed)
    assert missing == ("no picture", None)
    for name, array in VALUE[0][1].items():  # type: ignore[union-attr]  # the first has arrays
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
        assert arrays[name].flags.writeable


def test_a_block_is_used_again_when_it_was_given_back() -> None:
    blocks = SharedBlocks(2, 4096)
    first, second = blocks.take(), blocks.take()
    assert {first, second} == {0, 1}
    assert blocks.take() is None
    blocks.give_back(first)
    blocks.give_back(None)
    assert blocks.take() == first
    for number in range(3):
        received = blocks.unpack(sent(blocks, np.full(5, number), second))
        np.testing.assert_array_equal(received, np.full(5, number))


def test_without_memory_for_blocks_values_travel_through_the_pipe() -> None:
    blocks = SharedBlocks(2, 1 << 60)
    assert blocks.take() is None
    np.testing.assert_array_equal(blocks.unpack(sent(blocks, np.arange(9), None)), np.arange(9))
