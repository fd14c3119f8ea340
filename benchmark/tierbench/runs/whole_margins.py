"""Complete the log margins of a run of a part of a suite: what is typical for a model is typical over whole suites."""

from __future__ import annotations

from collections.abc import Iterable

from tierbench.runs.baseline_format import Baseline
from tierbench.runs.margins import Margins, margins_of
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.suites.case import Suite


def whole_margins(
    judged: Margins,
    suites: Iterable[Suite],
    model: ModelUnderTest | None,
    accepted: Baseline,
    fingerprint: str,
) -> Margins:
    """Return the log margin of each case of the suites of a run, as far as it is known.

    The margins of cases that were not selected come from the predictions that are kept, or from the baseline where it
    is of the very same model.

    Args:
        judged: log margins of the cases of the run, under one model.
        suites: all suites.
        model: the model; None if it is not at hand: then no prediction is looked up.
        accepted: its baseline.
        fingerprint: of the model; empty if it has none.
    """
    margins = dict(judged)
    ran = {suite for suite, _ in margins}
    missing = [
        case for suite in suites if suite.name in ran for case in suite.cases if (suite.name, case.id) not in margins
    ]
    if missing and fingerprint and accepted.provenance.get("fingerprint") == fingerprint:
        before = margins_of(accepted.rows)
        margins |= {key: before[key] for case in missing if (key := (case.suite, case.id)) in before}
    if missing and model is not None:
        margins |= margins_of(result.row() for result in model.kept(missing))
    return margins
