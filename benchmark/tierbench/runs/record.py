"""Writes and reads the record of a run: `scores.csv`, a row a case as it comes, and `run.json`."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import SCHEMA, CaseRow, Run
from tierbench.common.text import one_line, printable_values
from tierbench.scoring.results import COLUMNS, rows_frame

if TYPE_CHECKING:
    import pandas as pd

# A cell may hold ten labels of any length.
csv.field_size_limit(2**31 - 1)

SCORES = "scores.csv"
RUN = "run.json"
REPORT = "report.html"
_OLDEST_SCHEMA = 1
# Without these a table is no record of ours; a column that came later has a default.
_REQUIRED = ("suite", "case", "model", "tier", "expected", "predicted", "score", "passed", "outcome", "top")


def new_run_folder(reports: Path) -> Path:
    """Make `reports/<UTC time>-<short id>/`; no two runs ever get the same.

    Raises:
        OSError: if the folder cannot be made or written.
    """
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = reports / f"{time}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


class ScoresFile:
    """`scores.csv`, appended row by row and flushed, so that a killed run keeps what it had.

    Args:
        file: the file, which must not exist.
        parameters: the suites' numeric columns, which follow the fixed ones.
    """

    def __init__(self, file: Path, parameters: Sequence[str] = ()) -> None:
        # A text may hold what UTF-8 cannot: the name of a file, an argument of the command line.
        self._stream = file.open("x", encoding="utf-8", errors="backslashreplace", newline="")
        self._columns = [*COLUMNS, *parameters]
        self._write(self._columns)

    def append(self, row: CaseRow) -> None:
        """Add a row; of a case that was run again, the last row counts."""
        values = cells(row)
        self._write([_cell(values.get(name)) for name in self._columns])

    def _write(self, line: Sequence[Any]) -> None:
        text = io.StringIO(newline="")
        # What is part of the end of a line is quoted, else not: a bare \r in a label would end the row.
        csv.writer(text, lineterminator="\r\n").writerow(line)
        self._stream.write(text.getvalue().removesuffix("\r\n") + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(value, ".6g") if abs(value) >= 1 else format(value, ".6f")
    return value


def write_run(folder: Path, run: Run) -> None:
    """Write `run.json`."""
    # An argument of the command line may be no UTF-8: JSON can hold its escape.
    content = printable_values({"schema": SCHEMA, **msgspec.to_builtins(run)})
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    write_atomically(folder / RUN, text.decode("utf-8") + "\n")


@dataclass(frozen=True)
class RunRecord:
    """A run as it was recorded.

    Attributes:
        folder: where it is.
        run: what `run.json` holds.
        rows: `scores.csv`, the last row of each case and model.
    """

    folder: Path
    run: Run
    rows: tuple[CaseRow, ...]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The rows as a table; see `rows_frame`."""
        return rows_frame(self.rows)


def read_run(folder: Path) -> RunRecord:
    """Read a run's record, also of one that was killed or is still running.

    Raises:
        UserError: if the folder holds no run that this version can read.
    """
    run = read_run_json(folder)
    return RunRecord(folder, run, _read_scores(folder / SCORES))


def read_run_json(folder: Path) -> Run:
    """Read `run.json` alone.

    Raises:
        UserError: if it is missing, damaged, or of a newer version.
    """
    file = folder / RUN
    try:
        # Not msgspec's reader: it refuses lone surrogates, which version 0.1 wrote, and names no field of a NaN.
        content = printable_values(json.loads(file.read_bytes(), parse_constant=str))
    except FileNotFoundError:
        raise UserError(f"{shown_path(folder)}: is no run: it has no {RUN}; name a folder in reports/") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as JSON: {error}") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, int) or not isinstance(content, dict):
        raise UserError(f"{shown_path(file)}: was not written by tierbench; name a folder in reports/")
    if schema > SCHEMA:
        raise UserError(f"{shown_path(file)}: was written by a newer tierbench (schema {schema}); update tierbench")
    if schema < _OLDEST_SCHEMA:
        raise UserError(f"{shown_path(file)}: was written by an older tierbench (schema {schema}); run again")
    try:
        return run_from(content)
    except msgspec.ValidationError as error:
        raise UserError(
            f"{shown_path(file)}: is damaged: {_problem(error)}; remove the folder if you do not need it"
        ) from error


# What version 0.1 called the states of a paired verdict.
_OLD_STATES = {"no regression": "cleared", "inconclusive": "not shown"}


