"""The door of option values: every `--robust-…` option and ini key, for pytest and for the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

from small_repository import SETTINGS, make_repository

from fuzzing import hostile
from fuzzing.calling import command, run_pytest
from fuzzing.door import Input

# Values that are nearly right; each is tried with every option.
_NEAR = (
    "reference",
    "plain",
    "plain=python:plain_model:Plain",
    "a=b=c",
    "=x",
    "python:",
    "python:plain_model",
    "python:plain_model:CASES",
    "python:nothing:here",
    "python:.:x",
    "onnx:x",
    "endpoint:https://example.invalid",
    "org/name",
    "org/name@",
    "org/name@../x",
    "cases",
    "cases/sea",
    "cases/sea/c0.png",
    "cases/test_tiers.py",
    "conftest.py",
    "new/folder",
    "pyproject.toml/x",
    "none",
    "auto",
    "cuda",
    "mps",
    "float16",
    "error",
    "skip",
    "flips",
    "regression",
    "1-5",
    "5-1",
    "1,3,5",
    "1-99999999999",
    "all",
    "fog",
    "imagenet-c",
    "fog,,fog",
    "whole",
    "fail",
    "report",
    "1/2",
    "0/0",
    "100000000",
)
_CLI = (("list",), ("check",), ("history",), ("check", "sea"), ("baseline", "prune"), ("show", "last"))
# What writes or reads where its value says: a hostile path would be the wish of the user.
_RELATIVE = ("reports", "markdown", "cases", "labels", "baseline")


class Options:
    """Feeds values of options."""

    share = 6
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def __init__(self) -> None:
        self._names: list[str] = []

    def prepare(self, top: Path) -> None:
        """Make a repository, and find the options in what `--help` says."""
        # Some levels down, so that a path with a few `..` stays inside.
        self.base = top / "repository"
        make_repository(self.base, cases=3)
        text = run_pytest(f"--rootdir={self.base}", "-p", "tierbench.plugin", "--help").out
        self._names = sorted(set(re.findall(r"^ +--robust-([a-z-]+)", text, re.MULTILINE)))
        if len(self._names) < 10:
            raise RuntimeError(f"pytest --help lists only these options: {self._names}")

    def valid(self) -> Sequence[Input]:
        """Return a run and a command without hostile values."""
        return [Input(("pytest",)), Input(("check",))]

    def draw(self, chance: Random) -> Input:
        """Return a run with a hostile option, or settings with a hostile key."""
        name = chance.choice(self._names)
        if chance.random() < 0.5:
            # As in a process: its arguments cannot contain NUL, and bytes that are not UTF-8 are escaped.
            value = _value(chance, name).replace("\0", "").encode("utf-8", "replace").decode()
            return Input(("pytest", f"--robust-{name}={value}", *self._more(chance)))
        arguments = ("pytest",) if chance.random() < 0.6 else chance.choice(_CLI)
        key = f"robust_{name.replace('-', '_')}"
        settings = SETTINGS if name != "model" else SETTINGS.rpartition("robust_model")[0]
        files = {"pyproject.toml": f"{settings}{key} = {hostile.toml_text(_toml_value(chance, name))}\n"}
        if chance.random() < 0.2:
            files = {"pytest.ini": f"[pytest]\n{key} = {_value(chance, name)}\n"}
        # Settings that cannot be read are pytest's own affair in a run.
        spoil = chance.random() < 0.3 and arguments[0] != "pytest"
        return Input(
            arguments,
            {
                file: hostile.spoilt(chance, text, "x = [", "[") if spoil else text.encode("utf-8", "replace")
                for file, text in files.items()
            },
        )

    def feed(self, given: Input) -> str:
        """Run pytest, or the command."""
        name, *rest = given.arguments
        answer = run_pytest(f"--rootdir={Path.cwd()}", *rest) if name == "pytest" else command(name, *rest)
        return f"{answer.outcome} by {name}"

    def _more(self, chance: Random) -> Sequence[str]:
        if chance.random() < 0.6:
            return ()
        name = chance.choice(self._names)
        return (f"--robust-{name}={chance.choice(_NEAR)}",) if name not in _RELATIVE else ()


def _value(chance: Random, name: str) -> str:
    kind = chance.random()
    value = (
        chance.choice(_NEAR) if kind < 0.5 else chance.choice(hostile.NUMBERS) if kind < 0.7 else hostile.text(chance)
    )
    return value if name not in _RELATIVE else value.lstrip("/~").replace("..", ".")


def _toml_value(chance: Random, name: str) -> object:
    kind = chance.random()
    if kind < 0.4:
        return _value(chance, name)
    if kind < 0.8:
        return [_value(chance, name) for _ in range(1 + int(chance.random() * 2))]
    return hostile.value(chance) if name not in _RELATIVE else True
