"""Where the user names no batch size, it is 16, and on CUDA as large as memory allows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.flat_colours import flat
from tierbench.models import load_classifier
from tierbench.models.batch_size import USUAL, BatchSize, larger_batch


@pytest.mark.parametrize(
    ("took", "free", "size"),
    [
        (160, 100_000, 128),
        (160, 4 * 160, 32),
        (160, 4 * 160 - 1, 16),
        # Less than half is free as it is: out of memory, a batch is halved anyway.
        (160, 10, 16),
        # A model that does not take the memory of torch says nothing of what it takes.
        (0, 100_000, 16),
    ],
)
def test_a_batch_takes_at_most_half_of_the_free_memory(took: int, free: int, size: int) -> None:
    assert larger_batch(16, took, free) == size


@pytest.mark.parametrize(("given", "device"), [(0, "cpu"), (0, "mps"), (16, "cuda")])
def test_it_stays_as_it_is_without_cuda_and_where_it_is_given(given: int, device: str) -> None:
    size = BatchSize(given, device)
    assert [size.call(lambda: "said", 16) for _ in range(3)] == ["said"] * 3
    assert size.count == USUAL


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the batch size on CUDA is NOT tested: there is no device")
def test_on_cuda_a_small_model_gets_large_batches(colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model), device="cuda")
    size = BatchSize(0, "cuda")
    for _ in range(2):
        size.call(lambda: classifier.predict([flat("red")] * USUAL), USUAL)
    assert size.count == 128
