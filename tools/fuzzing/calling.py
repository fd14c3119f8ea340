"""Call the command line and pytest in this process, and check what they print."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from fuzzing.door import ProblemError
from tierbench.__main__ import main
from tierbench.common.text import one_line

# A message that is longer than this is not read by anyone.
_LONGEST_MESSAGE = 2_500
_LONGEST_LINE = 25_000
# That of pytest, too, in which `merge` judges.
_ERRORS = ("error: ", "ERROR: ")


@dataclass(frozen=True)
class Answer:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def outcome(self) -> str:
        """The answer in a word."""
        return "read" if self.code == 0 else "refused"


def command(*arguments: str) -> Answer:
    """Call `tierbench` with arguments, and check its answer.

    Raises:
        ProblemError: if the answer is not a few clear lines.
    """
    code: object = 0
    with _captured() as (out, err), patch.object(sys, "argv", ["tierbench", *arguments]):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    answer = Answer(code if isinstance(code, int) else 1, _text(out), _text(err))
    _check_lines(answer)
    if answer.code not in (0, 1, 2, 4):
        raise ProblemError(f"exit code {answer.code}")
    if answer.code and not (answer.out.strip() or answer.err.strip()):
        raise ProblemError(f"exit code {answer.code} without a message")
    if answer.code == 4 and not any(line.startswith(_ERRORS) for line in answer.err.splitlines()):
        raise ProblemError(f"exit code 4 without an error: {answer.err[-500:]!r}")
    return answer


def run_pytest(*arguments: str) -> Answer:
    """Run pytest with arguments, and check its answer.

    Raises:
        ProblemError: if it ended in a traceback, with an unexpected exit code, or without a message.
    """
    fixed = ("-q", "--color=no", "--capture=sys", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    with _captured() as (out, err):
        code = int(pytest.main([*fixed, *arguments]))
    answer = Answer(code, _text(out), _text(err))
    everything = answer.out + answer.err
    if "Traceback (most recent call last)" in everything or "INTERNALERROR" in everything:
        raise ProblemError(f"a traceback: {_around(everything)}")
    if code not in (0, 1, 4, 5):
        raise ProblemError(f"exit code {code}: {everything[-1500:]!r}")
    if code == 4 and "ERROR: " not in everything and "error: " not in everything:
        raise ProblemError(f"exit code 4 without an error: {everything[-1500:]!r}")
    _check_lines(answer)
    return answer


def _around(text: str) -> str:
    place = max(text.find("INTERNALERROR"), text.find("Traceback (most recent call last)"))
    return text[place : place + 6_000]


def _check_lines(answer: Answer) -> None:
    for line in f"{answer.out}\n{answer.err}".split("\n"):
        if line != one_line(line, len(line) + 1):
            raise ProblemError(f"a line that is not inert: {line[:500]!r}")
        message = line.startswith(("error: ", "ERROR: ", "warning: "))
        if len(line) > (_LONGEST_MESSAGE if message else _LONGEST_LINE):
            raise ProblemError(f"a line of {len(line)} characters: {line[:300]!r} …")


@contextmanager
def _captured() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Redirect the output of this process to streams that encode as those of a terminal do."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)  # noqa: S101 (for mypy: as made above)
    return content.getvalue().decode()


def run_whole(top: Path, arguments: Sequence[str] = ()) -> Path:
    """Run pytest in a repository, where it must pass, and return the folder of the run."""
    before = set((top / "reports").glob("*Z-*"))
    with chdir(top):
        answer = run_pytest(f"--rootdir={top}", *arguments)
    if answer.code:
        raise RuntimeError(f"an undisturbed run failed:\n{answer.out}{answer.err}")
    (folder,) = set((top / "reports").glob("*Z-*")) - before
    return folder
