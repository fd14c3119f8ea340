"""Feeds broken suites and broken pictures to the readers: `python tools/fuzz.py 2000`.

Half the inputs are suite folders (rows and settings by hypothesis, then bytes turned over), half are pictures (valid
ones of many formats, cut off and with bits flipped). Each must be read, or refused in lines that a person can read; no
other exception, no line that steers the terminal, and none that takes longer than the limit.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image, features

from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.common.text import one_line
from tierbench.suites.checking import picture_problems
from tierbench.suites.duplicates import duplicate_problems
from tierbench.suites.metadata import COLUMNS
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite

# Far beyond what any of these small inputs takes, also on a busy machine.
LIMIT_S = 20.0

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "red.png",
            "../red.png",
            "/etc/passwd",
            "a/../../b.png",
            "link.png",
            "loop/x.png",
            "C:\\red.png",
            "red.png\0",
            "<script>alert(1)</script>",
            "\u202egnp.der",
            "\x1b[31mred\x1b[0m",
            "x" * 10_000,
            "tier1 and not fog",
            "parametrize",
            "1",
            "0",
            "-1",
            "1e999",
            "nan",
            "inf",
            "１",
            "0.5",
            "automobile|truck",
            "|",
            "package:skimage/../../x.png",
            "package:os/x.png",
            "https://",
            "file:///etc/passwd",
            "ab" * 32,
            "steps",
        ]
    ),
)
HEADERS = st.lists(st.one_of(st.sampled_from(COLUMNS), TEXTS), max_size=8)
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), TEXTS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["description", "tiers", "parameters", "ladders", "labels", "corruptions", "tiers.1", "labels.car", "ladders.steps"]
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)


class HangError(Exception):
    """An input took longer than the limit."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `HangError` where the body takes longer."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise HangError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def toml_text(value: Any) -> str:
    """Write a value as TOML, or as something near it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_text(str(key))} = {toml_text(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_text, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


@st.composite
def suites(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A metadata.csv and a suite.toml: mostly near to valid, then with some bytes turned over."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        # Only what is text to us and to nobody a name: whatever stands there is read.
        header = ["file_name", "label", "tier", "id", "group", "known_issue", "source", "license", "notes"]
        said = draw(st.lists(st.lists(TEXTS, min_size=5, max_size=5), max_size=4))
        rows = [["red.png", "automobile", "1", f"case-{number}", *texts] for number, texts in enumerate(said)]
    elif kind == 1:
        header = ["file_name", "label", "tier", *draw(HEADERS)]
        rows = draw(st.lists(st.lists(TEXTS, min_size=len(header), max_size=len(header)), max_size=4))
        rows.append(["red.png", "automobile", "1", *[""] * (len(header) - 3)])
    else:
        header = draw(HEADERS)
        rows = draw(st.lists(st.lists(TEXTS, max_size=9), max_size=4))
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows]]
    csv = "\n".join(lines).encode("utf-8", "surrogatepass")
    tables = draw(TABLES) if kind else {}
    toml = "\n".join(f"{key} = {toml_text(value)}" for key, value in tables.items())
    return draw(broken(csv)), draw(broken(toml.encode("utf-8", "surrogatepass")))


@st.composite
def broken(draw: st.DrawFn, content: bytes) -> bytes:
    """The content, sometimes cut off or with bytes replaced."""
    if not content or draw(st.integers(0, 3)):
        return content
    data = bytearray(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    for _ in range(draw(st.integers(0, 4)) if data else 0):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def read_broken_suite(folder: Path, csv: bytes, toml: bytes) -> str:
    """Read a suite with these files, as `tierbench check` does, and say what came of it."""
    (folder / "metadata.csv").write_bytes(csv)
    (folder / "suite.toml").write_bytes(toml)
    problems = Problems()
    suite = read_suite(folder, problems)
    lines = problems.lines + picture_problems(suite) + duplicate_problems(suite)
    for line in lines:
        if line != one_line(line, 1000):
            raise AssertionError(f"a line that is no line: {line!r}")
    for case in suite.cases:
        inside = case.url or not suite.fetched or case.path.resolve().is_relative_to(folder.resolve())
        if not inside and not any(f":{case.row}: " in line for line in lines):
            raise AssertionError(f"a path that leaves the suite: {case.path}")
    return "suite refused with problems" if lines else "suite read"


def valid_pictures() -> dict[str, bytes]:
    """Return small valid pictures by name, of every format and mode that this Pillow can write."""
    Image.init()
    ramp = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint8) * 4
    grey = Image.fromarray(ramp)
    found: dict[str, bytes] = {}
    for kind in sorted(Image.SAVE):
        if kind in ("PDF", "XVTHUMB", "PALM") or (kind == "AVIF" and not features.check("avif")):
            continue
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F"):
            stream = io.BytesIO()
            try:
                picture = grey.convert("I").convert(mode) if mode == "I;16" else grey.convert("RGB").convert(mode)
            except ValueError:
                picture = Image.new(mode, grey.size)
            try:
                picture.save(stream, format=kind)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # this format has no such mode
            if stream.getvalue():
                found[f"{kind} {mode}"] = stream.getvalue()
    return found


def damage(content: bytes, chance: random.Random) -> bytes:
    """Cut a picture off, flip bits in it, or both."""
    data = bytearray(content)
    kind = chance.choice(("cut", "flip", "flip", "both", "header"))
    if kind in ("cut", "both"):
        data = data[: chance.randrange(len(data) + 1)]
    if kind in ("flip", "both", "header") and data:
        reach = min(len(data), 64) if kind == "header" else len(data)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(data)


def read_broken_picture(file: Path, content: bytes) -> str:
    """Read a picture, and say what came of it."""
    file.write_bytes(content)
    try:
        with quiet_pillow():
            picture = open_picture(file)
    except PictureError as error:
        if not str(error):
            raise AssertionError("refused without a word") from error
        return "picture refused"
    if picture.mode != "RGB" or not all(picture.size):
        raise AssertionError(f"a picture of mode {picture.mode} and size {picture.size}")
    return "picture read"


def fuzz_suites(count: int, number: int) -> Counter[str]:
    """Read so many broken suites."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name) / "suite"
        folder.mkdir()
        Image.new("RGB", (8, 8), "red").save(folder / "red.png")
        (folder / "link.png").symlink_to("/etc/passwd")
        (folder / "loop").symlink_to("loop")

        @seed(number)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(suites())
        def read(files: tuple[bytes, bytes]) -> None:
            found[_timed(lambda: read_broken_suite(folder, *files))] += 1

        read()
    return found


