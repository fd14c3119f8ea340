"""Lets one process at a time change a file that several may read, change and write back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Keep other processes of ours from changing a file between its reading and its writing.

    The lock is a file in the system's folder for such: beside the file it would be committed with it.
    """
    from filelock import FileLock

    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    with FileLock(Path(tempfile.gettempdir()) / f"tierbench-{name}.lock"):
        yield
