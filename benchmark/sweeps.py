"""Sweeps: cases derived in memory from clean tier-1 images by seeded corruptions, and what becomes of each slice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmark.metrics import wilson_interval
from benchmark.pictures import PictureError, open_picture
from benchmark.suites.case import Case, Suite

if TYPE_CHECKING:
    import pandas as pd
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


@dataclass(frozen=True, slots=True)
class SliceResult:
    """How a model did on one corruption at one severity; plain values, as `run.json` holds them.

    Attributes:
        passed, total: derived cases that met their thresholds, of those that were judged.
        errors: how many of the judged did not rank their concept first; what corruption errors are made of.
        clean_passed: how many of the same images passed uncorrupted.
        low, high: 95 % Wilson interval of the pass rate.
        min_pass_rate, max_drop: what the suite demands; None: nothing.
    """

    suite: str
    model: str
    corruption: str
    severity: int
    passed: int
    total: int
    errors: int
    clean_passed: int
    clean_errors: int
    low: float
    high: float
    groups: int
    mean_score: float | None
    min_pass_rate: float | None = None
    max_drop: float | None = None

    @property
    def key(self) -> str:
        """`suite/fog+3`, the name of the slice in test ids."""
        return f"{self.suite}/{self.corruption}+{self.severity}"

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0

    @property
    def clean_rate(self) -> float:
        """The same of the uncorrupted images."""
        return self.clean_passed / self.total if self.total else 0.0

    @property
    def met(self) -> bool:
        """Whether the demands are met; without a demand always."""
        enough = self.min_pass_rate is None or self.rate >= self.min_pass_rate - 1e-9
        return enough and (self.max_drop is None or self.clean_rate - self.rate <= self.max_drop + 1e-9)

    def sentence(self) -> str:
        """`photos/fog+3: 2 of 4 passed (0.50, clean 1.00)`, with the demands where there are any."""
        demands = []
        if self.min_pass_rate is not None:
            demands.append(f"at least {self.min_pass_rate:.2f} demanded")
        if self.max_drop is not None:
            demands.append(f"a drop of {self.max_drop:.2f} allowed")
        said = f"{self.key}: {self.passed} of {self.total} passed ({self.rate:.2f}, clean {self.clean_rate:.2f})"
        return ", ".join([said, *demands])

    def as_dict(self) -> dict[str, Any]:
        """Give the fields as `run.json` holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SliceResult:
        """Take the fields back; those that are None may be left out."""
        return cls(**{"mean_score": None, **values})


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
    """Give the id of the case that a derived one comes from, `sedan+fog-3` → `sedan`; of any other case its own."""
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
    return f"{_VERSION}:{case.variant}:{case.corruption}:{case.severity}:{case.suite}/{clean_id(case.id)}"


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
    from benchmark.corruptions import corrupt, derive_seed

    seed = derive_seed(f"{case.suite}/{clean_id(case.id)}", case.corruption, case.severity)
    return corrupt(fitted(image, case.variant), case.corruption, case.severity, seed=seed, variant=case.variant)


def slice_gates(suite: Suite) -> dict[tuple[str, int], SliceGate]:
    """Give the gates that `[corruptions.gates]` declares: `"fog+3" = {min_pass_rate = 0.5, max_drop = 0.3}`."""
    gates = suite.corruptions.get("gates", {})
    found = {}
    for name, demands in gates.items() if isinstance(gates, dict) else ():
        corruption, _, severity = name.rpartition("+")
        found[(corruption, int(severity))] = SliceGate(**demands)
    return found


def summarise_slice(
    suite: str,
    model: str,
    corruption: str,
    severity: int,
    rows: Iterable[Mapping[str, Any]],
    clean: Iterable[Mapping[str, Any]],
    gate: SliceGate,
) -> SliceResult:
    """Sum up the rows of a slice (as in `scores.csv`), beside those of the same images uncorrupted."""
    judged = [row for row in rows if row["outcome"] != "skipped"]
    clean_judged = [row for row in clean if row["outcome"] != "skipped"]
    scores = [float(row["score"]) for row in judged if row.get("score") is not None]
    passed = sum(bool(row["passed"]) for row in judged)
    low, high = wilson_interval(passed, len(judged))
    return SliceResult(
        suite=suite,
        model=model,
        corruption=corruption,
        severity=severity,
        passed=passed,
        total=len(judged),
        errors=sum(row.get("rank") != 1 for row in judged),
        clean_passed=sum(bool(row["passed"]) for row in clean_judged),
        clean_errors=sum(row.get("rank") != 1 for row in clean_judged),
        low=low,
        high=high,
        groups=len({row["group"] for row in judged}),
        mean_score=sum(scores) / len(scores) if scores else None,
        min_pass_rate=gate.min_pass_rate,
        max_drop=gate.max_drop,
    )


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """The standard figures of one suite's sweep under one model.

    Attributes:
        mce, relative_mce: mean corruption errors against AlexNet's (100: as bad), None unless all 15
            corruptions were run at all 5 severities.
        mean_error: plain mean of the errors over those 75, as CIFAR-10-C is reported; None likewise.
    """

    suite: str
    model: str
    mce: float | None
    relative_mce: float | None
    mean_error: float | None

    def sentence(self) -> str:
        """Say the figures, or why there are none."""
        if self.mce is None or self.mean_error is None:
            return f"{self.suite}: no mCE: it is over all 15 corruptions at all 5 severities"
        relative = "" if self.relative_mce is None else f", relative mCE {self.relative_mce:.1f}"
        # Published figures are over ImageNet's 50,000 validation images.
        return (
            f"{self.suite}: mCE {self.mce:.1f}{relative}, mean error {self.mean_error:.3f} "
            "(over these images: to compare models here, not with published figures)"
        )


def error_table(slices: Iterable[SliceResult]) -> pd.DataFrame:
    """Give errors as the corruption metrics take them: indexed by corruption, columns 1 to 5, fractions."""
    import pandas as pd

    errors: dict[int, dict[str, float]] = {}
    for result in slices:
        if result.total:
            errors.setdefault(result.severity, {})[result.corruption] = result.errors / result.total
    return pd.DataFrame(errors).sort_index(axis=1)


def summarise_sweep(suite: str, model: str, slices: Sequence[SliceResult]) -> SweepSummary:
    """Sum up all slices of a suite under a model."""
    from benchmark.corruptions import MEAN_CORRUPTIONS
    from benchmark.metrics import mean_corruption_error, mean_error, relative_mean_corruption_error

    there = {(result.corruption, result.severity) for result in slices if result.total}
    if not all((name, severity) in there for name in MEAN_CORRUPTIONS for severity in range(1, 6)):
        return SweepSummary(suite, model, None, None, None)
    errors = error_table(slices)
    clean = slices[0].clean_errors / slices[0].total
    return SweepSummary(
        suite,
        model,
        mean_corruption_error(errors),
        relative_mean_corruption_error(errors, clean),
        mean_error(errors),
    )
