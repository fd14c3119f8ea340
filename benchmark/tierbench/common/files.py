"""Write files atomically, hash them, and show their paths in messages."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from tierbench.common.text import one_line


def write_atomically(file: Path, text: str) -> None:
    """Replace the text of a file in one step: readers see the old text or the new text, never a part.

    Raises:
        OSError: if the folder cannot be written to; the old file is left unchanged.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, cached until its size or modification time changes."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=65536)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as stream:
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
