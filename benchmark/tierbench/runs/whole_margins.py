"""Complete the log margins of a run of a part of a suite: what is typical for a model is typical over whole suites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tierbench.common.schema import CaseRow
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.suites.case import Suite

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.runs.baseline_format import Baseline


def whole_margins(
    rows: Iterable[CaseRow],
    suites: Iterable[Suite],
    model: ModelUnderTest | None,
    accepted: Baseline,
    fingerprint: str,
) -> pd.DataFrame:
    """Return `suite`, `case` and `log_margin` of each case of the suites of a run, as far as the margin is known.

    The margins of cases that were not selected come from the predictions that are kept, or from the baseline where it
    is of the very same model.

    Args:
        rows: the rows of the run, of one model.
        suites: all suites.
        model: the model; None if it is not at hand: then no prediction is looked up.
        accepted: its baseline.
        fingerprint: of the model; empty if it has none.
    """
    import pandas as pd

    margins = {(row.suite, row.case): row.log_margin for row in rows}
    ran = {suite for suite, _ in margins}
    missing = [
        case for suite in suites if suite.name in ran for case in suite.cases if (suite.name, case.id) not in margins
    ]
    if missing and fingerprint and accepted.provenance.get("fingerprint") == fingerprint:
        columns = (accepted.rows[name] for name in ("suite", "case", "log_margin"))
        before = {(suite, case): margin for suite, case, margin in zip(*columns, strict=True)}
        margins |= {key: before[key] for case in missing if (key := (case.suite, case.id)) in before}
    if missing and model is not None:
        margins |= {(row.suite, row.case): row.log_margin for row in (result.row() for result in model.kept(missing))}
    table = [(suite, case, margin) for (suite, case), margin in margins.items()]
    return pd.DataFrame(table, columns=["suite", "case", "log_margin"]).astype({"log_margin": "float64"})
