"""Write and read the record of a run: `scores.csv`, with a row per case as results arrive, and `run.json`."""

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
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.inert import guarded, unguarded
from tierbench.common.schema import SCHEMA, CaseRow, Run
from tierbench.common.text import one_line, printable_values
from tierbench.scoring.score_table import COLUMNS, rows_frame

if TYPE_CHECKING:
    import pandas as pd

# A cell may contain ten labels of any length.
csv.field_size_limit(2**31 - 1)

SCORES = "scores.csv"
RUN = "run.json"
REPORT = "report.html"
_OLDEST_SCHEMA = 1
# Columns that every record has; columns that were added later have a default.
_REQUIRED = ("suite", "case", "model", "tier", "expected", "predicted", "score", "passed", "outcome", "top")


def new_run_folder(reports: Path) -> Path:
    """Create `reports/<UTC time>-<short id>/`, a new folder for each run.

    Raises:
        OSError: if the folder cannot be created.
    """
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = reports / f"{time}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


class ScoresFile:
    """`scores.csv`, flushed after each row, so that a killed run keeps its rows.

    Args:
        file: the file to create; it must not exist.
        parameters: the suites' numeric columns, which follow the fixed ones.
    """

    def __init__(self, file: Path, parameters: Sequence[str] = ()) -> None:
        # File names and command line arguments may contain characters that UTF-8 cannot encode.
        self._stream = file.open("x", encoding="utf-8", errors="backslashreplace", newline="")
        self._columns = [*COLUMNS, *parameters]
        # The csv module quotes the characters of its own line end. With "\r\n" it also quotes a lone \r in a label,
        # which would end the row otherwise; the file itself gets "\n".
        self._line = io.StringIO(newline="")
        self._writer = csv.writer(self._line, lineterminator="\r\n")
        self._write(self._columns)

    def append(self, row: CaseRow) -> None:
        """Append a row; if a case is run again, its last row counts."""
        values = cells(row)
        found = ((name, values.get(name)) for name in self._columns)
        # Many cells of a row are empty.
        self._write([value if value is None or value == "" else _cell(name, value) for name, value in found])

    def _write(self, line: Sequence[Any]) -> None:
        self._line.seek(0)
        self._line.truncate()
        self._writer.writerow(line)
        self._stream.write(self._line.getvalue().removesuffix("\r\n") + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


_values = attrgetter(*COLUMNS)


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        six_digits = abs(value) >= 1 or name in ("log_margin", "twin_log_margin")
        return format(value, ".6g" if six_digits else ".6f")
    return value


def write_run(folder: Path, run: Run) -> None:
    """Write `run.json`."""
    # Command line arguments that are not valid UTF-8 are written with escapes.
    content = printable_values({"schema": SCHEMA, **msgspec.to_builtins(run)})
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    write_atomically(folder / RUN, text.decode("utf-8") + "\n")


@dataclass(frozen=True)
class RunRecord:
    """The record of a run.

    Attributes:
        folder: folder of the run.
        run: the content of `run.json`.
        rows: the rows of `scores.csv`, the last one of each case and model.
    """

    folder: Path
    run: Run
    rows: tuple[CaseRow, ...]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The rows as a table; see `rows_frame`."""
        return rows_frame(self.rows)


def read_run(folder: Path) -> RunRecord:
    """Read the record of a run, which may have been killed or may still be running.

    Raises:
        UserError: if the folder does not contain a run that this version can read.
    """
    run = read_run_json(folder)
    return RunRecord(folder, run, _read_scores(folder / SCORES))


def read_run_json(folder: Path) -> Run:
    """Read only `run.json`.

    Raises:
        UserError: if it is missing, damaged, or of a newer version.
    """
    file = folder / RUN
    try:
        # Not decoded by msgspec: it rejects lone surrogates, which version 0.1 wrote, and its error for NaN does not
        # name the field.
        content = printable_values(json.loads(file.read_bytes(), parse_constant=str))
    except FileNotFoundError:
        raise UserError(f"{shown_path(folder)}: is not a run: it has no {RUN}; name a folder in reports/") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as JSON: {one_line(str(error))}") from error
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


# The states of a paired verdict in version 0.1.
_OLD_STATES = {"no regression": "cleared", "inconclusive": "not shown"}


def run_from(content: Mapping[str, Any]) -> Run:
    """Convert the content of a `run.json` to a run; files of version 0.1 are accepted.

    Raises:
        msgspec.ValidationError: if a value is missing, of the wrong type or out of range.
    """
    comparisons = content.get("comparisons")
    for comparison in comparisons if isinstance(comparisons, list) else ():
        verdicts = comparison.get("verdicts") if isinstance(comparison, dict) else None
        for verdict in verdicts if isinstance(verdicts, list) else ():
            if isinstance(verdict, dict) and isinstance(state := verdict.get("state"), str):
                verdict["state"] = _OLD_STATES.get(state, state)
    return msgspec.convert(content, Run)


def to_json(value: Any) -> str:
    """Return a part of a run or a list of rows as JSON, as workers send it; `msgspec.json.decode` reads it."""
    return msgspec.json.encode(printable_values(msgspec.to_builtins(value))).decode("utf-8")


def cells(row: CaseRow) -> dict[str, Any]:
    """Return the plain values of a row by column; each parameter is a column, and lists of labels are JSON."""
    values: dict[str, Any] = dict(zip(COLUMNS, _values(row), strict=True))
    values["top"] = json.dumps(row.top)
    values["baseline_top"] = json.dumps(row.baseline_top) if row.baseline_top else None
    return {**values, **row.parameters}


def row_from(values: Mapping[str, Any]) -> CaseRow:
    """Return a row from the values of `cells` or of a line of `scores.csv`; empty values may be left out.

    Values of unknown columns are ignored unless they are numbers: a later version may have added the column.

    Raises:
        msgspec.ValidationError: if a value is of the wrong type or out of range.
    """
    filled = {name: value for name, value in values.items() if value is not None and value != ""}
    row = {"suite": "", "case": "", "model": ""} | {name: filled.pop(name) for name in COLUMNS if name in filled}
    row |= {name: _top(str(row.get(name, ""))) for name in ("top", "baseline_top")}
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
        # Not read by pandas: it rejects the whole file if the last row was truncated inside quotes.
        header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except FileNotFoundError:
        raise UserError(f"{shown_path(file)}: is missing; the run recorded no score") from None
    except (OSError, csv.Error) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as CSV: {one_line(str(error))}") from error
    if not text.endswith("\n"):
        lines = lines[:-1]  # The last row was truncated.
    if missing := [name for name in _REQUIRED if name not in header]:
        raise UserError(
            f"{shown_path(file)}: has no column {', '.join(missing)}; "
            "it was not written by tierbench, or by an older version: run again"
        )
    rows: dict[tuple[str, str, str], CaseRow] = {}
    for line in lines:
        values = dict(zip(header, map(unguarded, line), strict=False))
        # A truncated row has too few cells, or a list of labels without its closing bracket.
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
    """Describe the cell that an error is about: `rank 'first' of photos/cat`."""
    column = _where(error)[1].partition("[")[0]
    case = f"{one_line(values['suite'])}/{one_line(values['case'])}"
    return f"{column} {one_line(values[column], 40)!r} of {case}"


# Plain words for the names that msgspec gives to types.
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _problem(error: msgspec.ValidationError) -> str:
    """Describe in plain words what is wrong with a run: `'tiers[0].passed' is not a whole number`."""
    text, path = _where(error)
    if missing := re.fullmatch("Object missing required field `(.+)`", text):
        return f"'{path}{'.' if path else ''}{missing[1]}' is missing"
    if kind := re.match(r"Expected `(\w+)[^`]*`, got", text):
        return f"'{path}' is not {_KINDS.get(kind[1], kind[1])}"
    if length := re.match("Expected `array` of length ([0-9]+)", text):
        return f"'{path}' is not a list of {length[1]}"
    if unknown := re.match("Invalid enum value (.+)", text):
        return f"'{path}' is {one_line(unknown[1], 40)}, which is not a known value"
    return f"'{path}' is out of range"


def _where(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split an error of msgspec into its message and its path, such as `tiers[0].passed` (empty for the root)."""
    text, _, path = str(error).partition(" - at `$")
    return text, path.removesuffix("`").removeprefix(".")


def _top(text: str) -> list[Any]:
    try:
        top = json.loads(text)
    except ValueError:
        return []
    return top if isinstance(top, list) else []
