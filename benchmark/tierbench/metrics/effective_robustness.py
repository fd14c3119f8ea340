"""Effective robustness: how far a model lies above what models without it reach under a shift of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class BaselineFit:
    """The line through the accuracies of standard models: logit(shifted) = slope · logit(clean) + intercept.

    Attributes:
        models: number of models.
        correlation: between the two logits, over the models.
    """

    slope: float
    intercept: float
    models: int
    correlation: float

    def expected(self, clean: float) -> float:
        """Return the accuracy under the shift that a standard model of this accuracy on clean pictures has.

        Raises:
            ValueError: if the accuracy is not strictly between 0 and 1.
        """
        if not 0 < clean < 1:
            raise ValueError(f"an accuracy with a logit lies strictly between 0 and 1, got {clean}")
        return 1 / (1 + math.exp(-(self.slope * math.log(clean / (1 - clean)) + self.intercept)))


BASELINE_FITS: Final[Mapping[str, BaselineFit]] = MappingProxyType(
    {
        "imagenetv2-matched-frequency": BaselineFit(0.923228772975348, -0.49768988166007705, 85, 0.9980),
        "imagenetv2-threshold0.7": BaselineFit(1.0019708545586208, -0.180971414725261, 85, 0.9972),
        "imagenetv2-top-images": BaselineFit(0.9815752383420944, 0.1221302257710548, 85, 0.9964),
        "imagenet-sketch": BaselineFit(1.070915413566868, -2.370072912552283, 85, 0.9322),
        "imagenet-r": BaselineFit(0.636843984281646, -2.1077156197680713, 80, 0.9431),
        "objectnet": BaselineFit(1.1992674732098234, -2.024250060922932, 85, 0.9701),
    }
)
"""The fits of the ImageNet testbed by set, as its authors compute them: least squares on the logits of the top-1
accuracies of the standard models with at least 55 % on ImageNet, from the table `robustness_top1s.csv` of
github.com/modestyachts/imagenet-testbed (commit f4083a2; sets of ImageNet-V2: `…-format-val`). Sets of a part of the
classes count only the labels of these. ImageNet-R is fitted to the accuracy on ImageNet's pictures of its 200 classes,
among their labels (at least 75 %); ObjectNet to that on all of ImageNet (`--option no-subsample` of the authors'
script). ImageNet-A has no fit here: ResNet-50 has 0 % on it by selection, and the authors draw two lines that meet
there. `tools/fit_effective_robustness.py` computes all of them from a copy of the repository."""


def effective_robustness(clean: float, shifted: float, fit: BaselineFit) -> float:
    """Return the accuracy under a shift less that which a standard model of the same accuracy on ImageNet has.

    Source: Taori et al. (2020), "Measuring Robustness to Natural Distribution Shifts in Image Classification",
    section 2.

    Args:
        clean: top-1 accuracy on the pictures of ImageNet's validation set that the fit is for, a fraction.
        shifted: top-1 accuracy on the shifted set, a fraction.
        fit: that of the shifted set.

    Returns:
        A difference of accuracies: 0 is what standard models have, more is better.
    """
    return shifted - fit.expected(clean)
