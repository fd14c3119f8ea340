"""The text of a baseline file: reading it strictly, writing it; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from tierbench.common.errors import UserError
from tierbench.runs.diff import BASELINE_COLUMNS, COLUMN_TYPES, DECIMALS, KEY, flat

SCHEMA = 1
_FIRST = "# tierbench baseline "
# The last line tells a whole file from one that was cut, also where the cut falls between two rows.
_LAST = "# end"
_IDENTITY = re.compile(r"# ([A-Za-z0-9][A-Za-z0-9 ._-]*): (.*)")
_INTEGER = re.compile(r"[1-9][0-9]{0,8}")
_FRACTION = re.compile(r"-?[01](\.[0-9]{1,20})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIX = "restore it from version control, or delete it and write it anew with --robust-update-baseline"


@dataclass(frozen=True)
class Baseline:
    """Accepted figures of one model.

    Attributes:
        rows: `BASELINE_COLUMNS`, one row a case, sorted by suite and case; scores and margins rounded to six
            decimals; a ladder's step has no `tier`.
        identity: what made the figures, such as `fingerprint` or `torch`, name → value.
    """

    rows: pd.DataFrame
    identity: Mapping[str, str] = field(default_factory=dict)


def parse_baseline(data: bytes) -> Baseline:
    """Read a baseline from the bytes of its file.

    Raises:
        UserError: one line that says where the problem is and how to fix it.
    """
    try:
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"not a text in UTF-8 (byte {error.start}): {_FIX}") from None
    _check_ends(lines)
    body = next(place for place, line in enumerate(lines) if not line.startswith("#") or line == _LAST)
    identity: dict[str, str] = {}
    for number, line in enumerate(lines[1:body], 2):
        match = _IDENTITY.fullmatch(line)
        if match is None:
            raise _problem(number, f"{_shown(line)} is not '# name: value'")
        identity[match[1]] = match[2]
    if lines[body] != ",".join(BASELINE_COLUMNS):
        raise _problem(body + 1, f"{_shown(lines[body])} is not the header '{','.join(BASELINE_COLUMNS)}'")
    return Baseline(_parse_rows(lines[body + 1 : -1], body + 1), identity)


def _check_ends(lines: list[str]) -> None:
    first = lines[0]
    if not any(lines):
        raise UserError(f"the file is empty: {_FIX}")
    if not first.startswith(_FIRST):
        raise UserError(
            f"not a baseline: line 1 is {_shown(first)}, not '{_FIRST}{SCHEMA}'; "
            "name a file that --robust-update-baseline wrote"
        )
    schema = first.removeprefix(_FIRST)
    if schema != str(SCHEMA):
        newer = _INTEGER.fullmatch(schema) is not None and int(schema) > SCHEMA
        fix = "a newer tierbench wrote it; update tierbench" if newer else _FIX
        raise UserError(f"schema {_shown(schema)} is not {SCHEMA}, the one that this version reads: {fix}")
    if lines[-1] != _LAST:
        raise UserError(f"the file is cut: its last line is {_shown(lines[-1])}, not '{_LAST}': {_FIX}")


def _parse_rows(lines: list[str], offset: int) -> pd.DataFrame:
    """Read the rows; `offset` is how many lines of the file stand above them."""
    reader = csv.reader(lines, strict=True)
    records: dict[tuple[str, str], dict[str, object]] = {}
    try:
        for cells in reader:
            number = offset + reader.line_num
            record = _parse_row(cells, number)
            key = (cells[0], cells[1])
            if key in records:
                raise _problem(number, f"{_shown('/'.join(key))} is there twice")
            records[key] = record
    except csv.Error as error:
        raise _problem(offset + reader.line_num, str(error)) from None
    rows = pd.DataFrame(list(records.values()), columns=list(BASELINE_COLUMNS))
    return rows.astype(COLUMN_TYPES).sort_values(KEY, ignore_index=True)


def _parse_row(cells: list[str], number: int) -> dict[str, object]:
    if len(cells) != len(BASELINE_COLUMNS):
        raise _problem(number, f"{len(cells)} cells where {len(BASELINE_COLUMNS)} belong")
    row = dict(zip(BASELINE_COLUMNS, cells, strict=True))
    for name in ("suite", "case", "expected"):
        if not row[name] or row[name] != flat(row[name]):
            raise _problem(number, f"{name} {_shown(row[name])} is empty or holds white space that does not belong")
    for name, least in (("score", 0.0), ("margin", -1.0)):
        if not _FRACTION.fullmatch(row[name]) or not least <= float(row[name]) <= 1:
            raise _problem(number, f"{name} {_shown(row[name])} is not a number from {least:g} to 1")
    for name in ("tier", "rank"):
        without = name == "tier" and not row[name]
        if not without and not _INTEGER.fullmatch(row[name]):
            raise _problem(number, f"{name} {_shown(row[name])} is not a whole number of 1 or more")
    if row["passed"] not in {"True", "False"}:
        raise _problem(number, f"passed {_shown(row['passed'])} is neither True nor False")
    if not _SHA256.fullmatch(row["image_sha256"]):
        raise _problem(number, f"image_sha256 {_shown(row['image_sha256'])} is not 64 digits of 0-9, a-f")
    return {
        **row,
        "tier": int(row["tier"]) if row["tier"] else pd.NA,
        "rank": int(row["rank"]),
        "passed": row["passed"] == "True",
        "score": float(row["score"]),
        "margin": float(row["margin"]),
    }


def serialise_baseline(rows: pd.DataFrame, identity: Mapping[str, str]) -> bytes:
    """Return the bytes of a baseline file, sorted by suite and case.

    Args:
        rows: at least `BASELINE_COLUMNS`, one row a case that was scored, in any order.
        identity: what made the figures, name → value.

    Raises:
        ValueError: if they would not read again, so that no such file is ever written.
    """
    text = io.StringIO()
    text.write(f"{_FIRST}{SCHEMA}\n")
    text.writelines(f"# {name}: {flat(value)}\n" for name, value in sorted(identity.items()))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BASELINE_COLUMNS)
    names = {name: rows[name].astype("str").map(flat) for name in KEY}
    table = rows[list(BASELINE_COLUMNS)].astype(COLUMN_TYPES).assign(**names).sort_values(KEY)
    writer.writerows(_cells(row) for row in table.itertuples(index=False, name=None))
    text.write(f"{_LAST}\n")
    # A lone surrogate, which a label may hold, has no UTF-8.
    data = text.getvalue().encode("utf-8", errors="replace")
    try:
        parse_baseline(data)
    except UserError as error:
        raise ValueError(f"these rows make no baseline: {error}") from error
    return data


def _cells(row: Iterable[object]) -> list[str]:
    """Write figures with six decimals, all else on one line."""
    cells = []
    for value in row:
        if isinstance(value, float):
            # Probabilities of half precision sum to a little over 1; what is far over is a problem and stays one.
            figure = min(1.0, max(-1.0, value)) if abs(value) < 1.001 else value
            # The sum takes the sign from a zero.
            cells.append(f"{round(figure, DECIMALS) + 0.0:.{DECIMALS}f}")
        else:
            cells.append("" if value is pd.NA else flat(str(value)))
    return cells


def _problem(number: int, problem: str) -> UserError:
    return UserError(f"line {number}: {problem}: {_FIX}")


def _shown(text: str) -> str:
    """Return the text quoted, its control characters escaped, cut to a length that fits into a line."""
    return repr(text if len(text) <= 60 else text[:59] + "…")
