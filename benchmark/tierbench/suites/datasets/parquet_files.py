"""The kind `parquet`: Parquet files with columns of images and classes, as the Hugging Face Hub exports them."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, is_folder
from tierbench.common.inside import open_inside
from tierbench.common.text import error_text, listed, one_line, printable
from tierbench.suites.datasets.class_folders import walk
from tierbench.suites.datasets.class_lists import class_texts, row_classes
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.lazy_samples import LazySamples
from tierbench.suites.datasets.parquet_source import ParquetSource, check_unpacked
from tierbench.suites.datasets.sample import Sample
from tierbench.suites.datasets.spec import SetSpec

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_IMAGES, _LABELS = ("image", "img"), ("label", "labels", "cls", "class")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the set: its columns, and the first row of each of its row groups; the last number is that of rows."""

    path: str
    columns: Mapping[str, str]
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Reads classes and ids, of one row group at a time, and not the images."""

    spec: SetSpec
    home: Path
    names: Sequence[str]

    def of(self, stream: pq.ParquetFile, file: _File, group: int) -> tuple[list[str], list[str]]:
        """Return the class of each row, and its id where a column has them."""
        label, name = file.columns["label"], file.columns.get("id")
        for column in filter(None, (label, name)):
            check_unpacked(stream, column, group)
        table = stream.read_row_group(group, columns=[label, name] if name else [label], use_threads=False)
        values = table[label].to_pylist()
        labels = row_classes(self.spec, label, values, self.names, one_line(file.path), file.starts[group])
        return labels, [printable(str(each)) for each in table[name].to_pylist()] if name else []

    def read(self, file: _File, group: int) -> tuple[list[str], list[str]]:
        """Open a file, and return what `of` does.

        Raises:
            UserError: if the file is not what it was.
        """
        import pyarrow.parquet as pq

        place = f"{self.spec.place}: {one_line(file.path)}"
        try:
            with open_inside(self.home, self.home / file.path) as stream:
                found = self.of(pq.ParquetFile(stream, pre_buffer=False), file, group)
        except UserError:
            raise
        except Exception as error:
            # pyarrow raises several kinds of errors on damaged files.
            raise UserError(f"{place}: cannot be read ({error_text(error)}); fetch it again") from error
        if len(found[0]) != file.starts[group + 1] - file.starts[group]:
            raise UserError(f"{place}: has changed since it was opened; run again")
        return found


class ParquetPictures(LazySamples):
    """The pictures of Parquet files, made when they are asked for; classes and ids of one row group are in memory.

    Args:
        rows: reads the classes and ids.
        files: the files.
    """

    def __init__(self, rows: _Rows, files: Sequence[_File]) -> None:
        self._rows, self._files = rows, files
        self._starts = [0, *accumulate(file.starts[-1] for file in files)]
        self._latest: tuple[tuple[int, int], tuple[list[str], list[str]]] = (-1, -1), ([], [])

    def __len__(self) -> int:
        return self._starts[-1]

    def make(self, row: int) -> Sample:
        """Return the sample in a row of the set."""
        # The last of those that begin there: files and row groups may be empty.
        number = bisect_right(self._starts, row) - 1
        file, own = self._files[number], row - self._starts[number]
        group = bisect_right(file.starts, own) - 1
        if self._latest[0] != (number, group):
            self._latest = (number, group), self._rows.read(file, group)
        labels, ids = self._latest[1]
        inside = own - file.starts[group]
        source = ParquetSource(self._rows.home, file.path, group, inside, file.columns["image"])
        return Sample(ids[inside] if ids else f"{printable(file.path)}#{own}", "", labels[inside], source)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_latest": ((-1, -1), ([], []))}


def open_parquet(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a Parquet file, or of a folder of them; a split is the beginning of their names.

    The options `image`, `label` and `id` name the columns. See `SetOpener`.
    """
    try:
        import pyarrow  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise UserError(f"{spec.place}: needs pyarrow; run pip install 'tierbench[datasets]'") from error
    spec.check_options(("image", "label", "id"))
    home, paths = _paths(spec, root)
    files: list[_File] = []
    rows: _Rows | None = None
    hashes = array("q")
    for path in paths:
        place = f"{spec.place}: {one_line(path)}"
        try:
            with open_inside(home, home / path) as stream:
                file, columns = _opened(spec, place, stream)
                own = class_texts(_class_names(file.schema_arrow, columns["label"]))
                if rows is not None and own != rows.names:
                    raise UserError(f"{place}: has other classes than {one_line(paths[0])}; name one set at a time")
                rows = _Rows(spec, home, own)
                files.append(_File(path, columns, _starts(file)))
                for group in range(file.metadata.num_row_groups):
                    hashes.extend(map(hash, rows.of(file, files[-1], group)[1]))
        except UserError:
            raise
        except Exception as error:
            # pyarrow raises several kinds of errors on damaged files.
            raise UserError(f"{place}: cannot be read ({error_text(error)}); fetch it again") from error
    pictures = ParquetPictures(rows or _Rows(spec, home, ()), files)
    _check_ids(spec, hashes, pictures)
    return DataSet(spec.name, spec.text, Layout("Parquet files"), pictures)