def run_from(content: Mapping[str, Any]) -> Run:
    """Return the run that the content of a `run.json` describes, also of one that version 0.1 wrote.

    Raises:
        msgspec.ValidationError: if something is missing, of the wrong type or out of its range.
    """
    comparisons = content.get("comparisons")
    for comparison in comparisons if isinstance(comparisons, list) else ():
        verdicts = comparison.get("verdicts") if isinstance(comparison, dict) else None
        for verdict in verdicts if isinstance(verdicts, list) else ():
            if isinstance(verdict, dict) and isinstance(state := verdict.get("state"), str):
                verdict["state"] = _OLD_STATES.get(state, state)
    return msgspec.convert(content, Run)


def to_json(value: Any) -> str:
    """Return a part of a run, or a list of rows, as JSON: workers send it so; `msgspec.json.decode` reads it."""
    return msgspec.json.encode(printable_values(msgspec.to_builtins(value))).decode("utf-8")


def cells(row: CaseRow) -> dict[str, Any]:
    """Return a row as plain str, int, float and bool, by column: the parameters as columns, `top` as JSON."""
    values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    values["top"] = json.dumps(row.top)
    return {**values, **row.parameters}


def row_from(values: Mapping[str, Any]) -> CaseRow:
    """Return the row of which `cells`, or a line of `scores.csv`, gave the values; empty ones may be left out.

    What is no number in a further column is left out: a later version may have columns that this one does not know.

    Raises:
        msgspec.ValidationError: if a value is of the wrong type or out of its range.
    """
    filled = {name: value for name, value in values.items() if value is not None and value != ""}
    row = {"suite": "", "case": "", "model": ""} | {name: filled.pop(name) for name in COLUMNS if name in filled}
    row["top"] = _top(str(row.get("top", "")))
    numbers = {name: number for name, value in filled.items() if math.isfinite(number := _number(value))}
    return msgspec.convert({**row, "parameters": numbers}, CaseRow, strict=False)


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _read_scores(file: Path) -> tuple[CaseRow, ...]:
    try:
        text = file.read_bytes().decode("utf-8", "replace")
        # Not pandas' reader: it refuses the whole file where a kill cut the last row inside of quotes.
        header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except FileNotFoundError:
        raise UserError(f"{shown_path(file)}: is missing; the run recorded no score") from None
    except (OSError, csv.Error) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as CSV: {error}") from error
    if not text.endswith("\n"):
        lines = lines[:-1]  # cut short
    if missing := [name for name in _REQUIRED if name not in header]:
        raise UserError(
            f"{shown_path(file)}: has no column {', '.join(missing)}; "
            "it was not written by tierbench, or by an older one: run again"
        )
    rows: dict[tuple[str, str, str], CaseRow] = {}
    for line in lines:
        values = dict(zip(header, line, strict=False))
        # The last cells of a row that was cut short are empty; no whole row lacks the bracket of its list of labels.
        if len(line) != len(header) or not values["top"].endswith("]"):
            continue
        try:
            row = row_from(values)
        except msgspec.ValidationError as error:
            raise UserError(
                f"{shown_path(file)}: is damaged: {_damaged_cell(error, values)}; run again, or name another run"
            ) from error
        key = (row.suite, row.case, row.model)
        rows.pop(key, None)
        rows[key] = row
    return tuple(rows.values())


def _damaged_cell(error: msgspec.ValidationError, values: Mapping[str, str]) -> str:
    """Return the cell that an error is about, and its case: `rank 'first' of photos/cat`."""
    column = _where(error)[1].partition("[")[0]
    case = f"{one_line(values['suite'])}/{one_line(values['case'])}"
    return f"{column} {one_line(values[column], 40)!r} of {case}"


# What msgspec calls the types that a record is made of.
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _problem(error: msgspec.ValidationError) -> str:
    """Return what is wrong with a run in plain words: `'tiers[0].passed' is not a whole number`."""
    text, path = _where(error)
    if missing := re.fullmatch("Object missing required field `(.+)`", text):
        return f"'{path}{'.' if path else ''}{missing[1]}' is missing"
    if kind := re.match(r"Expected `(\w+)[^`]*`, got", text):
        return f"'{path}' is not {_KINDS.get(kind[1], kind[1])}"
    if length := re.match("Expected `array` of length ([0-9]+)", text):
        return f"'{path}' is not a list of {length[1]}"
    if unknown := re.match("Invalid enum value (.+)", text):
        return f"'{path}' is {one_line(unknown[1], 40)}, which is no known value"
    return f"'{path}' is out of range"


def _where(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split an error of msgspec into what is wrong and where: `tiers[0].passed`; empty for the whole."""
    text, _, path = str(error).partition(" - at `$")
    return text, path.removesuffix("`").removeprefix(".")


def _top(text: str) -> list[Any]:
    try:
        top = json.loads(text)
    except ValueError:
        return []
    return top if isinstance(top, list) else []
