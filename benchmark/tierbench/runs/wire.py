"""The result of a test as plain named values, which travel between processes and stand in JUnit XML.

Texts are escaped on the way out and read back unchanged: JUnit XML is opened in viewers and spreadsheets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tierbench.common.inert import escaped, unescaped
from tierbench.common.schema import CaseRow
from tierbench.runs.record import cells, row_from, to_json

# The name of the value that says the kind of the test, and marks the values as ours.
KIND = "robust"


@dataclass(frozen=True)
class Reported:
    """The result of a test.

    Attributes:
        kind: of the test.
        model, fingerprint: of the model under test; the latter is empty where it could not be opened.
        result: of the schema; None of a case.
        rows: rows of the record.
    """

    kind: str
    model: str
    fingerprint: str
    result: Any
    rows: tuple[CaseRow, ...]


def to_values(reported: Reported) -> list[tuple[str, Any]]:
    """Return the values of a result; empty ones are left out."""
    if reported.result is None:
        values = cells(reported.rows[0])
    else:
        # Plain ones as values of their own too, for those who read the JUnit XML.
        fields: dict[str, Any] = msgspec.to_builtins(reported.result)
        values = {name: value for name, value in fields.items() if isinstance(value, str | int | float)}
        values |= {"result": to_json(reported.result)} | ({"rows": to_json(reported.rows)} if reported.rows else {})
    named = {KIND: reported.kind, "model": reported.model, "fingerprint": reported.fingerprint, **values}
    return [(name, _inert(value)) for name, value in named.items() if value is not None]


def _inert(value: Any) -> Any:
    return escaped(value) if isinstance(value, str) else value


def from_values(given: Sequence[tuple[str, Any]], types: Mapping[str, type | None]) -> Reported | None:
    """Read the values of a result; None where they are of something else.

    Args:
        given: names and values, others among them.
        types: kind of test → type of its result, None of a case.
    """
    values = dict(given)
    kind = str(values.pop(KIND, ""))
    if kind not in types:
        return None
    values = {name: unescaped(value) if isinstance(value, str) else value for name, value in values.items()}
    model, fingerprint = str(values["model"]), str(values.pop("fingerprint", ""))
    result_type = types[kind]
    if result_type is None:
        return Reported(kind, model, fingerprint, None, (row_from(values),))
    result: Any = msgspec.json.decode(str(values["result"]), type=result_type)
    rows = msgspec.json.decode(str(values.get("rows", "[]")), type=tuple[CaseRow, ...])
    return Reported(kind, model, fingerprint, result, rows)
