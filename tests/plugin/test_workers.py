"""Under pytest-xdist one worker predicts, and the others wait and read what it kept."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.flat_colours import RGB

# Six pictures of different colours: equal ones would be predicted once anyway.
ROWS = "\n".join(["file_name,label,tier", *(f"{colour}.png,automobile,1" for colour in RGB), ""])
# A model that writes down what it predicts. It begins only when the other worker has come as far: to its own first
# prediction, or to the lock before it, which filelock's debug log tells.
MODEL = """
import logging
import os
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PATIENCE_S = 60


def note(file, line):
    handle = os.open(HERE / file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{line}\\n".encode())
    os.close(handle)


class Waiting(logging.Handler):
    def emit(self, record):
        if "waiting" in record.getMessage():
            note("came.txt", os.getpid())


logging.getLogger("filelock").addHandler(Waiting())
logging.getLogger("filelock").setLevel(logging.DEBUG)


class Slow:
    labels = ("airplane", "automobile")
    fingerprint = "slow-1"
    first = True

    def describe(self):
        return {"architecture": "Slow"}

    def predict(self, images):
        if self.first:
            self.first = False
            note("came.txt", os.getpid())
            self.wait_for_the_other()
        for image in images:
            note("predicted.txt", image.getpixel((0, 0)))
        return np.tile(np.array([0.1, 0.9], dtype=np.float32), (len(images), 1))

    def wait_for_the_other(self):
        end = time.monotonic() + PATIENCE_S
        while len(set((HERE / "came.txt").read_text().split())) < 2:
            if time.monotonic() > end:
                note("predicted.txt", "the other worker did not come")
                return
            time.sleep(0.01)
"""


@pytest.mark.parametrize(
    "options", [(), pytest.param(("--robust-no-cache",), marks=pytest.mark.slow)], ids=["cache", "no cache"]
)
def test_every_image_is_predicted_once_over_all_workers(bench: Bench, options: tuple[str, ...]) -> None:
    bench.suite("colours", ROWS)
    bench.file("slow.py", MODEL)
    bench.configure(robust_model=["python:slow:Slow"])
    answer = bench.run_process("-n", "2", *options)
    assert answer.code == 0, answer.text
    predicted = (bench.path / "predicted.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(predicted) == sorted(str(rgb) for rgb in RGB.values())
    assert set(bench.record().scores["outcome"]) == {"passed"}
