"""Writes and reads the record of a run: `scores.csv`, a row a case as it comes, and `run.json`."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.text import one_line, printable
from tierbench.scoring.results import COLUMNS, INTEGERS, NUMBERS

if TYPE_CHECKING:
    import pandas as pd

# A cell may hold ten labels of any length.
csv.field_size_limit(2**31 - 1)

SCORES = "scores.csv"
RUN = "run.json"
REPORT = "report.html"
# Raised when a reader of an older version would misunderstand the record.
SCHEMA = 1


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
        self._writer = csv.DictWriter(self._stream, [*COLUMNS, *parameters], extrasaction="ignore", lineterminator="\n")
        self._writer.writeheader()
        self._stream.flush()

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; of a case that was run again, the last row counts."""
        self._writer.writerow({name: _cell(value) for name, value in row.items()})
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


def write_run(folder: Path, content: Mapping[str, Any]) -> None:
    """Write `run.json`."""
    text = json.dumps({"schema": SCHEMA, **content}, indent=1, ensure_ascii=False)
    # An argument of the command line may be no UTF-8; its escape is valid JSON.
    write_atomically(folder / RUN, printable(text) + "\n")


@dataclass(frozen=True)
class RunRecord:
    """A run as it was recorded.

    Attributes:
        folder: where it is.
        content: what `run.json` holds.
        scores: `scores.csv`, the last row of each case and model; `top` as lists.
    """

    folder: Path
    content: dict[str, Any]
    scores: pd.DataFrame


def read_run(folder: Path) -> RunRecord:
    """Read a run's record, also of one that was killed or is still running.

    Raises:
        UserError: if the folder holds no run that this version can read.
    """
    content = read_run_json(folder)
    return RunRecord(folder, content, _read_scores(folder / SCORES))


def read_run_json(folder: Path) -> dict[str, Any]:
    """Read `run.json` alone.

    Raises:
        UserError: if it is missing, broken, or of a newer version.
    """
    file = folder / RUN
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown_path(folder)}: is no run: it has no {RUN}; name a folder in reports/") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as JSON: {error}") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, int) or not isinstance(content, dict):
        raise UserError(f"{shown_path(file)}: was not written by tierbench; name a folder in reports/")
    if schema > SCHEMA:
        raise UserError(f"{shown_path(file)}: was written by a newer tierbench (schema {schema}); update tierbench")
    if schema < SCHEMA:
        raise UserError(f"{shown_path(file)}: was written by an older tierbench (schema {schema}); run again")
    return content


def _read_scores(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        text = file.read_bytes().decode("utf-8", "replace")
        # Not pandas' reader: it refuses the whole file where a kill cut the last row inside of quotes.
        header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except FileNotFoundError:
        raise UserError(f"{shown_path(file)}: is missing; the run recorded no score") from None
    except (OSError, csv.Error) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as CSV: {error}") from error
    if not text.endswith("\n"):
        rows = rows[:-1]  # cut short
    whole = [row for row in rows if len(row) == len(header)]
    # Text first: what no row fills in must not decide the type of its column.
    frame = pd.DataFrame(whole, columns=header, dtype=str)
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise UserError(
            f"{shown_path(file)}: has no column {', '.join(missing)}; "
            "it was not written by tierbench, or by an older one: run again"
        )
    # The last cells of a row that was cut short are empty; no whole row has an empty list of labels' bracket.
    frame = frame[frame["top"].str.endswith("]")]
    frame = frame.drop_duplicates(["suite", "case", "model"], keep="last").reset_index(drop=True)
    if fault := _damage(frame):
        raise UserError(f"{shown_path(file)}: is damaged: {fault}; run again, or name another run")
    for name in frame.columns:
        if name in INTEGERS:
            frame[name] = pd.to_numeric(frame[name], errors="coerce").astype("Int64")
        elif name in NUMBERS or name not in COLUMNS:
            frame[name] = pd.to_numeric(frame[name], errors="coerce").astype("float64")
    frame["passed"] = frame["passed"] == "true"
    frame["top"] = frame["top"].map(_top)
    return frame


# The ranges of the columns of numbers; probabilities of half precision sum to a little over 1.
_RANGES = {
    **dict.fromkeys(INTEGERS, (0, 10**9)),
    **dict.fromkeys(NUMBERS, (-0.001, 1.001)),
    **dict.fromkeys(("margin", "min_margin"), (-1.001, 1.001)),
}


def _damage(frame: pd.DataFrame) -> str:
    """Name the first cell that no run writes; empty where there is none."""
    import pandas as pd

    for name, (low, high) in _RANGES.items():
        filled = frame[frame[name] != ""]
        values = pd.to_numeric(filled[name], errors="coerce")
        good = values.between(low, high) & ((values % 1 == 0) if name in INTEGERS else True)
        if not good.all():
            row = filled[~good].iloc[0]
            return f"{name} {one_line(row[name], 40)!r} of {one_line(row['suite'])}/{one_line(row['case'])}"
    return ""


def _top(text: str) -> list[list[Any]]:
    try:
        top = json.loads(text)
    except ValueError:
        return []
    return top if isinstance(top, list) else []
