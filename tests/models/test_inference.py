"""Models run in the precision that their dtype names, and leave PyTorch's settings as they found them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tierbench.models import load_classifier
from tierbench.models.transformers_model import TransformersClassifier

PICTURE = Image.new("RGB", (224, 224), (200, 30, 30))


def test_float32_is_not_rounded_to_tf32_while_a_model_predicts(colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model))
    assert isinstance(classifier, TransformersClassifier)
    seen: list[bool] = []

    def note(*_: Any) -> None:
        seen.append(torch.backends.cudnn.allow_tf32)

    classifier.network.register_forward_pre_hook(note)
    before = torch.backends.cudnn.allow_tf32
    classifier.predict([PICTURE])
    assert (seen, torch.backends.cudnn.allow_tf32) == ([False], before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cuda_says_what_the_cpu_says(reference_model: Path) -> None:
    here, there = (load_classifier(str(reference_model), device=device) for device in ("cpu", "cuda"))
    assert there.predict([PICTURE]) == pytest.approx(here.predict([PICTURE]), abs=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="copies to CUDA are NOT tested: there is no device")
def test_what_threads_copy_to_cuda_is_predicted_bit_for_bit_as_without(reference_model: Path) -> None:
    classifier = load_classifier(str(reference_model), device="cuda")
    assert isinstance(classifier, TransformersClassifier)
    prepare = classifier.preparation(cropped=False)
    pictures = [Image.new("RGB", (300, 200), (shade, 90, 255 - shade)) for shade in range(0, 256, 4)]
    here = [prepare(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        there = list(pool.map(classifier.copy_ahead, here))
        # More copies while the model computes; and some pictures that could not be copied.
        meanwhile = [pool.submit(classifier.copy_ahead, picture) for picture in here]
        copied, mixed = classifier.predict_prepared(there), classifier.predict_prepared(there[:32] + here[32:])
    plain = classifier.predict_prepared(here)
    assert (copied == plain).all()
    assert (mixed == plain).all()
    assert (classifier.predict_prepared([each.result() for each in meanwhile]) == plain).all()


def test_without_cuda_nothing_is_copied(colour_model: Path) -> None:
    classifier = load_classifier(str(colour_model), device="cpu")
    assert isinstance(classifier, TransformersClassifier)
    prepared = classifier.preparation(cropped=False)(PICTURE)
    assert classifier.copy_ahead(prepared) is prepared