def _paths(spec: SetSpec, root: Path) -> tuple[Path, list[str]]:
    place = root / expanded(spec.path)
    if not is_folder(place):
        spec.refuse_split()
        return place.parent, [place.name]
    paths = [path for path in walk(spec, place) if path.endswith(".parquet")]
    # `data/test-00000-of-00002.parquet`, as the Hub names them, or `test/0.parquet`.
    chosen = [path for path in paths if not spec.split or _is_of(path, spec.split)]
    if not chosen:
        have = f"; its files: {listed(paths, 5)}" if paths else ""
        raise UserError(f"{spec.place}: has no files FILE.parquet{' of this split' if paths else ''}{have}")
    return place, chosen


def _is_of(path: str, split: str) -> bool:
    *folders, name = path.split("/")
    return split in folders or name == f"{split}.parquet" or name.startswith(f"{split}-")


def _opened(spec: SetSpec, place: str, stream: Any) -> tuple[pq.ParquetFile, dict[str, str]]:
    """Open a file and choose its columns."""
    import pyarrow.parquet as pq

    size = stream.seek(0, 2)
    stream.seek(0)
    file = pq.ParquetFile(stream, pre_buffer=False)
    if file.metadata.num_rows > size:
        raise UserError(f"{place}: claims {file.metadata.num_rows:,} pictures in {size:,} bytes; fetch it again")
    schema = file.schema_arrow
    images = [field.name for field in schema if _is_image(field.type)]
    classes = [name for name, feature in _features(schema).items() if feature.get("_type") == "ClassLabel"]
    columns = {
        "image": _column(place, schema, spec.options.get("image"), "image", _IMAGES, images),
        "label": _column(place, schema, spec.options.get("label"), "label", _LABELS, classes),
    }
    if name := spec.options.get("id"):
        columns["id"] = _column(place, schema, name, "id", (), ())
    if columns["image"] not in images:
        raise UserError(
            f"{place}: column {columns['image']!r} has {schema.field(columns['image']).type}, not images; "
            "choose another with ?image=COLUMN"
        )
    return file, columns


def _column(
    place: str, schema: pa.Schema, name: str | None, option: str, usual: Sequence[str], fitting: Sequence[str]
) -> str:
    """Return the column that the user named; else the first of the usual ones, or the only one that fits."""
    choices = [name] if name is not None else [each for each in usual if each in schema.names]
    if name is None and not choices and len(fitting) == 1:
        choices = list(fitting)
    if choices and choices[0] in schema.names:
        return choices[0]
    what = f"no column {one_line(choices[0])!r}" if choices else f"no column named {' or '.join(usual)}"
    raise UserError(f"{place}: has {what}; its columns: {listed(schema.names, 20)}; choose with ?{option}=COLUMN")


def _is_image(kind: pa.DataType) -> bool:
    from pyarrow import types

    def is_bytes(each: pa.DataType) -> bool:
        return bool(types.is_binary(each) or types.is_large_binary(each) or types.is_binary_view(each))

    if types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and is_bytes(kind.field(index).type)
    return is_bytes(kind)


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Return what the Hub's libraries note of the columns; empty if they wrote nothing that can be read."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {str(name): feature for name, feature in features.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _class_names(schema: pa.Schema, column: str) -> list[str]:
    names = _features(schema).get(column, {}).get("names")
    return list(map(str, names)) if isinstance(names, list) else []


def _starts(file: pq.ParquetFile) -> tuple[int, ...]:
    sizes = (file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups))
    return 0, *accumulate(sizes)


def _check_ids(spec: SetSpec, hashes: array[int], pictures: ParquetPictures) -> None:
    """Raise a `UserError` if an id is there twice; hashes find out first, because all ids would not fit into memory."""
    import numpy as np

    ordered = np.sort(np.frombuffer(hashes, dtype=np.int64))
    twice = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    seen: set[str] = set()
    for name in (each.id for each in pictures if twice and hash(each.id) in twice):
        if name in seen:
            raise UserError(f"{spec.place}: the id {one_line(name, 60)!r} is there twice; leave out ?id=")
        seen.add(name)
