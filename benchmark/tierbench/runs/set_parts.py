"""The result files of a data set: Parquet parts that a killed run goes on from, and that all figures come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import remove_leftovers, replacing, write_atomically
from tierbench.common.text import error_text, one_line
from tierbench.scoring.set_scores import SetRow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

COLUMNS = ("id", "slice", "label", "group", "predicted", "confidence", "rank", "correct", "top", "error", "unscored")
# Columns that older files lack: then it is false of all of their rows.
_LATER = ("unscored",)
# Says what results were made with. For its first character, pandas and pyarrow do not read it as a part of the folder.
MADE_WITH = "_set.json"
_INSTALL = "data sets need pyarrow; run pip install 'tierbench[datasets]'"


class SetParts:
    """The folder of the result files of one set under one model.

    Args:
        folder: where the files are; it is made when there is something to write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, made_with: dict[str, Any]) -> None:
        """Make the folder, or check that what is in it was made with the same things, so that it can go on.

        Raises:
            UserError: if it was made with others, or cannot be written.
        """
        require_pyarrow()
        file = self.folder / MADE_WITH
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.folder)
            if not file.exists():
                write_atomically(file, json.dumps(made_with, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise UserError(f"{self.folder}: cannot be written: {error.strerror}") from error
        before = self.made_with()
        for name in made_with:
            if before.get(name) != made_with[name]:
                raise UserError(
                    f"{self.folder}: holds results of another run: {name} was {one_line(str(before.get(name)), 60)}, "
                    f"is {one_line(str(made_with[name]), 60)}; name an empty folder"
                )

    def made_with(self) -> dict[str, Any]:
        """Return what the results were made with.

        Raises:
            UserError: if the file that says so is missing or damaged.
        """
        file = self.folder / MADE_WITH
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"{file}: cannot be read ({error_text(error)}); name the folder of results") from error
        if not isinstance(content, dict):
            raise UserError(f"{file}: is not a JSON object; name the folder of results")
        return content

    def write(self, rows: Iterable[SetRow]) -> None:
        """Write one more part, which is there as a whole or not at all."""
        import pyarrow.parquet as parquet

        table = table_of(rows)
        number = 1 + max((int(file.stem.partition("-")[2]) for file in self.files()), default=-1)
        with replacing(self.folder / f"part-{number:06d}.parquet") as stream:
            parquet.write_table(table, stream)

    def done(self) -> set[str]:
        """Return the ids of the pictures that have a row."""
        return {str(each) for table in self._tables(["id"]) for each in table["id"].to_pylist()}

    def read(self, columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
        """Return all rows, sorted by id; columns as in `SetRow`.

        Args:
            columns: those that are wanted, `id` among them; of a large set the column `top` takes most of the memory.

        Raises:
            UserError: if a part is damaged.
        """
        import pyarrow as pa

        tables = list(self._tables(columns))
        frame: pd.DataFrame = (pa.concat_tables(tables) if tables else table_of(()).select(list(columns))).to_pandas()
        # A picture is there twice if two runs went on at once, with the same result.
        return frame.drop_duplicates("id").sort_values("id", ignore_index=True)

    def files(self) -> list[Path]:
        """Return the parts, oldest first."""
        return sorted(self.folder.glob("part-[0-9][0-9][0-9][0-9][0-9][0-9].parquet"))

    def _tables(self, columns: Sequence[str]) -> Iterable[pa.Table]:
        require_pyarrow()
        import pyarrow as pa
        import pyarrow.parquet as parquet

        for file in self.files():
            try:
                # One file, not a data set of pyarrow, which would look for others.
                table = parquet.ParquetFile(file).read(columns=list(columns))
            except Exception as error:
                # pyarrow raises several kinds of errors on damaged files.
                raise UserError(f"{file}: cannot be read ({error_text(error)}); delete it and run again") from error
            if missing := set(columns) - {*table.column_names, *_LATER}:
                raise UserError(f"{file}: has no column {', '.join(sorted(missing))}; delete it and run again")
            for name in _LATER:
                if name in columns and name not in table.column_names:
                    table = table.append_column(name, pa.array([False] * len(table), pa.bool_()))
            yield table.select(list(columns))


def table_of(rows: Iterable[SetRow]) -> pa.Table:
    """Return rows as a table, whose columns are those of `SetRow`."""
    import pyarrow as pa

    top = pa.list_(pa.struct([("label", pa.string()), ("probability", pa.float64())]))
    types = {"confidence": pa.float64(), "rank": pa.int32(), "correct": pa.bool_(), "top": top, "unscored": pa.bool_()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    records = [
        {**asdict(row), "top": [{"label": label, "probability": value} for label, value in row.top]} for row in rows
    ]
    return pa.Table.from_pylist(records, schema=schema)


def require_pyarrow() -> None:
    """Raise a `UserError` that says what to install if pyarrow is missing; it is not imported, which takes 45 ms."""
    if find_spec("pyarrow") is None:
        raise UserError(_INSTALL)
