"""How long the models predicted: said on a line of its own, spread over the tests, outside of their time limits."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.conftest import Bench

SUITE = "file_name,label,tier\nred_1.png,automobile,1\nred_2.png,automobile,1\nred_3.png,automobile,1\n"
# A model that needs longer for a picture than a test may take.
# A model that takes longer for all pictures than a test may.
SLOW = """
import time

import numpy as np

class Slow:
    labels = ("automobile", "ship")
    fingerprint = None

    def describe(self):
        return {}

    def predict(self, images):
        time.sleep(1.2)
        return np.tile(np.array([0.9, 0.1], dtype=np.float32), (len(images), 1))

def make():
    return Slow()
"""
MODEL = "--robust-model=slow=python:slow:make"
OWN = """
import threading


def test_own():
    threading.Event().wait(60)
"""


@pytest.fixture
def slow(bench: Bench) -> Bench:
    bench.file("slow.py", SLOW)
    bench.suite("cars", SUITE)
    return bench


def durations(file: Path) -> dict[str, float]:
    cases = ElementTree.parse(file).iter("testcase")  # noqa: S314 (pytest's own)
    return {case.attrib["name"]: float(case.attrib["time"]) for case in cases}


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_it_is_spread_over_the_tests_of_its_pictures(slow: Bench, workers: tuple[str, ...]) -> None:
    answer = slow.run(MODEL, "--junitxml=junit.xml", *workers)
    assert answer.code == 0
    (model,) = slow.record().run.models
    assert model.pictures == 3
    assert model.prediction_s is not None
    assert model.prediction_s >= 1.2
    assert answer.line("prediction:").startswith("prediction: 3 pictures in ")
    spent = durations(slow.path / "junit.xml")
    cases = [seconds for name, seconds in spent.items() if name.startswith("test_case")]
    assert len(cases) == 3
    assert min(cases) >= round(model.prediction_s / 3, 2) - 0.01


def test_pictures_without_a_test_count_for_the_gate_that_needs_them(slow: Bench) -> None:
    slow.run(MODEL, "--junitxml=junit.xml", "cases/test_tiers.py::test_tier")
    assert durations(slow.path / "junit.xml")["test_tier[cars/tier1]"] >= 1.2


def test_the_test_that_asks_first_has_no_more_than_its_part(slow: Bench) -> None:
    # Pytest's own times: three tests that had each all of the prediction would have three times as much.
    slow.run(MODEL, "--junitxml=junit.xml", "-k", "test_case")
    (model,) = slow.record().run.models
    first, *others = durations(slow.path / "junit.xml").values()
    assert others
    assert model.prediction_s is not None
    assert first - max(others) < model.prediction_s


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_what_the_model_takes_is_outside_of_the_limit_of_pytest_timeout(slow: Bench, method: str) -> None:
    slow.file("cases/test_zz_own.py", OWN)
    # The other method ends the process.
    own = ("-k", "not own") if method == "thread" else ()
    answer = slow.run_process(MODEL, "--timeout=1", f"--timeout-method={method}", *own)
    assert "4 passed" in answer.text if method == "thread" else "1 failed, 4 passed" in answer.text
    assert ("Timeout" in answer.text) == (method == "signal")
