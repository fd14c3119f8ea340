"""Fixtures: a folder with a small suite to run commands in, and the command line as a user calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tierbench.__main__ import main


@dataclass(frozen=True)
class Answer:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


# Its labels are not known to commands, so that the suites of tests may have any.
OWN_MODEL = """\
import pytest

@pytest.fixture(scope="session")
def classifier():
    raise NotImplementedError
"""


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a working directory with the suite `cases/colours`, a red and a blue picture, and a model of its own."""
    suite = tmp_path / "cases" / "colours"
    suite.mkdir(parents=True)
    for colour in ("red", "blue"):
        picture = Image.new("RGB", (32, 24), colour)
        picture.putpixel((0, 0), (255, 255, 255))  # `check` warns of pictures of one colour
        picture.save(suite / f"{colour}.png")
    rows = "file_name,label,tier,tags\nred.png,red,1,warm\nblue.png,blue,2,cold\n"
    (suite / "metadata.csv").write_text(rows, encoding="utf-8")
    (suite / "suite.toml").write_text('description = "Two colours."\n', encoding="utf-8")
    (suite.parent / "conftest.py").write_text(OWN_MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tierbench(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Return a function that calls `tierbench` with arguments in the working directory."""

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr("sys.argv", ["tierbench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main()
        output = capsys.readouterr()
        assert isinstance(exit_info.value.code, int)
        return Answer(exit_info.value.code, output.out, output.err)

    return call
