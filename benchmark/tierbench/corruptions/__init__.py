"""Seeded corruptions for images of any size: ImageNet-C and CIFAR-10-C, two of our own, and those of other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports
from tierbench.corruptions.names import (
    ALL_CORRUPTIONS,
    CORRUPTIONS,
    EXTRA_CORRUPTIONS,
    FAMILIES,
    GEOMETRIES,
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
    from tierbench.corruptions.geometry import fitted
    from tierbench.corruptions.sheet import contact_sheet
    from tierbench.corruptions.tables import parameters

__all__ = [
    "ALL_CORRUPTIONS",
    "CORRUPTIONS",
    "CORRUPTION_REGISTRY",
    "EXTRA_CORRUPTIONS",
    "FAMILIES",
    "GEOMETRIES",
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
    "fitted",
    "parameters",
]

# Option parsing needs the names of the corruptions, and must not import NumPy.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "contact_sheet": "tierbench.corruptions.sheet",
        "corrupt": "tierbench.corruptions.api",
        "derive_seed": "tierbench.corruptions.api",
        "fitted": "tierbench.corruptions.geometry",
        "parameters": "tierbench.corruptions.tables",
    },
)
