"""Attach the result of a test to its report, and read it back: plain values that travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from tierbench.common.schema import CaseRow
from tierbench.plugin.check import Check, Judged
from tierbench.plugin.checks import KINDS
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.record import cells, row_from, to_json

# The user property that marks a report as ours.
_KIND = "robust"
# When the report of a test was made with which a worker of pytest-xdist died.
CRASHED = "???"


@dataclass(frozen=True)
class Reported:
    """The result that was attached to a report.

    Attributes:
        kind: of the test.
        model, fingerprint: of the model under test; empty where it could not be opened.
        result: of the schema; None of a case.
        key: identifies the result, besides the model.
        rows: rows of the record.
    """

    kind: str
    model: str
    fingerprint: str
    result: Any
    key: tuple[object, ...]
    rows: tuple[CaseRow, ...]


def attach(item: pytest.Item, session: BenchmarkSession, check: Check, judged: Judged) -> None:
    """Attach the outcome of a test to its reports, which go to the controller and into JUnit XML."""
    if check.kind == "case":
        values = cells(judged.rows[0])
    else:
        # Plain ones as properties of their own too, for those who read the JUnit XML.
        fields: dict[str, Any] = msgspec.to_builtins(judged.result)
        values = {name: value for name, value in fields.items() if isinstance(value, str | int | float)}
        values |= {"result": to_json(judged.result)} | ({"rows": to_json(judged.rows)} if judged.rows else {})
    attached = properties(check.kind, check.model, session.models.fingerprint(check.model), values)
    # A test that is run again, by pytest-rerunfailures for one, has those of its first try.
    names = {_KIND, "model", "fingerprint", *values}
    kept = [entry for entry in item.user_properties if entry[0] not in names]
    item.user_properties[:] = kept + attached


def properties(kind: str, model: str, fingerprint: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the user properties that mark a report as ours; empty values are left out."""
    named = {_KIND: kind, "model": model, "fingerprint": fingerprint, **values}
    return [entry for entry in named.items() if entry[1] is not None]


def reported(report: pytest.TestReport) -> Reported | None:
    """Read the report that counts for its test; return None for every other report.

    Of several tries by pytest-rerunfailures the last one counts.
    """
    values: dict[str, Any] = dict(getattr(report, "user_properties", ()))
    kind = KINDS.get(str(values.pop(_KIND, "")))
    counts = str(report.when) in ("call", CRASHED) or (report.when == "setup" and not report.passed)
    if kind is None or not counts or str(report.outcome) == "rerun":
        return None
    fingerprint = str(values.pop("fingerprint", ""))
    model = str(values["model"])
    if kind.kind == "case":
        row = replace(row_from(values), outcome=_outcome(report))
        return Reported("case", model, fingerprint, None, (), (row,))
    result = msgspec.json.decode(str(values["result"]), type=kind.result_type)
    rows = msgspec.json.decode(str(values.get("rows", "[]")), type=tuple[CaseRow, ...])
    return Reported(kind.kind, model, fingerprint, result, kind.key(result), rows)


def case_row(report: pytest.TestReport) -> CaseRow | None:
    """Return the row that a case attached to its report; None for every other report."""
    said = reported(report)
    return said.rows[0] if said is not None and said.kind == "case" else None


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "failed"
    if str(report.when) in ("setup", CRASHED) and report.failed:
        return "error"
    return str(report.outcome)
