"""The corruptions of ImageNet-C and CIFAR-10-C, seeded, at any size; and two of our own."""

from __future__ import annotations

from tierbench.corruptions.api import corrupt, derive_seed
from tierbench.corruptions.names import (
    ALL_CORRUPTIONS,
    CORRUPTIONS,
    EXTRA_CORRUPTIONS,
    FAMILIES,
    MEAN_CORRUPTIONS,
    NEEDS_OPENCV,
    OWN_CORRUPTIONS,
    SEEDLESS,
    SEVERITIES,
    VARIANTS,
)
from tierbench.corruptions.sheet import contact_sheet
from tierbench.corruptions.tables import parameters

__all__ = [
    "ALL_CORRUPTIONS",
    "CORRUPTIONS",
    "EXTRA_CORRUPTIONS",
    "FAMILIES",
    "MEAN_CORRUPTIONS",
    "NEEDS_OPENCV",
    "OWN_CORRUPTIONS",
    "SEEDLESS",
    "SEVERITIES",
    "VARIANTS",
    "contact_sheet",
    "corrupt",
    "derive_seed",
    "parameters",
]
