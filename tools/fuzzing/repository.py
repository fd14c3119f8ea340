"""A small repository of a user with a suite, a model that needs no torch, and a recorded run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.calling import run_pytest

CASES = 6
SCORE = 0.75
_MODEL = """\
import numpy as np


class Plain:
    labels = ("airplane", "ship")
    fingerprint = "plain-1"

    def describe(self):
        return {"architecture": "Plain"}

    def predict(self, images):
        return np.tile(np.array([0.25, 0.75], dtype=np.float32), (len(images), 1))
"""
_TESTS = """\
def test_case(robust_case):
    robust_case.check()


def test_tier(robust_tier):
    robust_tier.check()
"""
# Without an underscore, a file of the repository shadows no module of an input's name.
SETTINGS = '[tool.pytest]\ntestpaths = ["cases"]\nrobust_model = ["plain=python:plain_model:Plain"]\n'


def make_repository(top: Path) -> None:
    """Write the repository into a new folder."""
    suite = top / "cases" / "sea"
    suite.mkdir(parents=True)
    (top / "conftest.py").write_text('pytest_plugins = ["tierbench.plugin"]\n', encoding="utf-8")
    (top / "cases" / "test_tiers.py").write_text(_TESTS, encoding="utf-8")
    (top / "plain_model.py").write_text(_MODEL, encoding="utf-8")
    (top / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    rows = ["file_name,label,tier"]
    for number in range(CASES):
        # Noise, because pictures of one colour would be reported as near-duplicates.
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32)).save(suite / f"c{number}.png")
        rows.append(f"c{number}.png,ship,{1 + number % 3}")
    (suite / "metadata.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


def run_whole(top: Path, arguments: Sequence[str] = ()) -> Path:
    """Run pytest in the repository, which must pass, and return the folder of the run."""
    before = set((top / "reports").glob("*Z-*"))
    here = Path.cwd()
    os.chdir(top)
    try:
        answer = run_pytest(f"--rootdir={top}", *arguments)
    finally:
        os.chdir(here)
    if answer.code:
        raise RuntimeError(f"an undisturbed run failed:\n{answer.out}{answer.err}")
    (folder,) = set((top / "reports").glob("*Z-*")) - before
    return folder
