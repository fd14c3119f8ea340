"""Cases derived in memory: of a sweep, by seeded corruptions of tier 1, and the views of a ladder's step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tierbench.common.images import PictureError, open_picture
from tierbench.corruptions.registry import corruption_version
from tierbench.suites.case import Case, Suite
from tierbench.suites.picture_file import read_picture
from tierbench.suites.views import VIEWS

if TYPE_CHECKING:
    from PIL import Image


class Corrupt(Protocol):
    """`tierbench.corruptions.corrupt`, or what does the same elsewhere."""

    def __call__(self, image: Image.Image, name: str, severity: int, *, seed: int, variant: str) -> Image.Image:
        """Return the image, corrupted."""


# Increase this when the code of a corruption changes its results, so that predictions of old results are not reused.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class SliceGate:
    """The limits that a suite sets for a slice: minimum pass rate, maximum drop against clean images, or both."""

    min_pass_rate: float | None = None
    max_drop: float | None = None


def derive_cases(
    suite: Suite, corruptions: Sequence[str], severities: Sequence[int], geometry: str = "imagenet-c"
) -> list[Case]:
    """Derive the cases of a sweep from a suite's tier-1 images; none if its `[corruptions]` says enabled = false."""
    if not suite.corruptions.get("enabled", True):
        return []
    return [
        derive_case(suite, case, name, severity, geometry)
        for name in corruptions
        for severity in severities
        for case in suite.by_tier.get(1, ())
    ]


def derive_case(suite: Suite, case: Case, corruption: str, severity: int, geometry: str = "imagenet-c") -> Case:
    """Derive one case of a sweep from a clean case of the suite.

    It has no twin: the image of the twin would have to be corrupted in the same way.
    """
    variant = str(suite.corruptions.get("variant", "imagenet_c"))
    return replace(
        case,
        id=f"{case.id}+{corruption}-{severity}",
        tier=None,
        known_issue="",
        twin="",
        corruption=corruption,
        severity=severity,
        variant=variant,
        geometry=geometry if variant == "imagenet_c" else "unchanged",
    )


def step_views(step: Case) -> list[Case]:
    """Return the step of a ladder as it is seen through each of the eight views; the first is the step itself."""
    return [step.seen_as(view) for view in VIEWS]


def predicted_cases(suite: Suite) -> list[Case]:
    """Return everything that a whole run predicts of a suite, but for a sweep: cases, views of steps, and twins."""
    cases = [view for case in suite.cases for view in (step_views(case) if case.ladder else (case,))]
    return [*cases, *suite.twins_of(cases)]


def clean_id(case_id: str) -> str:
    """Return the id of the clean case behind a derived one, `sedan+fog-3` → `sedan`; other ids are left unchanged."""
    return case_id.partition("+")[0]


def open_case(case: Case, content: bytes | None = None, *, max_pixels: int | None = None) -> Image.Image:
    """Open the image of a case as the model sees it, with the view or the corruption of a derived case.

    Args:
        case: the case.
        content: the bytes of its image file; None: read it.
        max_pixels: see `open_picture`.

    Raises:
        PictureError: if it cannot be read, opened or corrupted.
    """
    source = read_picture(case)[0] if content is None else content
    picture = VIEWS[case.view].of(open_picture(source, max_pixels=max_pixels))
    if not case.corruption:
        return picture
    with corruption_problems(case):
        return apply_corruption(picture, case)


@contextmanager
def corruption_problems(case: Case) -> Iterator[None]:
    """Raise a `PictureError` if the body, which corrupts the picture of a case, raises an error."""
    try:
        yield
    except Exception as error:
        # OpenCV and NumPy may raise anything on an unusual image; only this case is affected.
        raise PictureError(f"{case.corruption} cannot be applied: {str(error) or type(error).__name__}") from error


def corruption_key(case: Case) -> str:
    """Return what is done to the image after opening it, for the key of its prediction; empty if nothing."""
    if case.view:
        return f"{_VERSION}:view:{case.view}"
    if not case.corruption:
        return ""
    done = (_VERSION, case.variant, case.geometry, case.corruption, case.severity, f"{case.suite}/{clean_id(case.id)}")
    key = ":".join(map(str, done))
    # A corruption of another package can change independently: its release, parameters and version are included.
    version = corruption_version(case.corruption)
    return f"{key}:{version}" if version else key


def apply_corruption(image: Image.Image, case: Case) -> Image.Image:
    """Fit and corrupt an opened image as its case says, with a seed from case, corruption and severity."""
    from tierbench.corruptions import corrupt

    return corrupt_fitted(fitted_for(image, case), case, corrupt)


def fitted_for(image: Image.Image, case: Case) -> Image.Image:
    """Bring an opened image to the size at which its case corrupts it; the same for all corruptions of a sweep."""
    from tierbench.corruptions import fitted

    return image if case.geometry == "unchanged" else fitted(image, case.geometry, case.variant)


def corrupt_fitted(picture: Image.Image, case: Case, corrupt: Corrupt) -> Image.Image:
    """Corrupt a fitted image as its case says, with a seed from case, corruption and severity.

    Args:
        picture: what `fitted_for` returns; it is not changed.
        case: a derived case.
        corrupt: `tierbench.corruptions.corrupt`, or what does the same elsewhere.
    """
    from tierbench.corruptions import derive_seed

    seed = derive_seed(f"{case.suite}/{clean_id(case.id)}", case.corruption, case.severity)
    return corrupt(picture, case.corruption, case.severity, seed=seed, variant=case.variant)


def slice_gates(suite: Suite) -> dict[tuple[str, int], SliceGate]:
    """Return the gates that `[corruptions.gates]` declares: `"fog+3" = {min_pass_rate = 0.5, max_drop = 0.3}`."""
    gates = suite.corruptions.get("gates", {})
    found = {}
    for name, demands in gates.items() if isinstance(gates, dict) else ():
        corruption, _, severity = name.rpartition("+")
        found[(corruption, int(severity))] = SliceGate(**demands)
    return found
