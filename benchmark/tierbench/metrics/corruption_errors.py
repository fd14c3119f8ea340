"""Corruption errors and their means; `tierbench.metrics` is where to import them from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    # pandas is slow to import, and whoever calls these functions has it already.
    import pandas as pd

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
"""AlexNet's top-1 errors on ImageNet-C, means over the severities (Hendrycks & Dietterich 2019); the 15."""

ALEXNET_CLEAN_ERROR: Final = 0.4348
"""AlexNet's top-1 error on the ImageNet validation set, as the relative errors take it."""

_SEVERITIES: Final = (1, 2, 3, 4, 5)

Reference = Mapping[str, float]
"""The errors of the reference model by corruption: means over the severities, fractions."""


def corruption_errors(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> pd.Series[float]:
    """Give CE_c = Σ_s E_{s,c} / Σ_s E^reference_{s,c} for each corruption of the reference.

    Source: Hendrycks & Dietterich (2019), "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations", section 4.2.

    Args:
        errors: top-1 errors as fractions; indexed by corruption, with the columns 1 to 5 (integers: the
            severities). Corruptions that the reference lacks, such as the four extra ones, are left out.
        reference: the errors to divide by; its names say which corruptions there must be.

    Returns:
        The ratios, indexed by corruption in the order of the reference; 1 is as good as the reference.

    Raises:
        ValueError: if a corruption or a severity is missing, stands there twice, is NaN or no fraction, or a
            reference error is not positive.
    """
    return _per_corruption(errors, reference, 0.0, 0.0).rename("corruption_error")


def mean_corruption_error(errors: pd.DataFrame, *, reference: Reference = ALEXNET_ERRORS) -> float:
    """Give the mCE: 100 · the mean of `corruption_errors`, which tells the source, arguments and errors.

    It can be held against published figures only where the images are ImageNet's, corrupted at 224 px.

    Returns:
        Per cent of the reference's: 100 is as good as AlexNet, less is better.
    """
    return 100 * float(corruption_errors(errors, reference=reference).mean())


def relative_corruption_errors(
    errors: pd.DataFrame,
    clean_error: float,
    *,
    reference: Reference = ALEXNET_ERRORS,
    reference_clean_error: float = ALEXNET_CLEAN_ERROR,
) -> pd.Series[float]:
    """Give Σ_s (E_{s,c} − E_clean) / Σ_s (E^reference_{s,c} − E^reference_clean) for each corruption.

    Source: Hendrycks & Dietterich (2019), section 4.2.

    Args:
        errors: as in `corruption_errors`.
        clean_error: the model's top-1 error on the uncorrupted images, a fraction.
        reference: as in `corruption_errors`.
        reference_clean_error: the reference's error on the uncorrupted images, a fraction.

    Returns:
        The ratios, indexed by corruption: 1 degrades as much as the reference, 0 not at all; negative where
        the model does better on corrupted images than on clean ones.

    Raises:
        ValueError: as in `corruption_errors`, and if a clean error is no fraction or the reference does not
            degrade.
    """
    for name, value in (("clean_error", clean_error), ("reference_clean_error", reference_clean_error)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be a fraction in [0, 1], got {value}")
    result = _per_corruption(errors, reference, clean_error, reference_clean_error)
    return result.rename("relative_corruption_error")


def relative_mean_corruption_error(
    errors: pd.DataFrame,
    clean_error: float,
    *,
    reference: Reference = ALEXNET_ERRORS,
    reference_clean_error: float = ALEXNET_CLEAN_ERROR,
) -> float:
    """Give the relative mCE: 100 · the mean of `relative_corruption_errors`, which tells the rest.

    Returns:
        Per cent of the reference's: 100 degrades as much as AlexNet, less is better.
    """
    ratios = relative_corruption_errors(
        errors, clean_error, reference=reference, reference_clean_error=reference_clean_error
    )
    return 100 * float(ratios.mean())


def mean_error(errors: pd.DataFrame, *, corruptions: Sequence[str] = tuple(ALEXNET_ERRORS)) -> float:
    """Give the plain mean error over corruptions × severities, as CIFAR-10-C is reported.

    Source: Hendrycks & Dietterich (2019) for the data; the unweighted mean as in Hendrycks et al. (2020),
    "AugMix".

    Args:
        errors: as in `corruption_errors`.
        corruptions: which to take the mean over; default: the 15.

    Returns:
        A fraction in [0, 1].

    Raises:
        ValueError: if a corruption or a severity is missing, stands there twice, is NaN or no fraction.
    """
    return float(_complete(errors, corruptions).to_numpy(dtype=np.float64).mean())


def breaking_severity(passed: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Give the last severity before the first miss, for each image under one corruption.

    What an image passes after its first miss does not count. This is the breaking point of a ladder, with the
    severities as its steps.

    Args:
        passed: [n, severities], booleans, from severity 1 on; or [severities] for one image.

    Returns:
        [n] (or [] for one image), integers: 0 if severity 1 is missed, the number of severities if none is.

    Raises:
        ValueError: if there is no severity.
    """
    flags = np.asarray(passed, dtype=np.bool_)
    if flags.ndim not in (1, 2) or flags.shape[-1] == 0:
        raise ValueError(f"passed must be [n, severities] or [severities], got the shape {list(flags.shape)}")
    count: npt.NDArray[np.int64] = np.logical_and.accumulate(flags, axis=-1).sum(axis=-1, dtype=np.int64)
    return count


def effective_breaking_severity(clean_rate: float, rates: Sequence[float], *, share: float = 0.5) -> float | None:
    """Say at which severity the pass rate has fallen to half of the clean one.

    Between the severities the rate is drawn as a straight line; the clean rate is severity 0. The first
    crossing counts. This is the project's own figure, made like the median effective dose of a dose-response
    curve; no published value can be held against it.

    Args:
        clean_rate: the pass rate on the uncorrupted images, a fraction.
        rates: the pass rates at severities 1, 2, …, fractions.
        share: the share of the clean rate that counts as broken, in (0, 1).

    Returns:
        A severity greater than 0 and at most the last; None if the rate stays above, and 0 if the clean rate
        is 0 already.

    Raises:
        ValueError: if there is no severity, or a rate or the share is out of range.
    """
    curve = [clean_rate, *rates]
    if len(curve) < 2:
        raise ValueError("there must be a rate for at least one severity")
    if not all(0 <= rate <= 1 for rate in curve):
        raise ValueError(f"rates must be fractions in [0, 1], got {curve}")
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    if clean_rate == 0:
        return 0.0
    broken = share * clean_rate
    for severity, (before, after) in enumerate(itertools.pairwise(curve)):
        if after <= broken:
            return severity + (before - broken) / (before - after)
    return None


def _per_corruption(
    errors: pd.DataFrame, reference: Reference, clean_error: float, reference_clean_error: float
) -> pd.Series[float]:
    names = list(reference)
    means = _complete(errors, names).mean(axis="columns") - clean_error
    divisors = np.array([reference[name] for name in names], dtype=np.float64) - reference_clean_error
    if not (divisors > 0).all():
        low = ", ".join(name for name, divisor in zip(names, divisors, strict=True) if not divisor > 0)
        raise ValueError(f"the reference's errors must exceed {reference_clean_error}; they do not for {low}")
    return means / divisors


def _complete(errors: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Take the named rows and the five columns, or raise: a hole would make the mean another figure."""
    if not names:
        raise ValueError("a mean needs at least one corruption")
    if missing := [name for name in names if name not in errors.index]:
        raise ValueError(f"no errors for {', '.join(missing)}")
    if missing_columns := [severity for severity in _SEVERITIES if severity not in errors.columns]:
        raise ValueError(
            f"no column for severity {', '.join(map(str, missing_columns))}; "
            f"the columns must be the integers 1 to 5, got {list(errors.columns)}"
        )
    if not errors.index.is_unique or not errors.columns.is_unique:
        raise ValueError("a corruption or a severity stands there twice")
    table = errors.loc[list(names), list(_SEVERITIES)]
    holes = [f"{name} at severity {severity}" for name, row in table.iterrows() for severity in row[row.isna()].index]
    if holes:
        raise ValueError(f"no error for {', '.join(holes)}")
    values = table.to_numpy(dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("errors must be fractions in [0, 1], not per cent")
    return table
