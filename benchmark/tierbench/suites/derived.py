"""Sweeps: cases derived in memory from clean tier-1 images by seeded corruptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tierbench.common.images import PictureError, open_picture
from tierbench.corruptions.registry import corruption_version
from tierbench.suites.case import Case, Suite

if TYPE_CHECKING:
    from PIL import Image

# ImageNet-C is made after Resize(256): the corruptions' parameters count in pixels of that size.
_SHORTEST_EDGE = 256
# Raised when a corruption's code changes what it makes, so that kept predictions are not taken for new ones.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class SliceGate:
    """What a suite demands of a slice: a minimum pass rate, a maximum drop against clean, or both."""

    min_pass_rate: float | None = None
    max_drop: float | None = None


def derive_cases(suite: Suite, corruptions: Sequence[str], severities: Sequence[int]) -> list[Case]:
    """Derive the cases of a sweep from a suite's tier-1 images; none where its `[corruptions]` says enabled = false."""
    if not suite.corruptions.get("enabled", True):
        return []
    return [
        derive_case(suite, case, name, severity)
        for name in corruptions
        for severity in severities
        for case in suite.by_tier.get(1, ())
    ]


def derive_case(suite: Suite, case: Case, corruption: str, severity: int) -> Case:
    """Derive one case of a sweep from a clean one of the suite."""
    return replace(
        case,
        id=f"{case.id}+{corruption}-{severity}",
        tier=None,
        known_issue="",
        corruption=corruption,
        severity=severity,
        variant=str(suite.corruptions.get("variant", "imagenet_c")),
    )


def clean_id(case_id: str) -> str:
    """Return the id of the case that a derived one comes from, `sedan+fog-3` → `sedan`; of any other case its own."""
    return case_id.partition("+")[0]


def open_case(case: Case) -> Image.Image:
    """Open the image of a case as the model gets it, corrupted if the case says so.

    Raises:
        PictureError: if it cannot be opened or corrupted.
    """
    picture = open_picture(case.path)
    if not case.corruption:
        return picture
    try:
        return apply_corruption(picture, case)
    except Exception as error:
        # OpenCV and NumPy raise what they like of a picture that is odd enough; that case alone is lost.
        raise PictureError(f"{case.corruption} cannot be applied: {str(error) or type(error).__name__}") from error


def corruption_key(case: Case) -> str:
    """Say what was done to the image after opening it, for the key of its prediction; empty if nothing."""
    if not case.corruption:
        return ""
    key = f"{_VERSION}:{case.variant}:{case.corruption}:{case.severity}:{case.suite}/{clean_id(case.id)}"
    # That of another package changes without us: its release, its parameters and its own version count too.
    version = corruption_version(case.corruption)
    return f"{key}:{version}" if version else key


def fitted(image: Image.Image, variant: str) -> Image.Image:
    """Bring a larger image to a shortest edge of 256 px, at which ImageNet-C's parameters are meant.

    The 32-px table (`cifar10_c`) takes images as they are.
    """
    from PIL import Image as PillowImage

    shortest = min(image.size)
    if variant != "imagenet_c" or shortest <= _SHORTEST_EDGE:
        return image
    scale = _SHORTEST_EDGE / shortest
    size = (max(_SHORTEST_EDGE, round(image.width * scale)), max(_SHORTEST_EDGE, round(image.height * scale)))
    return image.resize(size, PillowImage.Resampling.BILINEAR)


def apply_corruption(image: Image.Image, case: Case) -> Image.Image:
    """Corrupt an opened image, fitted, as its case says; seeded by case, corruption and severity."""
    from tierbench.corruptions import corrupt, derive_seed

    seed = derive_seed(f"{case.suite}/{clean_id(case.id)}", case.corruption, case.severity)
    return corrupt(fitted(image, case.variant), case.corruption, case.severity, seed=seed, variant=case.variant)


def slice_gates(suite: Suite) -> dict[tuple[str, int], SliceGate]:
    """Return the gates that `[corruptions.gates]` declares: `"fog+3" = {min_pass_rate = 0.5, max_drop = 0.3}`."""
    gates = suite.corruptions.get("gates", {})
    found = {}
    for name, demands in gates.items() if isinstance(gates, dict) else ():
        corruption, _, severity = name.rpartition("+")
        found[(corruption, int(severity))] = SliceGate(**demands)
    return found
