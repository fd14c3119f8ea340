"""What the commands that are killed have in common."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Protocol

from killing.process import Place

# How the names of temporary files begin, whoever makes them.
_TEMPORARY = (".tierbench-", ".fetch-", "tmp")


class Target(Protocol):
    """A command that is killed again and again.

    Attributes:
        name: of the command, in words.
        arguments: of `python -m`.
        longest_s: the kill comes at most so long after the command has begun to change files.
    """

    name: str
    arguments: tuple[str, ...]
    longest_s: float

    def prepare(self, place: Place, chance: Random) -> None:
        """Bring the repository into the state before the command."""

    def begun(self) -> bool:
        """Return whether the command has begun to change files, far enough for this kill."""

    def check(self, *, killed: bool) -> str:
        """Check what the command left, and return in words how far it got.

        Raises:
            AssertionError: if something is lost, cannot be read, or is half there.
        """

    def again(self, place: Place) -> None:
        """Run the command to its end, and check that all is as if the first one had never been killed."""


def leftovers(folder: Path) -> list[str]:
    """Return the temporary files and folders below a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.startswith(_TEMPORARY)]


def demand(condition: bool, problem: str) -> None:
    """Raise an AssertionError with the problem unless the condition holds."""
    if not condition:
        raise AssertionError(problem)
