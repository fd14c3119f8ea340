"""A small repository of a user, with one suite and a model that needs no torch, for tools that run the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

# What the model says of every picture, each of which is a ship.
SCORE = 0.75
SUITE = "sea"
_MODEL = """\
import time

import numpy as np


class Plain:
    labels = ("airplane", "ship")
    fingerprint = "plain-1"

    def describe(self):
        return {{"architecture": "Plain"}}

    def predict(self, images):
        time.sleep({seconds} * len(images))
        return np.tile(np.array([0.25, 0.75], dtype=np.float32), (len(images), 1))
"""
_TESTS = """\
def test_case(robust_case):
    robust_case.check()


def test_tier(robust_tier):
    robust_tier.check()
"""
SETTINGS = """\
[tool.pytest]
testpaths = ["cases"]
robust_batch_size = "2"
robust_model = ["plain=python:plain_model:Plain"]
"""


def make_repository(top: Path, cases: int, seconds: float = 0.0) -> None:
    """Write the repository.

    Args:
        top: its folder, to be made.
        cases: number of pictures in its suite, in tiers 1 to 3.
        seconds: how long the model takes for a picture.
    """
    suite = top / "cases" / SUITE
    suite.mkdir(parents=True)
    (top / "conftest.py").write_text('pytest_plugins = ["tierbench.plugin"]\n', encoding="utf-8")
    (top / "cases" / "test_tiers.py").write_text(_TESTS, encoding="utf-8")
    (top / "plain_model.py").write_text(_MODEL.format(seconds=seconds), encoding="utf-8")
    (top / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    rows = ["file_name,label,tier"]
    for number in range(cases):
        noise_picture(suite / f"c{number}.png", number)
        rows.append(f"c{number}.png,ship,{1 + number % 3}")
    (suite / "metadata.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


def noise_picture(file: Path | BinaryIO, seed: int) -> None:
    """Write a picture of noise: those of one colour would be reported as near-duplicates of one another."""
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((32, 32)).save(file, "PNG")
