"""A run over a data set that was killed: the next one goes on from its rows, with the same figures."""

from __future__ import annotations

import signal

import pandas as pd
import pytest

from tests.conftest import Bench
from tests.flat_sets import write_set
from tierbench.runs.record import read_run
from tierbench.runs.set_parts import SetParts

# Says what a colour is, and writes down what it was asked; dies where a file tells it to.
MODEL = '''
import os
import signal
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


class Eyes:
    labels = ("automobile", "ship", "truck")
    colours = {(230, 20, 20): 0, (20, 40, 220): 1, (20, 200, 40): 2}
    fingerprint = "eyes-1"

    def describe(self):
        return {"architecture": "Eyes"}

    def verify(self):
        """Spare the grey picture that a new model is tried with."""

    def predict(self, images):
        seen = HERE / "seen.txt"
        with seen.open("a") as stream:
            stream.writelines(f"{image.size}\\n" for image in images)
        dies = HERE / "dies.txt"
        if dies.exists() and len(seen.read_text().splitlines()) >= int(dies.read_text()):
            os.kill(os.getpid(), signal.SIGKILL)
        return np.stack([self.say(image.getpixel((0, 0))) for image in images])

    def say(self, pixel):
        row = np.full(3, 0.1, dtype=np.float32)
        row[self.colours.get(pixel, 0)] = 0.8
        return row


class Moody(Eyes):
    fingerprint = None
'''
# Parts of four rows, so that a small set has several.
CONFTEST = """
import tierbench.runs.set_evaluation

tierbench.runs.set_evaluation.PART_ROWS = 4
"""


@pytest.fixture
def weather(bench: Bench) -> Bench:
    """A repository with the data set `weather` and a model that can be killed."""
    import tierbench.runs.set_run  # noqa: F401 (pytester forgets imports, and NumPy does not bear a second one)

    write_set(bench.path / "weather")
    bench.file("eyes.py", MODEL)
    bench.file("cases/conftest.py", CONFTEST)
    bench.configure(robust_datasets=["imagenet-c:weather"], robust_model=["eyes=python:eyes:Eyes"])
    return bench


def seen(bench: Bench) -> int:
    """How many pictures the model was asked about since the last question."""
    file = bench.path / "seen.txt"
    count = len(file.read_text(encoding="utf-8").splitlines())
    file.unlink()
    return count


def rows(bench: Bench) -> pd.DataFrame:
    folder = bench.runs[-1]
    (result,) = read_run(folder).run.sets
    return SetParts(folder / result.results).read()


OPTIONS = ("--robust-batch-size=2", "-p", "no:cacheprovider")


def killed(bench: Bench, at: int, *options: str) -> None:
    bench.file("dies.txt", str(at))
    result = bench.pytester.runpytest_subprocess(*OPTIONS, *options, timeout=120)
    assert result.ret == -signal.SIGKILL
    (bench.path / "dies.txt").unlink()


def test_a_killed_run_goes_on_with_the_same_figures(weather: Bench) -> None:
    assert weather.run_process(*OPTIONS).code == 0
    plain = rows(weather)
    assert (seen(weather), len(plain)) == (60, 60)
    killed(weather, 31)
    assert seen(weather) == 32
    killed(weather, 15)
    assert seen(weather) == 16
    answer = weather.run_process(*OPTIONS)
    assert answer.code == 0, answer.text
    # The last batch of each killed run is lost, and what did not fill a part.
    assert seen(weather) == 60 - 28 - 12
    again = rows(weather)
    assert again["top"].map(list).tolist() == plain["top"].map(list).tolist()
    pd.testing.assert_frame_equal(again.drop(columns="top"), plain.drop(columns="top"))
    # Nothing is left to go on from: the next run predicts every picture.
    assert weather.run_process(*OPTIONS).code == 0
    assert seen(weather) == 60


@pytest.mark.parametrize(
    "options",
    [
        ["-k", "fog+3"],
        pytest.param(["--robust-no-cache", "-k", "fog+3"], marks=pytest.mark.slow),
    ],
    ids=["a slice", "no cache"],
)
def test_a_run_of_something_else_begins_anew(weather: Bench, options: list[str]) -> None:
    killed(weather, 31)
    seen(weather)
    assert weather.run_process(*OPTIONS, *options).code == 0
    assert seen(weather) == 20


@pytest.mark.slow
def test_a_model_without_a_fingerprint_begins_anew(weather: Bench) -> None:
    killed(weather, 31, "--robust-model=moody=python:eyes:Moody")
    seen(weather)
    assert weather.run_process(*OPTIONS, "--robust-model=moody=python:eyes:Moody").code == 0
    assert seen(weather) == 60


@pytest.mark.slow
def test_two_workers_predict_every_picture_once(weather: Bench) -> None:
    answer = weather.run_process(*OPTIONS, "-n", "2")
    assert answer.code == 0, answer.text
    assert (seen(weather), len(rows(weather))) == (60, 60)


# A kind of set that writes down which process lists it.
KIND = """
import os
from pathlib import Path

from tierbench.suites.datasets import DATASET_REGISTRY
from tierbench.suites.datasets.corrupted_folders import open_corrupted_folders


def opened(spec, root):
    with (Path(__file__).parent / "listed.txt").open("a") as stream:
        stream.write(f"{os.getpid()}\\n")
    return open_corrupted_folders(spec, root)


DATASET_REGISTRY.register("noted", opened)
"""


@pytest.mark.slow
def test_workers_that_do_not_predict_do_not_list_the_files(weather: Bench) -> None:
    weather.file("cases/conftest.py", KIND)
    answer = weather.run_process("-n", "3", "--robust-dataset=noted:weather")
    assert answer.code == 0, answer.text
    listed = (weather.path / "cases/listed.txt").read_text(encoding="utf-8").split()
    # The controller, and the worker that predicted.
    assert len(listed) == len(set(listed)) == 2


def test_a_run_that_is_interrupted_keeps_all_rows_it_has(weather: Bench) -> None:
    text = MODEL.replace("os.kill(os.getpid(), signal.SIGKILL)", "raise KeyboardInterrupt")
    weather.file("eyes.py", text)
    weather.file("dies.txt", "31")
    assert weather.pytester.runpytest_subprocess(*OPTIONS, timeout=120).ret == 2
    seen(weather)
    (weather.path / "dies.txt").unlink()
    weather.file("eyes.py", text)
    assert weather.run_process(*OPTIONS).code == 0
    assert seen(weather) == 30
