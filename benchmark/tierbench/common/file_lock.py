"""A lock between processes, for files that are read, changed and written back."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line

# For so long the lock is waited for: what it guards takes less than a second.
PATIENCE_S = 5.0
_EVERYONE, _EVERYONES_FOLDER = 0o666, 0o777


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock while a file is read, changed and written back; other processes of tierbench wait for it.

    The lock file is in the system's temporary folder: next to the file it would end up in commits. It names its holder.

    Raises:
        UserError: one line, if another process keeps the lock, or the lock file cannot be used.
    """
    from filelock import FileLock, Timeout

    lock = lock_path(path)
    try:
        # All users share the folder. Directly in a temporary folder with the sticky bit, a lock file of one user is
        # refused to the others.
        if not lock.parent.is_dir():
            lock.parent.mkdir(exist_ok=True)
            lock.parent.chmod(_EVERYONES_FOLDER)
        held = FileLock(lock, timeout=PATIENCE_S, mode=_EVERYONE)
        held.acquire()
    except Timeout:
        raise UserError(
            f"{shown_path(path)}: is locked by {_holder(lock)} for {PATIENCE_S:g} seconds already; "
            "wait until it has ended, then run again"
        ) from None
    except OSError as error:
        why = error.strerror or error
        raise UserError(
            f"{shown_path(path)}: its lock {shown_path(lock)} cannot be used: {why}; remove the lock"
        ) from None
    try:
        _write_holder(lock)
        yield
    finally:
        held.release()


def lock_path(path: Path) -> Path:
    """Return the lock file of a file."""
    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / "tierbench-locks" / f"{name}.lock"


def _write_holder(lock: Path) -> None:
    # Where it cannot be written (Windows, a full disk), the message does without; the lock is held all the same.
    with contextlib.suppress(OSError):
        flags = os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(lock, flags), "w", encoding="utf-8", errors="replace") as stream:
            stream.write(f"process {os.getpid()} of {_user()}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers; KeyError before Python 3.13
        return "an unknown user"


def _holder(lock: Path) -> str:
    try:
        holder = lock.read_text(encoding="utf-8", errors="replace")
    except OSError:
        holder = ""
    return one_line(holder) or "another process"
