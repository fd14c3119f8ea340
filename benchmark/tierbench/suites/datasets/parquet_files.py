"""The kind `parquet`: Parquet files with columns of images and classes, as the Hugging Face Hub exports them."""

from __future__ import annotations

import errno
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
from tierbench.suites.datasets.sample import FileSource, Sample
from tierbench.suites.datasets.spec import SetSpec
from tierbench.suites.file_names import file_name_problem

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Writers keep row groups below 1 GB.
_MOST_UNPACKED = 2 << 30
_IMAGES, _LABELS = ("image", "img"), ("label", "labels", "cls", "class")


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """A picture in a Parquet file.

    Attributes:
        home: the folder of the files, which no link may leave.
        path: of the file inside it.
        group: the row group.
        row: in the row group.
        column: of the images.
    """

    home: Path
    path: str
    group: int
    row: int
    column: str

    def read(self) -> bytes:
        """Return the content of the image file."""
        try:
            changed = (self.home / self.path).stat().st_mtime_ns
            value = _images(self.home, self.path, self.group, self.column, changed)[self.row].as_py()
        except OSError:
            raise
        except Exception as error:
            # pyarrow raises several kinds of errors on damaged files.
            raise OSError(f"{self.path} is damaged: {error_text(error)}") from error
        return image_bytes(value, self.home)


def image_bytes(value: Any, home: Path) -> bytes:
    """Return the content of an image as tables keep it: its bytes, or these or a path in a structure.

    Args:
        value: of the row.
        home: the folder that a path is relative to, and may not leave.

    Raises:
        OSError: if there is none.
    """
    if isinstance(value, Mapping):
        path, value = value.get("path"), value.get("bytes")
        if value is None and isinstance(path, str) and path:
            if problem := file_name_problem(path):
                raise OSError(problem)
            return FileSource(home, path).read()
    if not isinstance(value, bytes):
        raise OSError("the row has no image")
    return value


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the set: where its row groups begin, and the classes and ids of its rows."""

    path: str
    starts: tuple[int, ...]
    labels: Sequence[str]
    ids: Sequence[str]


class ParquetPictures(LazySamples):
    """The pictures of Parquet files, made when they are asked for.

    Args:
        home: the folder of the files.
        files: the files.
        column: of the images.
    """

    def __init__(self, home: Path, files: Sequence[_File], column: str) -> None:
        self._home, self._files, self._column = home, files, column
        self._starts = [sum(len(file.labels) for file in files[:number]) for number in range(len(files))]
        self._length = sum(len(file.labels) for file in files)

    def __len__(self) -> int:
        return self._length

    def make(self, row: int) -> Sample:
        """Return the sample in a row of the set."""
        # The last of those that begin there: files and row groups may be empty.
        number = bisect_right(self._starts, row) - 1
        file, own = self._files[number], row - self._starts[number]
        group = bisect_right(file.starts, own) - 1
        source = ParquetSource(self._home, file.path, group, own - file.starts[group], self._column)
        name = file.ids[own] if file.ids else f"{printable(file.path)}#{own}"
        return Sample(name, "", file.labels[own], source)


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
    names: tuple[str, ...] | None = None
    for path in paths:
        place = f"{spec.place}: {one_line(path)}"
        try:
            with open_inside(home, home / path) as stream:
                file, columns = _opened(spec, place, stream)
                own = class_texts(_class_names(file.schema_arrow, columns["label"]))
                if names is not None and own != names:
                    raise UserError(f"{place}: has other classes than {one_line(paths[0])}; name one set at a time")
                names = own
                files.append(_listed(spec, path, file, columns, own))
        except UserError:
            raise
        except Exception as error:
            # pyarrow raises several kinds of errors on damaged files.
            raise UserError(f"{place}: cannot be read ({error_text(error)}); fetch it again") from error
    _check_ids(spec, files)
    return DataSet(spec.name, spec.text, Layout("Parquet files"), ParquetPictures(home, files, columns["image"]))


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


def _listed(spec: SetSpec, path: str, file: pq.ParquetFile, columns: Mapping[str, str], names: Sequence[str]) -> _File:
    """Read classes and ids of a file, and where its row groups begin; not the images."""
    wanted = [columns[name] for name in ("label", "id") if name in columns]
    for name in wanted:
        _check_unpacked(file, name, range(file.metadata.num_row_groups))
    table = file.read(columns=wanted, use_threads=False)
    labels = row_classes(spec, columns["label"], table[columns["label"]].to_pylist(), names, one_line(path))
    ids = [printable(str(each)) for each in table[columns["id"]].to_pylist()] if "id" in columns else []
    return _File(path, tuple(_starts(file)), labels, ids)


def _starts(file: pq.ParquetFile) -> Iterator[int]:
    start = 0
    for number in range(file.metadata.num_row_groups):
        yield start
        start += file.metadata.row_group(number).num_rows


def _check_ids(spec: SetSpec, files: Sequence[_File]) -> None:
    seen: set[str] = set()
    for file in files:
        for name in file.ids:
            if name in seen:
                raise UserError(f"{spec.place}: the id {one_line(name, 60)!r} is there twice; leave out ?id=")
            seen.add(name)


# Pictures come in their order, so the row group at hand is nearly always the last one; two, where a batch crosses.
@lru_cache(maxsize=2)
def _images(home: Path, path: str, group: int, column: str, mtime_ns: int) -> pa.ChunkedArray:
    """Return the images of a row group, read again when the file has changed."""
    import pyarrow.parquet as pq

    with open_inside(home, home / path) as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        _check_unpacked(file, column, [group])
        # Without threads, which do not survive in a forked process.
        table = file.read_row_group(group, columns=[column], use_threads=False)
    return table.column(0)


def _check_unpacked(file: pq.ParquetFile, column: str, groups: Iterable[int]) -> None:
    """Check that a column of row groups, which are read at once, fits in the memory when it is unpacked.

    Raises:
        OSError: if it does not.
    """
    for group in map(file.metadata.row_group, groups):
        chunks = [group.column(number) for number in range(group.num_columns)]
        size = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] == column)
        if size > _MOST_UNPACKED:
            raise OSError(errno.EFBIG, f"column {one_line(column, 60)} unpacks to {size:,} bytes in a row group")
