"""The markers of the tests that suites have, each with what it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.suites.case import Suite
from tierbench.suites.tags import refused_tag

_TIERS = {1: "easy", 2: "hard", 3: "very hard"}


def marker_texts(suites: Sequence[Suite], corruptions: Iterable[str]) -> dict[str, str]:
    """Return marker → what it stands for.

    Args:
        suites: all suites, fetched or not.
        corruptions: names of those that the run sweeps through.
    """
    tiers = {*_TIERS} | {number for suite in suites for number in suite.tiers}
    markers = {
        f"tier{number}": f"{_TIERS.get(number, f'tier {number}')} images and their gate" for number in sorted(tiers)
    }
    markers |= {name: f"images under the corruption {name}" for name in corruptions}
    markers |= {f"severity{number}": f"corrupted images of severity {number}" for number in (1, 2, 3, 4, 5)}
    markers |= {
        "corruption": "images that a sweep derives, and their slices",
        "slice": "a suite's tier 1 under one corruption at one severity, or a slice of a data set",
        "dataset": "data sets as a whole, and their slices",
        "baseline": "the cases of the baseline are all there",
        "regression": "paired verdicts against the baseline or a reference model",
        "level": "what was reached in the baseline and must not be lost: the level, the demand on a tier",
        "absence": "images that must not show a concept, and the share of false alarms",
        "metric": "what a suite demands of a registered metric",
        "ladder": "scenes in steps of one physical parameter",
    }
    tags = sorted({tag for suite in suites for case in suite.cases for tag in case.tags})
    tags = [tag for tag in tags if tag not in markers and not refused_tag(tag)]
    return markers | {tag: f"images with the tag {tag!r}" for tag in tags}
