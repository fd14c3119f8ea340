"""Attach the result of a test to its report, and read it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from tierbench.common.schema import LeftToMerge
from tierbench.plugin.case_properties import CaseProperties
from tierbench.plugin.check import Check, Judged
from tierbench.plugin.kinds import KINDS
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.shard_record import LEFT
from tierbench.runs.wire import KIND, Reported, from_values, to_values

# When the report of a test was made with which a worker of pytest-xdist died.
CRASHED = "???"
_PACKED = "robust-packed"
# What this process attached last to a test of a case, as values and as it was: reports of that test follow at once, and
# need not be read.
_latest: list[tuple[list[tuple[str, Any]], Reported]] = []
_TYPES = {name: kind.result_type for name, kind in KINDS.items()} | {LEFT: LeftToMerge}


def attach(item: pytest.Item, session: BenchmarkSession, check: Check, judged: Judged) -> None:
    """Attach the outcome of a test to its reports, which go to the controller and into JUnit XML."""
    fingerprint = session.models.fingerprint(check.model)
    kind = LEFT if isinstance(judged.result, LeftToMerge) else check.kind
    said = Reported(kind, check.model, fingerprint, judged.result, judged.rows)
    attached = to_values(said)
    # A test that is run again, by pytest-rerunfailures for one, has those of its first try.
    item.user_properties[:] = without_ours(item.user_properties) + attached
    _latest[:] = [(attached, said)] if judged.result is None else []


def _latest_in(properties: Sequence[tuple[str, Any]]) -> tuple[Reported, slice] | None:
    """Return what this process attached last, and its place among properties; None where they are of another test."""
    for attached, said in _latest:
        for start, entry in enumerate(properties):
            if entry is attached[0]:
                return said, slice(start, start + len(attached))
    return None


def kept_properties(properties: Sequence[tuple[str, Any]]) -> Any:
    """Return properties in the form in which they are kept when all plugins have seen them.

    Those of a test of another process, or of no case, stay as they are.
    """
    if isinstance(properties, CaseProperties) or (found := _latest_in(properties)) is None:
        return properties
    said, place = found
    return CaseProperties(said, properties[: place.start], properties[place.stop :])


def without_ours(properties: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the properties of a report that the benchmark did not attach, such as those of `record_property`."""
    said = from_values(properties, _TYPES)
    ours = {KIND, "model", "fingerprint", *(name for name, _ in to_values(said))} if said else set()
    return [entry for entry in properties if entry[0] not in ours]


def pack_attached(data: dict[str, Any]) -> None:
    """Make one text of the properties of a report that goes to another process, if some of them are ours.

    execnet writes each name and each value by itself, in Python: of a case this took twice as long as to judge it.
    """
    properties = data.get("user_properties", ())
    if any(name == KIND for name, _ in properties):
        # With the properties of others, which keep their places; what JSON does not have goes as it is.
        with suppress(TypeError):
            data["user_properties"] = [(_PACKED, json.dumps(properties))]


def unpack_attached(data: dict[str, Any]) -> None:
    """Undo `pack_attached`."""
    properties = data.get("user_properties", ())
    if len(properties) == 1 and properties[0][0] == _PACKED:
        data["user_properties"] = [tuple(each) for each in json.loads(properties[0][1])]


# Several hooks ask for the same report, one after the other.
@lru_cache(maxsize=1)
def reported(report: pytest.TestReport) -> Reported | None:
    """Read the report that counts for its test; return None for every other report.

    Of several tries by pytest-rerunfailures the last one counts.
    """
    counts = str(report.when) in ("call", CRASHED) or (report.when == "setup" and not report.passed)
    if not counts or str(report.outcome) == "rerun":
        return None
    properties = getattr(report, "user_properties", ())
    latest = _latest_in(properties)
    said = latest[0] if latest else from_values(properties, _TYPES)
    if said is not None and said.result is None:
        row, outcome = said.rows[0], _outcome(report)
        # To pytest they are skipped tests: nobody can tell, or another test reports that the model cannot predict.
        kept = report.skipped and row.outcome in ("unscored", "error")
        return said if kept or row.outcome == outcome else replace(said, rows=(replace(row, outcome=outcome),))
    return said


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "failed"
    if str(report.when) in ("setup", CRASHED) and report.failed:
        return "error"
    return str(report.outcome)
