"""Attach the result of a test to its report, and read it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
import pytest

from tierbench.common.schema import CaseRow, LeftToMerge
from tierbench.plugin.case_properties import CaseProperties
from tierbench.plugin.check import Check, Judged
from tierbench.plugin.checks import CaseCheck
from tierbench.plugin.kinds import KINDS
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.shard_record import LEFT
from tierbench.runs.wire import KIND, Reported, from_values, to_values

# When the report of a test was made with which a worker of pytest-xdist died.
CRASHED = "???"
_PACKED, SENT = "robust-packed", "robust-said"
# Of a serialised TestReport; `unpack` makes tuples of what pytest has as tuples.
_PLAIN = frozenset(
    ("nodeid", "location", "keywords", "outcome", "when", "sections", "duration", "start", "stop", "user_properties")
)
# What this process attached last to a test of a case, as values and as it was: reports of that test follow at once, and
# need not be read.
_latest: list[tuple[list[tuple[str, Any]], Reported]] = []
_SENT_ROW = msgspec.json.Decoder(tuple[str, str, CaseRow])
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
    if isinstance(properties, CaseProperties):
        return None
    for attached, said in _latest:
        for start, entry in enumerate(properties):
            if entry is attached[0]:
                return said, slice(start, start + len(attached))
    return None


def kept_properties(properties: Sequence[tuple[str, Any]]) -> Any:
    """Return properties in the form in which they are kept when all plugins have seen them.

    Those of a test of another process, or of no case, stay as they are.
    """
    if (found := _latest_in(properties)) is None:
        return properties
    said, place = found
    return CaseProperties(said, properties[: place.start], properties[place.stop :])


def without_ours(properties: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the properties of a report that the benchmark did not attach, such as those of `record_property`."""
    said = from_values(properties, _TYPES)
    ours = {KIND, "model", "fingerprint", *(name for name, _ in to_values(said))} if said else set()
    return [entry for entry in properties if entry[0] not in ours]


def pack(report: object, data: dict[str, Any]) -> None:
    """Make one text of what is plain in a report of a test that goes to another process.

    execnet writes each name and each value by itself, in Python: of a case this took several times as long as to
    judge it. What JSON does not have goes as it is: the text of a failure, and what plugins added to the report. What
    was attached to the test of a case goes as its row, from which the properties are made where they are read.
    """
    if not isinstance(report, pytest.TestReport) or not data.keys() >= _PLAIN:
        return
    if latest := _latest_in(report.user_properties):
        said, place = latest
        # A lone surrogate is not UTF-8; the properties have it escaped.
        with suppress(UnicodeEncodeError):
            data[SENT] = place.start, msgspec.json.encode((said.model, said.fingerprint, *said.rows)).decode()
            data["user_properties"] = [*report.user_properties[: place.start], *report.user_properties[place.stop :]]
    with suppress(TypeError):
        data[_PACKED] = json.dumps({name: data[name] for name in _PLAIN})
        for name in _PLAIN:
            del data[name]


def unpack(data: dict[str, Any]) -> None:
    """Undo `pack`, but for what was attached; see `take_sent`."""
    if packed := data.pop(_PACKED, None):
        data |= json.loads(packed)
        data["location"] = tuple(data["location"])
        for name in ("sections", "user_properties"):
            data[name] = [tuple(entry) for entry in data[name]]


def take_sent(sent: tuple[int, str], report: pytest.TestReport) -> None:
    """Put into a report what `pack` sent of the test of a case."""
    start, text = sent
    model, fingerprint, row = _SENT_ROW.decode(text)
    said = Reported(CaseCheck.kind, model, fingerprint, None, (row,))
    others = report.user_properties
    report.user_properties = CaseProperties(said, others[:start], others[start:])  # type: ignore[assignment] # read only


# Several hooks ask for the same report, one after the other.
@lru_cache(maxsize=1)
def reported(report: pytest.TestReport) -> Reported | None:
    """Read the report that counts for its test; return None for every other report.

    Of several tries by pytest-rerunfailures the last one counts.
    """
    if not _counts(report):
        return None
    properties = getattr(report, "user_properties", ())
    if isinstance(properties, CaseProperties):
        said: Reported | None = properties.said
    else:
        latest = _latest_in(properties)
        said = latest[0] if latest else from_values(properties, _TYPES)
    if said is not None and said.result is None:
        row, outcome = said.rows[0], _outcome(report)
        # To pytest they are skipped tests: nobody can tell, or another test reports that the model cannot predict.
        kept = report.skipped and row.outcome in ("unscored", "error")
        return said if kept or row.outcome == outcome else replace(said, rows=(replace(row, outcome=outcome),))
    return said


def _counts(report: pytest.TestReport) -> bool:
    counts = str(report.when) in ("call", CRASHED) or (report.when == "setup" and not report.passed)
    return counts and str(report.outcome) != "rerun"


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "failed"
    if str(report.when) in ("setup", CRASHED) and report.failed:
        return "error"
    return str(report.outcome)
