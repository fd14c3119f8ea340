"""A real ConvNeXt that says exactly known probabilities of pictures of one flat colour.

The network is tiny and its weights are random (seeded); its last layer is solved in closed form, so that of each
colour below it says the probabilities beside it. Any other picture gets what the network makes of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import ConvNextConfig, ConvNextForImageClassification, ConvNextImageProcessorPil

from tests.flat_colours import LABELS, RGB, SAID, SIZE
from tierbench.models.quiet import quiet_transformers


def save_model(folder: Path, *, multi_label: bool = False, depths: tuple[int, ...] = (1, 1, 1, 1)) -> Path:
    """Write the model and its image processor; the probabilities are softmax or, with `multi_label`, sigmoid."""
    torch.manual_seed(20261124)
    config = ConvNextConfig(
        image_size=SIZE,
        depths=list(depths),
        hidden_sizes=[8, 8, 16, 16],
        # Large weights and open residual branches tell the colours apart well, which the last layer needs.
        initializer_range=0.3,
        layer_scale_init_value=1.0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
        problem_type="multi_label_classification" if multi_label else "single_label_classification",
    )
    model = ConvNextForImageClassification(config).eval()
    processor: Any = ConvNextImageProcessorPil(size={"shortest_edge": SIZE})
    pictures = [Image.new("RGB", (SIZE, SIZE), rgb) for rgb in RGB.values()]
    with torch.inference_mode():
        pixels = processor(images=pictures, return_tensors="pt")["pixel_values"]
        features = model.convnext(pixel_values=pixels).pooler_output.double().numpy()
    said = np.array([SAID[name] for name in RGB])
    logits = np.log(said / (1 - said)) if multi_label else np.log(said)
    # Least squares with an intercept; more features than colours, so it is exact.
    solution = np.linalg.pinv(np.hstack([features, np.ones((len(said), 1))])) @ logits
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(solution[:-1].T))
        model.classifier.bias.copy_(torch.from_numpy(solution[-1]))
    with quiet_transformers():
        model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
