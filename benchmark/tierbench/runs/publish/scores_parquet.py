"""Write the rows of a run as a Parquet file, with the columns of `scores.csv` and their types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from tierbench.common.errors import UserError
from tierbench.common.files import replacing, shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import printable
from tierbench.runs.publish.trackers import require
from tierbench.scoring.score_table import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

SCORES_PARQUET = "scores.parquet"
_TOPS = ("top", "baseline_top")


def write_scores(rows: Sequence[CaseRow], file: Path) -> None:
    """Write rows to a Parquet file, which is replaced in one step.

    Each parameter of the suites is a column of numbers; `top` and `baseline_top` are lists of `{label, probability}`;
    what a row lacks is null.

    Raises:
        UserError: one line, if pyarrow is missing or the file cannot be written.
    """
    require("pyarrow", "datasets")
    import pyarrow as pa
    import pyarrow.parquet as parquet

    parameters = list(dict.fromkeys(name for row in rows for name in row.parameters))
    names = list(dict.fromkeys(printable(name) for name in parameters))
    schema = pa.schema([*_columns(pa), *(pa.field(name, pa.float64()) for name in names)])
    table = pa.Table.from_pylist([_values(row) for row in rows], schema=schema)
    try:
        with replacing(file) as stream:
            parquet.write_table(table, stream)
    except OSError as error:
        raise UserError(f"{shown_path(file)}: cannot be written: {error.strerror or error}") from error


def _columns(pa: Any) -> list[pa.Field]:
    """Return the columns of `scores.csv` with the types of `CaseRow`."""
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    top = pa.list_(pa.struct([("label", pa.string()), ("probability", pa.float64())]))
    hints = get_type_hints(CaseRow)
    return [pa.field(name, top if name in _TOPS else kinds[_kind(hints[name])]) for name in COLUMNS]


def _kind(hint: Any) -> Any:
    """Return the type in a hint: that of `str | None` is `str`."""
    return next((each for each in get_args(hint) if each is not NoneType), hint)


def _values(row: CaseRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    values = {name: printable(value) if isinstance(value, str) else value for name, value in values.items()}
    for name in _TOPS:
        values[name] = [{"label": printable(label), "probability": share} for label, share in values[name]]
    return {**values, **{printable(name): number for name, number in row.parameters.items()}}
