"""Watch what the engine does with the machine: files that it writes, hosts, processes, imports, a secret file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

# A module that no input may get imported, whatever it says.
CANARY = "canary"
# The event by which it says that it was: not every way to import is an event of Python.
SUNG = "fuzz.canary"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# The engine asks git for the commit of a repository, and Python asks uname for the machine.
_PROGRAMS = ("git", "uname")


class Watch:
    """Records, and prevents, what no input may lead to.

    An audit hook sees every attempt of this process and cannot be taken back, so there is one for its whole life.

    Args:
        inside: the folder in which files may be written.
        secret: a file that may not be opened.
        hosts: names of hosts that may be contacted.
    """

    def __init__(self, inside: Path, secret: Path, hosts: frozenset[str]) -> None:
        self._inside = os.path.realpath(inside)
        self._secret = os.path.realpath(secret)
        self._hosts = hosts
        self._active = False
        self._seen: list[str] = []
        self._checks: dict[str, Callable[[tuple[Any, ...]], str]] = {
            "open": self._open,
            "sqlite3.connect": lambda given: self._written(given[0]),
            "os.rename": lambda given: self._written(given[0]) or self._written(given[1]),
            "os.link": lambda given: self._written(given[1]),
            "os.symlink": lambda given: self._written(given[1]),
            "os.remove": lambda given: self._removed(given),
            "os.rmdir": lambda given: self._removed(given),
            "os.truncate": lambda given: self._written(given[0]),
            "os.mkdir": lambda given: "" if _exists(given[0]) else self._written(given[0]),
            "socket.connect": lambda given: self._contacted(given[1]),
            # Whoever looks up a number asks nobody.
            "socket.getaddrinfo": lambda given: "" if _is_number(given[0]) else self._contacted(given),
            "subprocess.Popen": lambda given: self._started(given[0]),
            "os.system": lambda given: f"ran {given[0]!r}",
            "os.exec": lambda given: f"ran {given[0]!r}",
            "os.posix_spawn": lambda given: self._started(given[0]),
            SUNG: lambda given: f"imported the {CANARY}",
        }
        sys.addaudithook(self._hook)

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        """Watch while the body runs; yield the list of what was seen, which is whole when the body has ended."""
        self._seen = []
        self._active = True
        try:
            yield self._seen
        finally:
            self._active = False

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._active or (check := self._checks.get(event)) is None:
            return
        if problem := check(given):
            self._seen.append(problem)
            raise PermissionError(f"the watch prevents this: {problem}")

    def _open(self, given: tuple[Any, ...]) -> str:
        path, _, flags = given
        if isinstance(path, int):
            return ""
        if isinstance(flags, int) and flags & _WRITES:
            return self._written(path)
        return "read a file outside the folder" if os.path.realpath(os.fsdecode(path)) == self._secret else ""

    def _removed(self, given: tuple[Any, ...]) -> str:
        # A name in an open folder, as `shutil.rmtree` removes: the folder itself was checked.
        return "" if given[1] != -1 else self._written(given[0])

    def _written(self, path: Any) -> str:
        if isinstance(path, int) or path in (":memory:", os.devnull):
            return ""
        real = os.path.realpath(os.fsdecode(path))
        return "" if (real + os.sep).startswith(self._inside + os.sep) else f"wrote outside its folder: {real}"

    def _contacted(self, address: Any) -> str:
        host = address[0] if isinstance(address, tuple) else None
        named = host.decode() if isinstance(host, bytes) else host
        return "" if named is None or named in self._hosts else f"contacted {named}"

    def _started(self, program: Any) -> str:
        return "" if Path(os.fsdecode(program)).name in _PROGRAMS else f"started {os.fsdecode(program)}"


def _is_number(host: Any) -> bool:
    with suppress(ValueError):
        ip_address(host.decode() if isinstance(host, bytes) else str(host).partition("%")[0])
        return True
    return False


def _exists(path: Any) -> bool:
    return os.path.lexists(path)
