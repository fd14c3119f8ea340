"""Images without a verdict: an error is never a pass, whatever the suite demands and whatever is selected."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE

LENIENT = "[tiers.1]\nmin_pass_rate = 0.0\n[tiers.2]\nmin_pass_rate = 0.0\n"


def break_pictures(bench: Bench, suite: str = "garage") -> None:
    """Truncate every picture of a suite."""
    for picture in (bench.path / "cases" / suite).glob("*.png"):
        picture.write_bytes(picture.read_bytes()[:60])


def test_a_tier_with_errors_is_not_determined_even_where_nothing_is_demanded(garage: Bench) -> None:
    garage.suite("garage", GARAGE, LENIENT)
    break_pictures(garage)
    answer = garage.run()
    assert answer.code == 1
    assert "model: level not determined (tier 1 of garage left open by errors)" in answer.text
    run = garage.record().run
    assert (run.models[0].level, [tier.met for tier in run.tiers]) == (None, [None, None])


@pytest.mark.parametrize("kind", ["tier", "level", "regression"])
def test_no_test_of_a_whole_tier_passes_with_errors(accepted: Bench, kind: str) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    break_pictures(accepted)
    answer = accepted.run("-k", f"test_{kind}", "--robust-gate", "regression")
    assert answer.code == 1
    assert "passed" not in answer.text.splitlines()[-1]
    assert "garage/tier1: not determined, 8 images without a verdict: garage/red_1, garage/red_2" in answer.text


def test_a_known_issue_excuses_no_error(garage: Bench) -> None:
    garage.suite("garage", "file_name,label,tier,known_issue\nred.png,automobile,1,TICKET-1\n")
    break_pictures(garage)
    answer = garage.run("-k", "test_tier")
    assert answer.code == 1
    assert "1 failed" in answer.text


# It keeps to the interface for the grey picture that is tried before a run, and for no other.
DOUBLED = """
import numpy as np

class Doubled:
    labels = ("airplane", "automobile")
    fingerprint = "doubled-1"

    def describe(self):
        return {"architecture": "Doubled"}

    def predict(self, images):
        return np.array([[0.5, 0.5] if image.getpixel((0, 0)) == (128, 128, 128) else [0.9, 0.9] for image in images])
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_why_a_model_cannot_predict_is_reported_once_for_the_run(bench: Bench, options: tuple[str, ...]) -> None:
    bench.suite("reds", "\n".join(["file_name,label,tier", *(f"red_{n}.png,automobile,1" for n in range(6)), ""]))
    bench.file("doubled.py", DOUBLED)
    bench.configure(robust_model=["python:doubled:Doubled"])
    answer = bench.run_process(*options, "-rs")
    assert answer.code == 1, answer.text
    assert "not to 1; apply softmax" in answer.line("multi_label = True")
    assert "Doubled cannot predict: another test reports why" in answer.text
    # Of 6 cases and a tier.
    assert "6 skipped, 1 error" in answer.text.splitlines()[-1]
    # The record has every case as an error with its reason.
    record = bench.record()
    assert set(record.scores["outcome"]) == {"error"}
    assert all("sum to 1.8" in reason for reason in record.scores["reason"])
    assert len(record.scores) == 6
    assert record.run.models[0].level is None
