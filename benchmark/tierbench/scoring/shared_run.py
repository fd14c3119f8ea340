"""What the processes of one run share: each worker of pytest-xdist judges a part, and one finds out what all need."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from tierbench.common.files import write_atomically


class SharedRun:
    """The folder of a run that its processes share; without one there is only one process.

    Args:
        folder: the folder, which nobody else writes to.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._claimed: dict[str, str] = {}

    @property
    def store_file(self) -> Path | None:
        """The file of predictions that are not kept between runs; None: in memory."""
        return self.folder / "predictions.sqlite" if self.folder else None

    def lock(self, what: str) -> AbstractContextManager[object]:
        """Return the lock that one process at a time holds to do something."""
        if self.folder is None:
            return nullcontext()
        from filelock import FileLock

        return FileLock(self.folder / f"{what}.lock")

    def known(self, what: str) -> Any:
        """Return what a process left, made of plain values; None if none did."""
        if self.folder is None:
            return None
        try:
            return json.loads((self.folder / f"{what}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def leave(self, what: str, value: Any) -> None:
        """Leave plain values to the other processes, which find out themselves what cannot be written."""
        if self.folder is not None:
            with suppress(OSError):
                write_atomically(self.folder / f"{what}.json", json.dumps(value))

    def once(self, what: str, find: Callable[[], Any]) -> Any:
        """Return plain values that the first process which asks for them finds, while the others wait."""
        if self.folder is None:
            return find()
        with self.lock(what):
            found = self.known(what)
            if found is None:
                found = find()
                self.leave(what, found)
        return found

    def claim(self, what: str, name: str) -> bool:
        """Return whether something is left to the one with this name; it is to the first one that asks."""
        if self.folder is None:
            return self._claimed.setdefault(what, name) == name
        file = self.folder / f"{what}.txt"
        try:
            with file.open("x", encoding="utf-8") as stream:
                stream.write(name)
        except FileExistsError:
            # Another's, or empty, as long as another process writes it.
            return file.read_text(encoding="utf-8") == name
        return True
