"""The errors of AlexNet, the reference for corruption errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALEXNET_ERRORS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "gaussian_noise": 0.886428,
        "shot_noise": 0.894468,
        "impulse_noise": 0.922640,
        "defocus_blur": 0.819880,
        "glass_blur": 0.826268,
        "motion_blur": 0.785948,
        "zoom_blur": 0.798360,
        "snow": 0.866816,
        "frost": 0.826572,
        "fog": 0.819324,
        "brightness": 0.564592,
        "contrast": 0.853204,
        "elastic_transform": 0.646056,
        "pixelate": 0.717840,
        "jpeg_compression": 0.606500,
    }
)
"""AlexNet's top-1 errors on the 15 corruptions of ImageNet-C, means over severities (Hendrycks & Dietterich 2019)."""

ALEXNET_CLEAN_ERROR: Final = 0.4348
"""AlexNet's top-1 error on the ImageNet validation set, for the relative errors."""

Reference = Mapping[str, float]
"""The errors of the reference model by corruption: means over the severities, fractions."""
