"""The severity at which an image, or a model, breaks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def breaking_severity(passed: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the last severity before the first miss, for each image under one corruption.

    Passes after the first miss do not count. This is the breaking point of a ladder with the severities as its steps.

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
    """Return the severity at which the pass rate has fallen to half of the clean one.

    The rate is interpolated linearly between severities, with the clean rate at severity 0; the first crossing counts.
    This is the project's own figure, modelled on the median effective dose of a dose-response curve; it cannot be
    compared with published values.

    Args:
        clean_rate: the pass rate on the uncorrupted images, a fraction.
        rates: the pass rates at severities 1, 2, …, fractions.
        share: the share of the clean rate that counts as broken, in (0, 1).

    Returns:
        A severity greater than 0 and at most the last; None if the rate stays above, and 0 if the clean rate is 0.

    Raises:
        ValueError: if there is no severity, or if a rate or the share is out of range.
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