def fuzz_pictures(count: int, number: int) -> Counter[str]:
    """Read every valid picture, then so many broken ones."""
    found: Counter[str] = Counter()
    chance = random.Random(number)  # noqa: S311 (damage, no secrets)
    valid = valid_pictures()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        file = Path(name) / "picture"
        for kind, content in valid.items():
            state = _timed(lambda content=content: read_broken_picture(file, content))  # type: ignore[misc]
            # Pillow leaves EPS to Ghostscript, which need not be there.
            if state != "picture read" and not kind.startswith("EPS "):
                raise AssertionError(f"a valid picture is refused: {kind}")
            found[f"valid {state}"] += 1
        kinds = sorted(valid)
        for _ in range(count):
            content = damage(valid[chance.choice(kinds)], chance)
            found[_timed(lambda content=content: read_broken_picture(file, content))] += 1  # type: ignore[misc]
    return found


def _timed(read: Callable[[], str]) -> str:
    with limited(LIMIT_S):
        return read()


def main() -> None:
    """Fuzz, and print what happened; any other exception than a refusal ends it with its traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    before = time.monotonic()
    found = fuzz_suites(options.inputs // 2, options.seed) + fuzz_pictures(options.inputs // 2, options.seed)
    print(f"{options.inputs} inputs in {time.monotonic() - before:.0f} s, seed {options.seed}: no traceback, no hang")
    for state, count in found.most_common():
        print(f"{count:5}  {state}")


if __name__ == "__main__":
    main()
