"""Maps by integrated gradients: what each part of the picture adds to a logit on the way from a grey picture to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from captum.attr import IntegratedGradients
from PIL import Image

from tierbench.models.attribution import AttributionMap
from tierbench.models.classifier import Differentiable
from tierbench.models.inference import full_precision

# Of the path, placed by Gauss and Legendre's rule.
STEPS = 32
# The colour of the picture at the start of the path.
GREY = (128, 128, 128)
# Cells of a map along each side, in which pixels of the input are added up: those of the last feature map of most
# networks. Smaller ones cancel their neighbours out, and nobody can read the map (tried on the included suites).
CELLS = 7
# Points of the path that are computed at once: gradients hold what every layer made of each of them.
_AT_ONCE = 8


def gradient_maps(
    model: Differentiable, image: Image.Image, labels: Sequence[int], batch_size: int
) -> tuple[AttributionMap, ...]:
    """Return the map of each label, over what the model's input shows of the picture.

    Integrated gradients (Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017) are complete:
    all cells together add up to the logit of the picture minus that of the baseline, a grey picture. What is as grey as
    that itself gets nothing.

    Args:
        model: gives logits with gradients.
        image: the picture, RGB.
        labels: indices of labels.
        batch_size: how many points of the path are computed at once, at most; eight are enough.
    """
    pixels, grey = model.pixels(image), model.pixels(Image.new("RGB", image.size, GREY))
    count, targets = len(labels), torch.tensor(list(labels))
    inputs, baselines = (each.expand(count, *each.shape).contiguous() for each in (pixels, grey))
    with full_precision(), torch.enable_grad():
        method = IntegratedGradients(model.logits)
        found = method.attribute(
            inputs, baselines, target=targets, n_steps=STEPS, internal_batch_size=max(min(batch_size, _AT_ONCE), count)
        )
        with torch.no_grad():
            ends = model.logits(torch.stack([pixels, grey])).double().cpu()
    sums = found.detach().sum(dim=1).double().cpu().numpy()
    rises = (ends[0] - ends[1])[list(labels)].tolist()
    return tuple(
        AttributionMap(label, _cells(values), rise) for label, values, rise in zip(labels, sums, rises, strict=True)
    )


def _cells(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Return the sums of values in each cell of a grid, shape [height, width] → [≤ CELLS, ≤ CELLS]."""
    for axis, length in enumerate(values.shape):
        starts = np.arange(min(CELLS, length)) * length // min(CELLS, length)
        values = np.add.reduceat(values, starts, axis=axis)
    return tuple(map(tuple, values.tolist()))
