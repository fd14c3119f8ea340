"""`tools/mutate.py` on a tiny repository: what it draws, what it says of a mutant, and how it goes on after Ctrl-C."""

from __future__ import annotations

import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "mutate.py"

SIZE = """\
def is_large(width: float) -> bool:
    return width > 10


def count_down(number: int, step: int) -> int:
    while number > step:
        number -= step
    return number


def nobody_asks(width):
    return [width]
"""
TESTS = """\
from tiny.shapes.size import count_down, is_large


def test_large():
    assert is_large(11)


def test_small():
    assert not is_large(9)


def test_count_down():
    assert count_down(6, 2) == 2


def test_that_fails_anyway():
    assert not is_large(12)
"""
TEST_TEN = """\
from tiny.shapes.size import is_large


def test_ten():
    assert not is_large(10)
"""
# What the first tests say of each change; `>=` needs a width of ten to be noticed.
OUTCOMES = {
    ("return width > 10", "return width >= 10"): "survived",
    ("return width > 10", "return width > 11"): "killed by `tests/shapes/test_size.py::test_large`",
    ("return width > 10", "return not (width > 10)"): "killed by `tests/shapes/test_size.py::test_large`",
    ("while number > step:", "while number >= step:"): "killed by `tests/shapes/test_size.py::test_count_down`",
    ("number -= step", "pass"): "timeout",
    ("return number", "return (number) + 1"): "killed by `tests/shapes/test_size.py::test_count_down`",
    ("return [width]", "return None"): "not covered",
}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A repository with a package of one module, and its tests."""
    top = tmp_path / "tiny-repository"
    for folder in ("tiny", "tiny/shapes", "tests", "tests/shapes"):
        write(top / folder / "__init__.py", "")
    write(top / "tiny/shapes/size.py", SIZE)
    write(top / "tests/shapes/test_size.py", TESTS)
    write(top / ".gitignore", ".mutants/\n")
    subprocess.run(["git", "init", "--quiet", top], check=True)
    return top


def command(top: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(TOOL), f"--root={top}", "--package=tiny", "--grace=1", *arguments]


def mutate(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool to its end; it never ends in a traceback."""
    done = subprocess.run(command(top, *arguments), capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def listed(top: Path, *arguments: str) -> list[tuple[str, str]]:
    """The changes that would be drawn."""
    lines = mutate(top, "--list", *arguments).stdout.splitlines()
    return [
        (old.removeprefix("  - "), new.removeprefix("  + ")) for old, new in zip(lines[1::3], lines[2::3], strict=True)
    ]


def outcomes(top: Path) -> dict[tuple[str, str], str]:
    """What the table says of each change."""
    text = (top / ".mutants" / "mutants.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \w{8} \| shapes/size\.py:\d+ \| `(.*?)` → `(.*?)` \| (.*) \|$", text, re.MULTILINE)
    return {(old, new): outcome for old, new, outcome in rows}


def files(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file() and not {".git", ".mutants"} & set(path.parts)
    }


@pytest.mark.slow
def test_mutants_are_killed_or_survive_or_run_out_of_time_or_are_not_covered(tiny: Path) -> None:
    before = files(tiny)
    done = mutate(tiny, "shapes/*")
    assert done.returncode == 0, done.stderr
    assert outcomes(tiny) == OUTCOMES
    assert "7 of 7 mutants tried: 4 killed, 1 timeout, 1 survived, 1 not covered; 28.6% survive" in done.stdout
    table = (tiny / ".mutants" / "mutants.md").read_text(encoding="utf-8")
    assert "left out: `tests/shapes/test_size.py::test_that_fails_anyway`" in table
    assert files(tiny) == before

    # A test for the survivor kills it, without another try of those that are dead.
    write(
        tiny / "tests/shapes/test_more.py",
        TESTS[: TESTS.index("\n\n\n")] + "\n\n\ndef test_ten():\n    assert not is_large(10)\n",
    )
    again = mutate(tiny, "shapes/*", "--again")
    assert "7 mutants drawn with seed 10, 5 of them known" in again.stdout
    assert re.findall(r"measured (\S+):", again.stdout) == ["tests/shapes/test_more.py"]
    killed = "killed by `tests/shapes/test_more.py::test_ten`"
    assert outcomes(tiny) == {**OUTCOMES, ("return width > 10", "return width >= 10"): killed}


@pytest.mark.slow
def test_what_was_interrupted_goes_on_where_it_was(tiny: Path) -> None:
    # As under `nohup` or in the background of a script, where SIGINT is ignored.
    start = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    tool = [sys.executable, "-c", start, *command(tiny, "shapes/*", "--jobs=1")]
    process = subprocess.Popen(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any(line.startswith("[1/7]") for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert errors == "stopped; the same command goes on from here\n"
    assert process.returncode == 130
    known = outcomes(tiny)
    assert 1 <= len(known) < 7
    # The line that was being written is cut short.
    (results,) = (tiny / ".mutants").glob("outcomes-*.jsonl")
    results.write_text(results.read_text(encoding="utf-8") + '{"id": "01', encoding="utf-8")

    count = len(known) + 1
    done = mutate(tiny, "shapes/*", f"--draw={count}")
    assert f"{count} mutants drawn with seed 10, {len(known)} of them known" in done.stdout
    assert "measured" not in done.stdout
    assert outcomes(tiny).items() >= known.items()
    assert len(outcomes(tiny)) == count


def test_a_draw_follows_its_seed_and_a_larger_one_begins_with_it(tiny: Path) -> None:
    drawn = listed(tiny, "shapes/*")
    assert sorted(drawn) == sorted(OUTCOMES)
    assert listed(tiny, "shapes/*", "--draw=3") == drawn[:3]
    assert any(listed(tiny, "shapes/*", f"--seed={seed}") != drawn for seed in (1, 2))


CHANGES = [
    ("if 0 <= a < 9:", "if 1 <= a < 9:"),
    ("if 0 <= a < 9:", "if 0 < a < 9:"),
    ("if 0 <= a < 9:", "if 0 <= a <= 9:"),
    ("if 0 <= a < 9:", "if 0 <= a < 10:"),
    ("return a is not None and not b", "return not (a is not None and not b)"),
    ("return a is not None and not b", "return a is None and not b"),
    ("return a is not None and not b", "return a is not None or not b"),
    ("return a is not None and not b", "return a is not None and (b)"),
    ("def f(a, b=True):", "def f(a, b=False):"),
    ("with lock():", 'with __import__("contextlib").nullcontext():'),
    ("self.x = 'é' if b else sorted(a, key=b)", "pass"),
    ("self.x = 'é' if b else sorted(a, key=b)", "self.x = 'é' if (not (b)) else sorted(a, key=b)"),
    ("self.x = 'é' if b else sorted(a, key=b)", "self.x = 'é' if b else sorted(a, )"),
    ("a.write( b, 0.5, encoding='utf-8', )", "pass"),
    ("b, 0.5, encoding='utf-8',", "b, 1.0, encoding='utf-8',"),
    ("raise ValueError(f'{a + 1} is too large')", "pass"),
    ("return max(c - 1 for c in a if c.d)", "return None"),
    ("return max(c - 1 for c in a if c.d)", "return min(c - 1 for c in a if c.d)"),
    ("return max(c - 1 for c in a if c.d)", "return max(c + 1 for c in a if c.d)"),
    ("return max(c - 1 for c in a if c.d)", "return max(c - 2 for c in a if c.d)"),
    ("return max(c - 1 for c in a if c.d)", "return max(c - 1 for c in a if (not (c.d)))"),
]
MODULE = '''
"""A text with 1 number."""
from typing import TYPE_CHECKING, Literal, Protocol
if TYPE_CHECKING:
    from x import y
    LIMIT = 3
__all__ = ["f"] + []
Kind = Literal[1, 2]
Number = int | float

class Shape(Protocol):
    sides: int = 3

class Square:
    __slots__ = ("x",) * 1

    @cached(size=3)
    def f(a, b=True):
        """Says 1."""
        if 0 <= a < 9:
            assert a > 1
        with lock():
            self.x = 'é' if b else sorted(a, key=b)
        a.write(
            b, 0.5, encoding='utf-8',
        )
        raise ValueError(f'{a + 1} is too large')
        return max(c - 1 for c in a if c.d)

    def g(a: "int | None", b: bool = None) -> bool:
        return a is not None and not b

if __name__ == "__main__":
    print(1)
'''


def test_the_changes_are_those_that_a_test_should_notice(tiny: Path) -> None:
    write(tiny / "tiny/shapes/square.py", MODULE)
    assert sorted(listed(tiny, "shapes/square.py")) == sorted(CHANGES)


def test_the_table_of_test_files_names_none_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    extra: dict[str, tuple[str, ...]] = runpy.run_path(str(TOOL))["EXTRA"]
    tests = TOOL.parents[1] / "tests"
    assert [pattern for patterns in extra.values() for pattern in patterns if not any(tests.glob(pattern))] == []


def test_what_cannot_be_done_is_one_line(tiny: Path) -> None:
    assert mutate(tiny, "colours/*").stderr.splitlines()[-1].endswith(
        "nothing to change in colours/*: name modules as in 'scoring/*' or common/files.py"
    )  # fmt: skip
    missing = mutate(tiny, "--package=large").stderr.splitlines()[-1]
    assert missing.endswith(f"{tiny / 'large'} is no package: name its folder with --package, from --root")
    write(tiny / "tests/shapes/test_size.py", "import nothing_of_this_name\n")
    broken = mutate(tiny, "shapes/*")
    assert broken.returncode == 1
    assert broken.stderr.startswith("tests/shapes/test_size.py ends with exit code 2 without any change:")
