"""The names of the corruptions, in the order of the literature."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

NOISE: Final = ("gaussian_noise", "shot_noise", "impulse_noise")
BLUR: Final = ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur")
WEATHER: Final = ("snow", "frost", "fog", "brightness")
DIGITAL: Final = ("contrast", "elastic_transform", "pixelate", "jpeg_compression")

MEAN_CORRUPTIONS: Final[tuple[str, ...]] = NOISE + BLUR + WEATHER + DIGITAL
"""The 15 corruptions that the mean corruption error is computed from."""

EXTRA_CORRUPTIONS: Final[tuple[str, ...]] = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The 4 that were published for validation; never part of the mean."""

CORRUPTIONS: Final[tuple[str, ...]] = MEAN_CORRUPTIONS + EXTRA_CORRUPTIONS
"""The 19 of ImageNet-C and CIFAR-10-C (Hendrycks & Dietterich 2019)."""

OWN_CORRUPTIONS: Final[tuple[str, ...]] = ("rain", "low_light")
"""This project's own corruptions: not comparable with published figures, and never part of a mean."""

ALL_CORRUPTIONS: Final[tuple[str, ...]] = CORRUPTIONS + OWN_CORRUPTIONS

SEEDLESS: Final[frozenset[str]] = frozenset(
    {
        "defocus_blur",
        "zoom_blur",
        "brightness",
        "contrast",
        "pixelate",
        "jpeg_compression",
        "gaussian_blur",
        "saturate",
    }
)
"""Corruptions without randomness: the result is the same for every seed."""

NEEDS_OPENCV: Final[frozenset[str]] = frozenset(
    {
        "contrast",
        "defocus_blur",
        "elastic_transform",
        "frost",
        "gaussian_blur",
        "glass_blur",
        "motion_blur",
        "rain",
        "snow",
        "spatter",
    }
)
"""Corruptions that need the extra `corruptions`."""

FAMILIES: Final = MappingProxyType(
    {
        "noise": (*NOISE, "speckle_noise"),
        "blur": (*BLUR, "gaussian_blur"),
        "weather": (*WEATHER, "spatter"),
        "digital": (*DIGITAL, "saturate"),
        "own": OWN_CORRUPTIONS,
    }
)
"""All names by family; the four extra ones are in the families that the paper assigns them to."""

SEVERITIES: Final = (1, 2, 3, 4, 5)
VARIANTS: Final = ("imagenet_c", "cifar10_c")
GEOMETRIES: Final = ("imagenet-c", "whole")
"""The part of a picture that is corrupted: the published central square of 224 px, or the whole picture."""
