"""Models run in the precision that their dtype names, and leave PyTorch's settings as they found them."""

from __future__ import annotations

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
