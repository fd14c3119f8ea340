"""The result files of a data set: Parquet parts that a killed run goes on from, and that all figures come from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import open_regular, read_text, remove_leftovers, replacing, shown_path, write_atomically
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
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_INSTALL = "data sets need pyarrow; run pip install 'tierbench[datasets]'"


class StopWhen(msgspec.Struct):
    """What a run that could stop early noted; see `SetSelection.noted`."""

    gates: dict[str, Share]
    sizes: dict[str, Count]
    alpha: Annotated[float, msgspec.Meta(gt=0, lt=1)]


class MadeWith(msgspec.Struct):
    """What figures need of the file beside the parts; see `set_run.made_with`. Other keys are for people."""

    set: str
    model: str
    spec: str = ""
    digest: str = ""
    title: str = ""
    figure: str = ""
    clean: str = ""
    protocol: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    size: Count = 0
    chance: Share = 0.0
    pictures: Count = 0
    sample: Count = 0
    seed: Count = 0
    shard: tuple[Count, Count] | None = None
    stop_when: StopWhen | None = None


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
            # Under the lock, or a part that another run is writing would be taken for a leftover.
            with file_lock(file):
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
            content: dict[str, Any] = json.loads(read_text(file), parse_constant=str)
            msgspec.convert(content, MadeWith)
        except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
            raise UserError(
                f"{shown_path(file)}: cannot be read ({error_text(error)}); restore the file, or run again"
            ) from error
        return content

    def write(self, rows: Iterable[SetRow]) -> None:
        """Write one more part, which is there as a whole or not at all; it never replaces that of another run."""
        import pyarrow.parquet as parquet

        table = table_of(rows)
        with file_lock(self.folder / MADE_WITH):
            number = 1 + max((int(file.stem.partition("-")[2]) for file in self.files()), default=-1)
            with replacing(self.folder / f"part-{number:06d}.parquet") as stream:
                parquet.write_table(table, stream)

    def done(self, among: Collection[str] | None = None) -> set[str]:
        """Return the ids of the pictures that have a row.

        Args:
            among: those that are asked about; None: all, of a set whose ids fit into memory.
        """
        tables = self._tables(["id"])
        if among is not None:
            import pyarrow as pa
            import pyarrow.compute as compute

            wanted = pa.array(among, pa.string())
            tables = (table.filter(compute.is_in(table["id"], wanted)) for table in tables)
        return {str(each) for table in tables for each in table["id"].to_pylist()}

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
        import pyarrow.parquet as parquet

        for file in self.files():
            try:
                with open_regular(file) as stream:
                    # One file, not a data set of pyarrow, which would look for others.
                    table = checked(parquet.ParquetFile(stream).read(columns=list(columns)), columns)
            except Exception as error:
                # pyarrow raises several kinds of errors on damaged files.
                raise UserError(
                    f"{shown_path(file)}: cannot be read ({error_text(error)}); delete it and run again"
                ) from error
            yield table


def checked(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return the columns of a table that was read, in the types that they are written in.

    Raises:
        ValueError: if one is missing, has other values than those of a `SetRow`, or lacks some.
    """
    import pyarrow as pa
    from pyarrow import compute

    if missing := set(columns) - {*table.column_names, *_LATER}:
        raise ValueError(f"no column {', '.join(sorted(missing))}")
    for name in _LATER:
        if name in columns and name not in table.column_names:
            table = table.append_column(name, pa.array([False] * len(table), pa.bool_()))
    table = table.select(list(columns)).cast(_schema(columns))
    for name in columns:
        # The rank alone may be unknown: of a picture that is surely wrong, by an answer that gives few labels.
        if name != "rank" and table[name].null_count:
            raise ValueError(f"column {name} has empty cells")
    if "confidence" in columns and not compute.all(compute.is_finite(table["confidence"])).as_py() and len(table):
        raise ValueError("column confidence has values that are no numbers")
    return table


def table_of(rows: Iterable[SetRow]) -> pa.Table:
    """Return rows as a table, whose columns are those of `SetRow`."""
    import pyarrow as pa

    records = [
        {**asdict(row), "top": [{"label": label, "probability": value} for label, value in row.top]} for row in rows
    ]
    return pa.Table.from_pylist(records, schema=_schema(COLUMNS))


def _schema(columns: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    top = pa.list_(pa.struct([("label", pa.string()), ("probability", pa.float64())]))
    types = {"confidence": pa.float64(), "rank": pa.int32(), "correct": pa.bool_(), "top": top, "unscored": pa.bool_()}
    return pa.schema([(name, types.get(name, pa.string())) for name in columns])


def require_pyarrow() -> None:
    """Raise a `UserError` that says what to install if pyarrow is missing; it is not imported, which takes 45 ms."""
    if find_spec("pyarrow") is None:
        raise UserError(_INSTALL)
