"""The corruptions of ImageNet-C and CIFAR-10-C, seeded, at any size; two of our own; and those of other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports
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
from tierbench.corruptions.registry import CORRUPTION_REGISTRY, Corruption

if TYPE_CHECKING:
    from tierbench.corruptions.api import corrupt, derive_seed
    from tierbench.corruptions.sheet import contact_sheet
    from tierbench.corruptions.tables import parameters

__all__ = [
    "ALL_CORRUPTIONS",
    "CORRUPTIONS",
    "CORRUPTION_REGISTRY",
    "EXTRA_CORRUPTIONS",
    "FAMILIES",
    "MEAN_CORRUPTIONS",
    "NEEDS_OPENCV",
    "OWN_CORRUPTIONS",
    "SEEDLESS",
    "SEVERITIES",
    "VARIANTS",
    "Corruption",
    "contact_sheet",
    "corrupt",
    "derive_seed",
    "parameters",
]

# The names of the corruptions are read while options are parsed, and must not bring NumPy in.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "contact_sheet": "tierbench.corruptions.sheet",
        "corrupt": "tierbench.corruptions.api",
        "derive_seed": "tierbench.corruptions.api",
        "parameters": "tierbench.corruptions.tables",
    },
)
