"""Open only regular files, write them atomically, hash them, and show their paths in messages."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from tierbench.common.text import one_line

# More than any text or picture that is read as a whole.
MOST_BYTES = 1 << 30
# How the names of temporary files begin.
_TEMPORARY = ".tierbench-"


def write_atomically(file: Path, text: str) -> None:
    """Replace the text of a file in one step: readers see the old text or the new text, never a part.

    Raises:
        OSError: if the folder cannot be written to; the old file is left unchanged.
    """
    with replacing(file) as stream:
        stream.write(text.encode("utf-8"))


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside a file; it takes the place of the file in one step when the body has ended.

    Raises:
        OSError: if the folder cannot be written to.
    """
    descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder; the caller holds the lock of its files."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        if not path.is_symlink() and path.is_file():
            path.unlink(missing_ok=True)


def is_regular(path: Path) -> bool:
    """Return whether a path names a regular file; False if it cannot be looked at."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Return whether a path names a folder; unlike `Path.is_dir`, False for a name that is too long."""
    return os.path.isdir(path)  # noqa: PTH112 (see above)


def exists(path: Path) -> bool:
    """Return whether something is at a path; unlike `Path.exists`, False for a name that is too long."""
    return os.path.exists(path)  # noqa: PTH110 (see above)


def files_in(folder: Path, pattern: str) -> list[Path]:
    """Return what matches a pattern in a folder, by name; nothing if there is no such folder."""
    return sorted(folder.glob(pattern)) if is_folder(folder) else []


def read_regular(path: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: as `open_regular` does.
    """
    with open_regular(path) as stream:
        return stream.read()


def read_text(path: Path) -> str:
    """Return the text of a regular file in UTF-8, with or without a byte order mark.

    Raises:
        OSError: as `open_regular` does, or if it is too large.
        UnicodeDecodeError: if it is not UTF-8.
    """
    with open_regular(path) as stream:
        return read_whole(stream).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def read_whole(stream: BufferedReader) -> bytes:
    """Return the content of a file that is open, unless it is larger than any text or picture.

    A file with holes takes no room on the disk, but all of its size in memory.

    Raises:
        OSError: if it is too large, or cannot be read.
    """
    check_size(os.fstat(stream.fileno()).st_size)
    return stream.read()


def check_size(size: int) -> None:
    """Raise an `OSError` if no text or picture is of this size, in bytes."""
    if size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {MOST_BYTES:,}")


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading in binary mode; a pipe, device or socket is refused instead of waited for.

    Raises:
        OSError: if it is no regular file, or cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise _not_regular(path)
    # Without waiting, because a pipe may have taken the place of the file in between.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    return os.fdopen(descriptor, "rb")


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, cached until its size or one of its times changes."""
    status = path.stat()
    # The time of the last change of the inode, too: the modification time can be set back.
    return _sha256(path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=65536)
def _sha256(path: Path, *state: int) -> str:
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shown_path(path: Path) -> str:
    """Return a path as a person would type it: relative to the working directory if it is inside it."""
    try:
        return one_line(os.fspath(path.relative_to(Path.cwd())), 300)
    except ValueError:
        return one_line(os.fspath(path), 300)


def expanded(path: str) -> Path:
    """Return the path with `~` expanded; `~name` is left unchanged if there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
