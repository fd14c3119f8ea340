"""Reads what a benchmark test hung on its report: the kind of test, its plain values, the row of a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tierbench.common.schema import CaseRow
from tierbench.plugin.fixtures import KIND
from tierbench.runs.record import row_from

# When the report of a test was made with which a worker of pytest-xdist died.
CRASHED = "???"


def case_row(report: pytest.TestReport) -> CaseRow | None:
    """Return the row that a case hung on its report; None for every other report."""
    kind, values = properties(report)
    if kind != "case":
        return None
    values.pop("fingerprint", None)
    return replace(row_from(values), outcome=_outcome(report))


def properties(report: pytest.TestReport) -> tuple[str, dict[str, Any]]:
    """Give kind and values of a report that speaks for its test; no kind for every other report.

    A try that pytest-rerunfailures repeats does not speak: the last one does.
    """
    values: dict[str, Any] = dict(getattr(report, "user_properties", ()))
    speaks = str(report.when) in ("call", CRASHED) or (report.when == "setup" and not report.passed)
    speaks = speaks and str(report.outcome) != "rerun"
    kind = str(values.pop(KIND, "")) if speaks else ""
    return kind, values


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "failed"
    if str(report.when) in ("setup", CRASHED) and report.failed:
        return "error"
    return str(report.outcome)
