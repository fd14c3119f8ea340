"""Scale log margins by what is typical for their model, so that its temperature does not matter. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median

from tierbench.common.schema import CaseRow
from tierbench.runs.regression import bounded_margin
from tierbench.suites.derived import clean_id

# A model's typical margin is that over a suite, never over a selection. A picture may have had an error.
_ENOUGH = 0.9

# Suite and case → log margin, None where it is not known.
Margins = Mapping[tuple[str, str], float | None]


def margins_of(rows: Iterable[CaseRow]) -> dict[tuple[str, str], float | None]:
    """Return the log margins of rows of one model."""
    return {(row.suite, row.case): row.log_margin for row in rows}


def margin_scales(margins: Margins, whole: Margins | None = None) -> dict[str, float]:
    """Return the median absolute log margin of a model over the clean cases of each suite.

    Args:
        margins: of the model.
        whole: those of all cases of a suite; a suite of which `margins` have less than nine tenths has no scale.

    Returns:
        Suite → scale, without the suites whose margins are not known or mostly zero.
    """
    known = _by_suite(margins)
    expected = Counter({suite: len(own) for suite, own in _by_suite(margins if whole is None else whole).items()})
    scales = {suite: median(own) for suite, own in known.items() if len(own) >= _ENOUGH * expected[suite]}
    return {suite: scale for suite, scale in sorted(scales.items()) if scale > 0}


def scaled_margin(margin: float | None, scale: float | None) -> float | None:
    """Return a log margin in typical margins, cut to `MARGIN_BOUND` on both sides; None where one is not known."""
    return None if margin is None or scale is None else bounded_margin(margin / scale)


def margins_note(baseline: Margins, run: Margins) -> str:
    """Return why falls of margins are not judged, in one line; empty if they are."""
    suites = {suite for suite, _ in baseline} & {suite for suite, _ in run}
    before, now = margin_scales(baseline).keys() & suites, margin_scales(run, baseline).keys()
    if suites and not before:
        return "falls of margins are not judged: the baseline has no log_margin; --robust-update-baseline records it"
    return (
        ""
        if before <= now
        else "falls of margins are judged only in suites whose margins are all known; run them whole once"
    )


def _by_suite(margins: Margins) -> dict[str, list[float]]:
    """Return the absolute margins that are known, by suite, without those of corrupted images."""
    found: dict[str, list[float]] = {}
    for (suite, case), margin in margins.items():
        if margin is not None and clean_id(case) == case:
            found.setdefault(suite, []).append(abs(margin))
    return found
