"""Summarise the slices of a sweep, and compute the published figures (mCE) of a whole sweep. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tierbench.common.schema import CaseRow, SliceResult, SweepSummary
from tierbench.scoring.figures import figures, pass_rate_bounds

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.suites.derived import SliceGate


def summarise_slice(
    suite: str,
    model: str,
    corruption: str,
    severity: int,
    rows: Iterable[CaseRow],
    clean: Iterable[CaseRow],
    gate: SliceGate,
    *,
    geometry: str = "imagenet-c",
    cropped_again: bool = False,
) -> SliceResult:
    """Summarise the rows of a slice together with those of the same images without a corruption.

    For `geometry` and `cropped_again` see `SliceResult`.
    """
    judged = [row for row in rows if row.outcome != "skipped"]
    clean_judged = [row for row in clean if row.outcome != "skipped"]
    scores = [row.score for row in judged if row.score is not None]
    passed = sum(row.passed for row in judged)
    low, high = pass_rate_bounds(judged)
    return SliceResult(
        suite=suite,
        model=model,
        corruption=corruption,
        severity=severity,
        passed=passed,
        total=len(judged),
        errors=sum(row.rank != 1 for row in judged),
        clean_passed=sum(row.passed for row in clean_judged),
        clean_errors=sum(row.rank != 1 for row in clean_judged),
        low=low,
        high=high,
        groups=len({row.group for row in judged}),
        mean_score=sum(scores) / len(scores) if scores else None,
        metrics=figures(judged),
        min_pass_rate=gate.min_pass_rate,
        max_drop=gate.max_drop,
        geometry=geometry,
        cropped_again=cropped_again,
    )


def slice_sentence(result: SliceResult) -> str:
    """Return `photos/fog+3: 2 of 4 passed (0.50, clean 1.00)`, followed by the limits of its gate, if any."""
    limits = []
    if result.min_pass_rate is not None:
        limits.append(f"at least {result.min_pass_rate:.2f} required")
    if result.max_drop is not None:
        limits.append(f"a drop of {result.max_drop:.2f} allowed")
    counts = f"{result.passed} of {result.total} passed ({result.rate:.2f}, clean {result.clean_rate:.2f})"
    return ", ".join([f"{result.key}: {counts}", *limits])


def sweep_sentence(sweep: SweepSummary) -> str:
    """Return the figures of a sweep as a sentence, or why there are none."""
    if sweep.mean_error is None:
        return f"{sweep.suite}: no mCE: it needs all 15 corruptions at all 5 severities"
    if sweep.mce is None or not sweep.is_published:
        return (
            f"{sweep.suite}: mean error {sweep.mean_error:.3f} over 15 corruptions at 5 severities "
            "(no mCE: it is defined for the geometry of ImageNet-C)"
        )
    relative = "" if sweep.relative_mce is None else f", relative mCE {sweep.relative_mce:.1f}"
    # Published figures use ImageNet's 50,000 validation images.
    return (
        f"{sweep.suite}: mCE {sweep.mce:.1f}{relative}, mean error {sweep.mean_error:.3f} "
        "(on these images: compare them between models here, not with published figures)"
    )


_GEOMETRIES = {
    "imagenet-c": "imagenet-c (shortest edge 256, central 224 × 224)",
    "whole": "whole (whole pictures, shortest edge at most 256)",
    "unchanged": "unchanged (pictures as they are, for the 32-px table)",
    "": "not recorded (version 0.1: whole pictures)",
}


def geometry_sentence(sweep: SweepSummary) -> str:
    """Return how the pictures of a sweep were fitted before the corruption, and came to the model after it."""
    text = f"geometry: {_GEOMETRIES.get(sweep.geometry, sweep.geometry)}"
    if not sweep.is_published:
        return f"{text}, then the model's own resize and crop: another protocol than ImageNet-C's"
    if sweep.input_size not in ((), (224, 224)):
        text += f", resized to the model's input of {' × '.join(map(str, sweep.input_size))}"
    return text


def error_table(slices: Iterable[SliceResult]) -> pd.DataFrame:
    """Return the error rates for the corruption metrics: one row per corruption, columns 1 to 5, fractions."""
    import pandas as pd

    errors: dict[int, dict[str, float]] = {}
    for result in slices:
        if result.total:
            errors.setdefault(result.severity, {})[result.corruption] = result.errors / result.total
    return pd.DataFrame(errors).sort_index(axis=1)


def summarise_sweep(
    suite: str, model: str, slices: Sequence[SliceResult], input_size: Sequence[int] = ()
) -> SweepSummary:
    """Summarise all slices of a suite under a model; `input_size` is that of `SweepSummary`."""
    from tierbench.corruptions import MEAN_CORRUPTIONS
    from tierbench.metrics import mean_corruption_error, mean_error, relative_mean_corruption_error

    first = slices[0]
    summary = SweepSummary(
        suite=suite,
        model=model,
        geometry=first.geometry,
        cropped_again=first.cropped_again,
        input_size=tuple(input_size),
    )
    judged = {(result.corruption, result.severity) for result in slices if result.total}
    if not all((name, severity) in judged for name in MEAN_CORRUPTIONS for severity in range(1, 6)):
        return summary
    errors = error_table(slices)
    summary = replace(summary, mean_error=mean_error(errors))
    if not summary.is_published:
        return summary
    return replace(
        summary,
        mce=mean_corruption_error(errors),
        relative_mce=relative_mean_corruption_error(errors, first.clean_errors / first.total),
    )
