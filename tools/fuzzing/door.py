"""What the doors have in common: their inputs, and the problem that an input can show."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol


class ProblemError(AssertionError):
    """The answer to an input is not acceptable; the message says why."""


@dataclass(frozen=True)
class Input:
    """What one input consists of.

    Attributes:
        arguments: of the command, or one word for a door that has no command.
        files: path below the working folder → content.
        links: path below the working folder → where the symbolic link leads.
        without: paths below the working folder that are missing.
        sizes: path below the working folder → to how many bytes the file is extended, without content on the disk.
    """

    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    def write(self, folder: Path, base: Path | None) -> None:
        """Make the working folder: a copy of the base, changed by what the input says."""
        if base is None:
            folder.mkdir()
        else:
            shutil.copytree(base, folder, symlinks=True)
        for name in self.without:
            (folder / name).unlink()
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        for name, size in self.sizes.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("ab") as stream:
                stream.truncate(size)
        for name, target in self.links.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            # Two names may be one file.
            with suppress(FileExistsError):
                (folder / name).symlink_to(target)

    def to_json(self) -> str:
        """Return the input as JSON; `from_json` reads it."""
        files = {name: base64.b64encode(content).decode() for name, content in self.files.items()}
        return json.dumps({**asdict(self), "files": files}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Input:
        """Read what `to_json` returned."""
        given = json.loads(text)
        files = {name: base64.b64decode(content) for name, content in given["files"].items()}
        return cls(tuple(given["arguments"]), files, given["links"], tuple(given["without"]), given.get("sizes", {}))


class Door(Protocol):
    """A way by which data reaches the engine.

    Attributes:
        share: how many of 100 inputs are for this door.
        hosts: the hosts that it may contact.
        base: the folder that the working folder is a copy of; None: it is empty.
    """

    share: int
    hosts: frozenset[str]
    base: Path | None

    def prepare(self, top: Path) -> None:
        """Make what all inputs share, in a folder that lasts; called once in a process."""

    def valid(self) -> Sequence[Input]:
        """Return inputs that must not be refused; at least one, so that the door is known to be open."""

    def draw(self, chance: Random) -> Input:
        """Return a broken input."""

    def feed(self, given: Input) -> str:
        """Feed an input, whose files are in the working folder, and return the outcome: `read`, `refused` or more.

        Raises:
            ProblemError: if the answer is not acceptable. Any other exception is a problem, too.
        """
