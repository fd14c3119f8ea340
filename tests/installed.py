"""tierbench as a user has it installed: the built wheel unpacked, and pytest started in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.neighbours import WITHOUT_NEIGHBOURS

TOP = Path(__file__).parents[1]

# A model that takes everything for a ship.
SHIPS = """
import numpy as np

class Ship:
    labels = ("airplane", "ship")
    fingerprint = "ship-1"

    def describe(self):
        return {"architecture": "Ship"}

    def predict(self, images):
        return np.tile(np.array([0.1, 0.9], dtype=np.float32), (len(images), 1))
"""

_MANY = """
import contextlib, io, json, os, sys
import pytest

answers = []
for call in json.loads(sys.stdin.read()):
    os.chdir(call["folder"])
    os.environ.update(call["environment"])
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        code = pytest.main(call["arguments"])
    answers.append([int(code), text.getvalue()])
print(json.dumps({"answers": answers, "modules": sorted(sys.modules)}))
"""


@dataclass(frozen=True)
class Ended:
    """How a pytest ended, and what it printed."""

    code: int
    text: str

    @property
    def outcomes(self) -> dict[str, str]:
        """Node id → outcome, of a run with `-v` and without workers."""
        words = ("PASSED", "FAILED", "SKIPPED", "XFAIL", "XPASS", "ERROR")
        split = [line.split(" ") for line in self.text.splitlines() if "::" in line]
        return {line[0]: line[1] for line in split if len(line) > 1 and line[1] in words}

    @property
    def ids(self) -> list[str]:
        """The node ids that a run with `--collect-only -q` lists."""
        return [line for line in self.text.splitlines() if "::" in line]


@dataclass(frozen=True)
class Call:
    """A pytest to be started.

    Attributes:
        arguments: of pytest.
        folder: where; relative to the repository.
        environment: further variables.
    """

    arguments: Sequence[str]
    folder: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)


class Installation:
    """An environment that has tierbench installed.

    Args:
        site: the unpacked wheel.
        cache: of predictions.
    """

    def __init__(self, site: Path, cache: Path) -> None:
        self.site = site
        self.environment = {**os.environ, "PYTHONPATH": str(site), "TIERBENCH_CACHE": str(cache)}
        self.environment["PYTEST_ADDOPTS"] = WITHOUT_NEIGHBOURS

    def pytest(self, home: Path, *arguments: str | Path, **environment: str) -> Ended:
        """Start pytest in a folder."""
        return self._ended(home, environment, "-m", "pytest", *map(str, arguments))

    def several(self, home: Path, *calls: Call, **environment: str) -> tuple[list[Ended], list[str]]:
        """Start pytest several times in one process; return how each ended, and what modules were imported."""
        asked = [
            {
                "arguments": list(call.arguments),
                "folder": str(home / call.folder),
                "environment": {"PYTEST_ADDOPTS": WITHOUT_NEIGHBOURS, **call.environment},
            }
            for call in calls
        ]
        answer = self._ended(home, environment, "-c", _MANY, given=json.dumps(asked))
        said = json.loads(answer.text.splitlines()[-1])
        return [_plain(Ended(code, text)) for code, text in said["answers"]], said["modules"]

    def _ended(self, home: Path, environment: Mapping[str, str], *command: str, given: str = "") -> Ended:
        answer = subprocess.run(
            [sys.executable, *command],
            cwd=home,
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return _plain(Ended(answer.returncode, answer.stdout + answer.stderr))


def _plain(ended: Ended) -> Ended:
    """Fail where something ended in a traceback of ours."""
    assert "INTERNALERROR" not in ended.text, ended.text
    assert "Traceback (most recent call last)" not in ended.text, ended.text
    return ended


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network and unpacked as pip would."""
    top = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(top)]
    answer = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    (wheel,) = top.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(top / "site")
    return top / "site"


@pytest.fixture
def installation(installed: Path, tmp_path: Path) -> Installation:
    """An environment with tierbench, and a cache of the test's own."""
    return Installation(installed, tmp_path / "cache")
