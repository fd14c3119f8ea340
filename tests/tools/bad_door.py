"""A door for the tests of the fuzzer: behind it is all that an engine must not do."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from fuzzing.door import Input, ProblemError


def _write() -> None:
    Path("/nowhere-at-all").write_text("", encoding="utf-8")


def _contact() -> None:
    socket.create_connection(("192.0.2.1", 443), timeout=1)


def _import() -> None:
    importlib.import_module("canary.sub")


def _start() -> None:
    subprocess.run(["true"], check=True)


def _read() -> None:
    Path("link").read_bytes()


def _fail() -> None:
    raise KeyError("label")


def _complain() -> None:
    raise ProblemError("unclear: text")


def _wait() -> None:
    time.sleep(600)


def _never_return() -> None:
    # As code in C that does not return to Python, where the handler of the alarm would run.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(600)


def _die() -> None:
    os._exit(3)


DEEDS: Mapping[str, Callable[[], None]] = {
    "write": _write,
    "contact": _contact,
    "import": _import,
    "start": _start,
    "read": _read,
    "fail": _fail,
    "complain": _complain,
    "wait": _wait,
    "never return": _never_return,
    "die": _die,
    "nothing": lambda: None,
}


class BadDoor:
    """Does the deed whose place is the number of the input."""

    share = 1
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Make nothing."""

    def valid(self) -> Sequence[Input]:
        return [Input(("refused",))]

    def draw(self, chance: Random) -> Input:
        # One that was killed and started again goes on with the next deed: what is drawn depends on the chance alone.
        return Input((list(DEEDS)[int(chance.random() * len(DEEDS))],), links={"link": "../secret.png"})

    def feed(self, given: Input) -> str:
        (deed,) = given.arguments
        if deed != "refused":
            DEEDS[deed]()
        return deed


class NoDoor(BadDoor):
    """Cannot be prepared."""

    def prepare(self, top: Path) -> None:
        raise OSError("no room")
