"""Suites: folders of images with expectations, read and checked without torch or pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports

if TYPE_CHECKING:
    from tierbench.suites.case import Case, Ladder, MetricGate, Published, Suite, Thresholds, Tier
    from tierbench.suites.reader import find_suites, read_suite, read_suites

__all__ = [
    "Case",
    "Ladder",
    "MetricGate",
    "Published",
    "Suite",
    "Thresholds",
    "Tier",
    "find_suites",
    "read_suite",
    "read_suites",
]

_CASE, _READER = "tierbench.suites.case", "tierbench.suites.reader"

# Lazy, because every pytest session imports `suites/places.py` to find out whether it has suites.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        **dict.fromkeys(("Case", "Ladder", "MetricGate", "Published", "Suite", "Thresholds", "Tier"), _CASE),
        **dict.fromkeys(("find_suites", "read_suite", "read_suites"), _READER),
    },
)
