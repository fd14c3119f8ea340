"""A repository with many cases, and one with as many empty tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from .repositories import CONFTEST, REPOSITORY

_SIZE = (32, 24)
# `right` always says label 0; `sometimes_wrong` says label 1 of every tenth picture. Both take no time.
_MODELS = """
import numpy as np


class Instant:
    labels = tuple(f"label {number}" for number in range(10))

    def __init__(self, wrong):
        self.wrong = wrong
        self.fingerprint = f"instant-{int(wrong)}"

    def describe(self):
        return {"architecture": "Instant"}

    def predict(self, images):
        said = [int(self.wrong and np.asarray(image).sum(dtype=int) % 10 == 0) for image in images]
        return np.eye(10, dtype=np.float32)[said] * 0.91 + 0.009


def right():
    return Instant(False)


def sometimes_wrong():
    return Instant(True)
"""
_EMPTY = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_empty(number):
    if number < {failing}:
        pytest.fail("missed", pytrace=False)
"""
_INI = """[pytest]
addopts = ["-p", "no:randomly", "-p", "no:hypothesispytest"]
robust_model = ["many=python:instant:right"]
"""


@contextmanager
def many_cases(cases: int, size: tuple[int, int] = _SIZE, suffix: str = "png") -> Iterator[Path]:
    """Yield a temporary repository with a suite of real pictures of a size, all of them different.

    `cases` is the folder of the suite; `empty` and `failing` have as many empty tests. Of those in `failing` as many
    fail as under the model `python:instant:sometimes_wrong`.
    """
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        (top / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (top / "instant.py").write_text(_MODELS, encoding="utf-8")
        (top / "pytest.toml").write_text(_INI, encoding="utf-8")
        suite = top / "cases" / "many"
        suite.mkdir(parents=True)
        shutil.copy(REPOSITORY / "cases" / "test_tiers.py", top / "cases")
        failing, rows = 0, ["file_name,label,tier\n"]
        for number, picture in enumerate(_pictures(cases, size)):
            picture.save(suite / f"c{number:06d}.{suffix}")
            failing += int(np.asarray(picture).sum(dtype=int) % 10 == 0)
            rows.append(f"c{number:06d}.{suffix},label 0,1\n")
        (suite / "metadata.csv").write_text("".join(rows), encoding="utf-8")
        for folder, count in (("empty", 0), ("failing", failing)):
            (top / folder).mkdir()
            text = _EMPTY.format(count=cases, failing=count)
            (top / folder / f"test_{folder}.py").write_text(text, encoding="utf-8")
        os.environ["TIERBENCH_CACHE"] = str(top / "cache")
        yield top


def _pictures(count: int, size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield pieces of the pictures of the suites in `cases/`, each at another place."""
    sources = [Image.open(path).convert("RGB") for path in sorted((REPOSITORY / "cases").glob("vehicles/*.jpg"))]
    generator = np.random.default_rng(0)
    for number in range(count):
        source = sources[number % len(sources)]
        left, top = generator.integers(0, (source.width - 160, source.height - 120))
        piece = source.resize(size, Image.Resampling.BOX, box=(left, top, left + 160, top + 120))
        # The sky has the same colour at many places: two pixels make the pictures different.
        piece.putpixel((0, 0), (number % 256, number // 256 % 256, number // 65536))
        yield piece
