"""A picture in a Parquet file, which is read by row group."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.inside import open_inside
from tierbench.common.text import error_text, one_line
from tierbench.suites.datasets.sample import FileSource
from tierbench.suites.file_names import file_name_problem

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Writers keep row groups below 1 GB.
_MOST_UNPACKED = 2 << 30


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


# Pictures come in their order, so the row group at hand is nearly always the last one; two, where a batch crosses.
@lru_cache(maxsize=2)
def _images(home: Path, path: str, group: int, column: str, mtime_ns: int) -> pa.ChunkedArray:
    """Return the images of a row group, read again when the file has changed."""
    import pyarrow.parquet as pq

    with open_inside(home, home / path) as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        check_unpacked(file, column, group)
        # Without threads, which do not survive in a forked process.
        table = file.read_row_group(group, columns=[column], use_threads=False)
    return table.column(0)


def check_unpacked(file: pq.ParquetFile, column: str, number: int) -> None:
    """Check that a column of a row group, which is read at once, fits in the memory when it is unpacked.

    Raises:
        OSError: if it does not.
    """
    group = file.metadata.row_group(number)
    chunks = [group.column(each) for each in range(group.num_columns)]
    size = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] == column)
    if size > _MOST_UNPACKED:
        raise OSError(errno.EFBIG, f"column {one_line(column, 60)} unpacks to {size:,} bytes in a row group")
