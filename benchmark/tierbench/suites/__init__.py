"""Suites: folders of images with expectations, read and checked without torch or pandas."""

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
