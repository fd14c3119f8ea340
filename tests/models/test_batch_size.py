"""Where the user names no batch size, it is 16, and on CUDA as large as memory allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.flat_colours import flat
from tierbench.models import load_classifier
from tierbench.models.batch_size import USUAL, BatchSize, larger_batch, parts
from tierbench.models.transformers_model import TransformersClassifier


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


@pytest.mark.parametrize(
    ("device", "threads", "sizes"),
    [("cpu", 2, [4, 5]), ("cpu", 8, [9]), ("cpu", 16, [9]), ("cuda", 2, [9])],
)
def test_a_network_takes_a_few_pictures_at_once_on_the_cpu(
    device: str, threads: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    found = list(parts(range(9), device))
    assert [len(part) for part in found] == sizes
    assert [number for part in found for number in part] == list(range(9))
    assert list(parts(range(3), device)) == [range(3)]
    assert list(parts([], device)) == []


def test_pictures_in_parts_have_the_outputs_of_the_whole_batch(
    colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load_classifier(str(colour_model), device="cpu")
    assert isinstance(classifier, TransformersClassifier)
    prepare = classifier.preparation(cropped=False)
    inputs = [prepare(flat(colour)) for colour in ("red", "green", "blue", "grey", "red") * 3]
    sizes: list[int] = []
    network = classifier._model.register_forward_pre_hook(
        lambda module, given, named: sizes.append(len(named["pixel_values"])), with_kwargs=True
    )
    in_parts = classifier.predict_prepared(inputs)
    assert sizes == [len(part) for part in parts(inputs, "cpu")]
    monkeypatch.setattr("tierbench.models.batches.parts", lambda batch, device: [batch])
    np.testing.assert_allclose(classifier.predict_prepared(inputs), in_parts, rtol=0, atol=1e-6)
    network.remove()
