"""The repositories and photographs that are measured."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).parents[2]
CONFTEST = 'pytest_plugins = ["tierbench.plugin"]\n'
EMPTY = "import pytest\n\n\n@pytest.mark.parametrize('number', range({count}))\ndef test_empty(number):\n    pass\n"
# A model with a constant prediction, which takes no time.
INSTANT = """
import numpy as np

class Instant:
    labels = tuple(f"label {number}" for number in range(10))
    fingerprint = "instant-1"

    def describe(self):
        return {"architecture": "Instant"}

    def predict(self, images):
        return np.tile(np.eye(10, dtype=np.float32)[0], (len(images), 1))
"""


@contextmanager
def repository(cases: int) -> Iterator[Path]:
    """Yield a temporary repository with the given number of cases of 32 × 24 pixels and the instant model."""
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        (top / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (top / "instant.py").write_text(INSTANT, encoding="utf-8")
        suite = top / "cases" / "many"
        suite.mkdir(parents=True)
        shutil.copy(REPOSITORY / "cases" / "test_tiers.py", top / "cases")
        rows = []
        for number in range(cases):
            colour = (number % 251, number // 251 % 251, 7)
            Image.new("RGB", (32, 24), colour).save(suite / f"c{number:05d}.png")
            rows.append(f"c{number:05d}.png,label 0,1\n")
        (suite / "metadata.csv").write_text("file_name,label,tier\n" + "".join(rows), encoding="utf-8")
        (top / "empty").mkdir()
        # One more test, so that both have the same number: the suite has the gate of the tier.
        (top / "empty" / "test_empty.py").write_text(EMPTY.format(count=cases + 1), encoding="utf-8")
        ini = '[pytest]\naddopts = ["-p", "no:randomly", "-p", "no:hypothesispytest"]\n'
        (top / "pytest.toml").write_text(ini + 'robust_model = ["python:instant:Instant"]\n', encoding="utf-8")
        os.environ["TIERBENCH_CACHE"] = str(top / "cache")
        yield top


@contextmanager
def suites_of_this_repository() -> Iterator[Path]:
    """Yield a temporary repository with the suites and the accepted baselines of this one, and an empty cache."""
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        for folder in ("cases", "reports/baselines"):
            shutil.copytree(REPOSITORY / folder, top / folder)
        (top / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (top / "pytest.toml").write_text('[pytest]\nstrict = true\ntestpaths = ["cases"]\n', encoding="utf-8")
        os.environ["TIERBENCH_CACHE"] = str(top / "cache")
        # As for a user: without compiled modules, every start would compile them.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(top / "bytecode")
        yield top


def photographs(folder: Path, count: int) -> list[Path]:
    """Write crops of scikit-image's photographs, of mixed sizes, as JPEG files; return their paths."""
    import skimage

    folder.mkdir()
    data = Path(skimage.__file__).parent / "data"
    sources = [Image.open(data / name).convert("RGB") for name in ("astronaut.png", "coffee.png", "chelsea.png")]
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        source = sources[number % len(sources)]
        width, height = (int(generator.integers(240, side)) for side in source.size)
        left, top = int(generator.integers(source.width - width)), int(generator.integers(source.height - height))
        paths.append(folder / f"p{number:04d}.jpg")
        source.crop((left, top, left + width, top + height)).save(paths[-1], quality=90)
    return paths
