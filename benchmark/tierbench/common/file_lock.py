"""A lock between processes, for files that are read, changed and written back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock while a file is read, changed and written back; other processes of tierbench wait for it.

    The lock file is in the system's temporary folder: next to the file it would end up in commits.
    """
    from filelock import FileLock

    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    with FileLock(Path(tempfile.gettempdir()) / f"tierbench-{name}.lock"):
        yield
