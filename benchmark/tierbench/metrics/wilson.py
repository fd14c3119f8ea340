"""The Wilson interval of a share."""

from __future__ import annotations

import math

# The 97.5 % quantile of the standard normal distribution: two-sided 95 %.
_Z95 = 1.959963984540054


def wilson_interval(passed: float, total: float) -> tuple[float, float]:
    """Return the 95 % score interval of a pass rate, for independent images.

    Source: Wilson (1927), JASA 22, 209-212, without continuity correction.

    Args:
        passed: number of images that passed, 0 ≤ passed ≤ total; an effective number may be a fraction.
        total: number of images.

    Returns:
        Lower and upper bound, fractions in [0, 1]; (0, 1) without images.

    Raises:
        ValueError: if the counts contradict each other.
    """
    if not 0 <= passed <= total:
        raise ValueError(f"passed must lie between 0 and total, got {passed} of {total}")
    if total == 0:
        return 0.0, 1.0
    rate = passed / total
    z2 = _Z95 * _Z95 / total
    centre = (rate + z2 / 2) / (1 + z2)
    half = _Z95 * math.sqrt((rate * (1 - rate) + z2 / 4) / total) / (1 + z2)
    # If none or all passed, one bound is exactly 0 or 1; rounding must not move it.
    low = 0.0 if passed == 0 else max(0.0, centre - half)
    high = 1.0 if passed == total else min(1.0, centre + half)
    return low, high
