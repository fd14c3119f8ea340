"""Parse the text of a baseline file strictly, and serialise it. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.inert import guarded, unguarded
from tierbench.common.schema import CaseRow, Share
from tierbench.common.text import flat, one_line
from tierbench.runs.acceptance_history import History, history_lines, take_history
from tierbench.runs.diff import DECIMALS

# Version 0.1 wrote 1, without the optional columns.
SCHEMA = 2
_FIRST = "# tierbench baseline "
BASELINE_COLUMNS = (
    "suite",
    "case",
    "tier",
    "expected",
    "score",
    "rank",
    "margin",
    "predicted",
    "passed",
    "image_sha256",
)
# With those that baselines of version 0.1 lack, in the order of the file.
ALL_BASELINE_COLUMNS = (*BASELINE_COLUMNS, "group", "log_margin", "top", "twin_log_margin", "seen")
# Number of labels that are kept of a prediction.
TOP = 3
# The last line marks the file as complete: without it, a file truncated between two rows would look whole.
_LAST = "# end"
_IDENTITY = re.compile(r"# ([A-Za-z0-9][A-Za-z0-9 ._-]*): (.*)")
_INTEGER = re.compile(r"[1-9][0-9]{0,8}")
_FRACTION = re.compile(r"-?[01](\.[0-9]{1,20})?")
# Six significant digits, of a number that float32 probabilities can express.
_LOG_MARGIN = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?(e-[0-9]{1,3})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TOP_DECODER = msgspec.json.Decoder(tuple[tuple[str, Share], ...])
_MAY_BE_EMPTY = ("log_margin", "twin_log_margin", "seen")
_HEADERS = (ALL_BASELINE_COLUMNS, BASELINE_COLUMNS)
_FIX = "restore it from version control, or delete it and create it again with --robust-update-baseline"


@dataclass(frozen=True)
class Baseline:
    """The accepted figures of one model.

    Attributes:
        rows: one row per case with the fields of `ALL_BASELINE_COLUMNS`, sorted by suite and case. Those of a file are
            rounded: scores and margins to six decimals, log margins to six digits. The step of a ladder has no `tier`.
        provenance: what produced the figures, such as `fingerprint` or `torch`, name → value.
        history: who accepted them, and when; empty in older files.
    """

    rows: tuple[CaseRow, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    history: History = field(default_factory=dict)


def parse_baseline(data: bytes) -> Baseline:
    """Read a baseline from the bytes of its file.

    Raises:
        UserError: one line with the place of the problem and how to fix it.
    """
    try:
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text (byte {error.start}): {_FIX}") from None
    _check_ends(lines)
    body = next(place for place, line in enumerate(lines) if not line.startswith("#") or line == _LAST)
    provenance: dict[str, str] = {}
    for number, line in enumerate(lines[1:body], 2):
        match = _IDENTITY.fullmatch(line)
        if match is None:
            raise _problem(number, f"{_shown(line)} is not '# name: value'")
        provenance[match[1]] = match[2]
    try:
        history = take_history(provenance)
    except ValueError as error:
        raise UserError(f"{error}: {_FIX}") from None
    columns = next((known for known in _HEADERS if lines[body] == ",".join(known)), None)
    if columns is None:
        raise _problem(body + 1, f"{_shown(lines[body])} is not the header '{','.join(ALL_BASELINE_COLUMNS)}'")
    return Baseline(_parse_rows(lines[body + 1 : -1], columns, body + 1), provenance, history)


def _check_ends(lines: list[str]) -> None:
    first = lines[0]
    if not any(lines):
        raise UserError(f"the file is empty: {_FIX}")
    if not first.startswith(_FIRST):
        raise UserError(
            f"not a baseline: line 1 is {_shown(first)}, not '{_FIRST}{SCHEMA}'; "
            "choose a file that --robust-update-baseline wrote"
        )
    schema = first.removeprefix(_FIRST)
    number = int(schema) if _INTEGER.fullmatch(schema) else 0
    if not 1 <= number <= SCHEMA:
        fix = "a newer tierbench wrote it; update tierbench" if number > SCHEMA else _FIX
        raise UserError(f"schema {_shown(schema)} is not 1 or {SCHEMA}, which this version reads: {fix}")
    if lines[-1] != _LAST:
        raise UserError(f"the file is truncated: its last line is {_shown(lines[-1])}, not '{_LAST}': {_FIX}")


def _parse_rows(lines: list[str], columns: Sequence[str], offset: int) -> tuple[CaseRow, ...]:
    """Parse the rows; `offset` is the number of lines above them in the file."""
    reader = csv.reader(lines, strict=True)
    rows: dict[tuple[str, str], CaseRow] = {}
    try:
        for cells in reader:
            number = offset + reader.line_num
            row = _parse_row([unguarded(cell) if cell[:1] == "'" else cell for cell in cells], columns, number)
            if (row.suite, row.case) in rows:
                raise _problem(number, f"{_shown(row.key)} appears twice")
            rows[row.suite, row.case] = row
    except csv.Error as error:
        raise _problem(offset + reader.line_num, str(error)) from None
    return tuple(rows[key] for key in sorted(rows))


def _parse_row(cells: list[str], columns: Sequence[str], number: int) -> CaseRow:
    if len(cells) != len(columns):
        raise _problem(number, f"expected {len(columns)} cells, found {len(cells)}")
    row = dict(zip(columns, cells, strict=True))
    for name in ("suite", "case", "expected"):
        if not row[name] or row[name] != flat(row[name]):
            raise _problem(number, f"{name} {_shown(row[name])} is empty or contains stray white space")
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
    for name in ("log_margin", "twin_log_margin"):
        if row.get(name) and not _LOG_MARGIN.fullmatch(row[name]):
            raise _problem(
                number, f"{name} {_shown(row[name])} is not a number with up to three digits before the point"
            )
    if row.get("seen") and (not _FRACTION.fullmatch(row["seen"]) or not 0 <= float(row["seen"]) <= 1):
        raise _problem(number, f"seen {_shown(row['seen'])} is not a number from 0 to 1")
    optional: dict[str, Any] = {name: float(row[name]) if row[name] else None for name in _MAY_BE_EMPTY if name in row}
    if "top" in row:
        optional["top"] = _parse_top(row["top"], number)
    return CaseRow(
        # Texts that are the same in most rows are kept once.
        suite=intern(row["suite"]),
        case=row["case"],
        model="",
        tier=int(row["tier"]) if row["tier"] else None,
        expected=intern(row["expected"]),
        score=float(row["score"]),
        rank=int(row["rank"]),
        margin=float(row["margin"]),
        predicted=intern(row["predicted"]),
        passed=row["passed"] == "True",
        image_sha256=row["image_sha256"],
        group=row.get("group", ""),
        **optional,
    )


def _parse_top(text: str, number: int) -> tuple[tuple[str, float], ...]:
    try:
        top = _TOP_DECODER.decode(text or "[]")
    except msgspec.MsgspecError:
        raise _problem(number, f"top {_shown(text)} is not a list of labels with their probabilities") from None
    return tuple((intern(label), probability) for label, probability in top)


def serialise_baseline(rows: Iterable[CaseRow], provenance: Mapping[str, str], history: History | None = None) -> bytes:
    """Return the bytes of a baseline file, sorted by suite and case.

    Args:
        rows: one row per scored case, in any order; of `top`, three labels are kept.
        provenance: what produced the figures, name → value.
        history: who accepted them, and when.

    Raises:
        ValueError: if the result could not be parsed again; an invalid file is never written.
    """
    text = io.StringIO()
    text.write(f"{_FIRST}{SCHEMA}\n")
    text.writelines(f"# {name}: {flat(value)}\n" for name, value in sorted(provenance.items()))
    text.writelines(f"# {name}: {value}\n" for name, value in history_lines(history or {}).items())
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ALL_BASELINE_COLUMNS)
    writer.writerows(map(baseline_cells, sorted(rows, key=lambda row: (flat(row.suite), flat(row.case)))))
    text.write(f"{_LAST}\n")
    # A label may contain a lone surrogate, which UTF-8 cannot encode.
    data = text.getvalue().encode("utf-8", errors="replace")
    try:
        parse_baseline(data)
    except UserError as error:
        raise ValueError(f"these rows are not a valid baseline: {error}") from error
    return data


def baseline_cells(row: CaseRow) -> list[str]:
    """Return the cells of a row in the order of `ALL_BASELINE_COLUMNS`."""
    return [_cell(name, getattr(row, name)) for name in ALL_BASELINE_COLUMNS]


def _cell(name: str, value: object) -> str:
    """Return a cell: figures with six decimals, log margins with six digits, texts on one line."""
    if name == "top":
        return _top(value)
    if isinstance(value, float):
        if name in _MAY_BE_EMPTY:
            return f"{value + 0.0:.6g}"
        # Half-precision probabilities can add up to slightly more than 1. Larger values are errors and are kept.
        figure = min(1.0, max(-1.0, value)) if abs(value) < 1.001 else value
        # Adding 0.0 turns -0.0 into 0.0.
        return f"{round(figure, DECIMALS) + 0.0:.{DECIMALS}f}"
    return "" if value is None else guarded(flat(str(value)))


def _top(value: object) -> str:
    """Return the most probable labels as JSON; four decimals do, because nothing is computed from them."""
    entries = list(value)[:TOP] if isinstance(value, list | tuple) else []
    return flat(json.dumps([[label, round(probability, 4)] for label, probability in entries], ensure_ascii=False))


def _problem(number: int, problem: str) -> UserError:
    return UserError(f"line {number}: {problem}: {_FIX}")


def _shown(text: str) -> str:
    """Return the text quoted, with control characters escaped, shortened to fit on a line."""
    return one_line(repr(text if len(text) <= 60 else text[:59] + "…"))
