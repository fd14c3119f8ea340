"""Say what a run lacks, and which known issues are none any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tierbench.common.schema import CaseRow, Rows, Run
from tierbench.common.text import one_line
from tierbench.runs.missing import missing_sentences

# Maximum number of names in a sentence; `run.json` has all.
_MOST = 20


def missing_lines(run: Run, limit: int = _MOST) -> list[str]:
    """Return a sentence for the cases, suites and data sets of each model's baseline that the run lacks."""
    return [sentence for result in run.missing for sentence in missing_sentences(result, limit)]


def issue_lines(rows: Rows, named: Callable[[str], str] = one_line) -> list[str]:
    """Return a request for each known issue that passes now, under every model of the run.

    Args:
        rows: the rows of the run.
        named: makes names and reasons harmless where the line goes.
    """
    return [
        f"known issue that passes now: {named(row.key)} ({named(row.known_issue)}); "
        "remove it from known_issue in metadata.csv"
        for row in _passing(rows)
    ]


def _passing(rows: Iterable[CaseRow]) -> Iterable[CaseRow]:
    by_case: dict[str, list[CaseRow]] = {}
    for row in rows:
        if row.known_issue and not row.corruption:
            by_case.setdefault(row.key, []).append(row)
    return [own[0] for own in by_case.values() if all(row.passed for row in own)]
