"""Predictions are kept under all that tells one model from another, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Bench

MODEL = """
import numpy as np
import torch
from tierbench import TorchClassifier

class Model:
    labels = ["automobile", "ship"]
    fingerprint = "1"
    def describe(self): return {"preprocessing": type(self).__name__}
    def predict(self, images): return np.tile([0.9, 0.1], (len(images), 1))

class Permuted(Model):
    labels = ["ship", "automobile"]

class Longer(Model):
    labels = ["automobile", "ship", "truck"]
    def predict(self, images): return np.tile([0.8, 0.1, 0.1], (len(images), 1))

class Unsure(Model):
    def predict(self, images): return np.tile([0.6, 0.4], (len(images), 1))

class Unnamed(Model):
    fingerprint = None

def other(): return Unsure()

def closure(version=""):
    size = 1
    def preprocess(image): return torch.full((3,), float(size))
    return TorchClassifier(torch.nn.Linear(3, 2), ["automobile", "ship"], preprocess, version=version)

def versioned(): return closure("1")
"""


@pytest.fixture
def models(study: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A repository with several models of the user's own that claim one fingerprint."""
    # Python takes the compiled form of a file that was edited within the same second for its own.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    study.file("models.py", MODEL)
    return study


def cached(bench: Bench, factory: str, name: str = "m") -> str:
    """Run a factory's model, and return how many predictions were there already and what was scored."""
    answer = bench.run(f"--robust-model={name}=python:models:{factory}")
    line = answer.line(" cached, ")
    score = bench.record().scores["score"].iloc[0]
    return f"{line.partition(' cached, ')[0].rpartition(', ')[2]}, {score:.1f}"


def test_a_claimed_fingerprint_holds_for_one_factory_with_its_labels_and_code(models: Bench) -> None:
    assert cached(models, "Model") == "0 of 3 predictions, 0.9"
    assert cached(models, "Model") == "3 of 3 predictions, 0.9"
    assert cached(models, "Unsure") == "0 of 3 predictions, 0.6"
    assert cached(models, "other") == "0 of 3 predictions, 0.6"
    assert cached(models, "Permuted") == "0 of 3 predictions, 0.1"
    assert cached(models, "Longer") == "0 of 3 predictions, 0.8"
    # Edited code, of which the fingerprint says nothing.
    models.file("models.py", MODEL.replace("[0.9, 0.1]", "[0.7, 0.3]"))
    assert cached(models, "Model") == "0 of 3 predictions, 0.7"


def test_other_labels_under_the_same_fingerprint_and_code_are_another_model(models: Bench) -> None:
    models.file("models.py", MODEL.replace('["automobile", "ship"]', "open('labels').read().split()"))
    models.file("labels", "automobile ship")
    assert cached(models, "Model") == "0 of 3 predictions, 0.9"
    models.file("labels", "ship automobile")
    assert cached(models, "Model") == "0 of 3 predictions, 0.1"
    models.file("labels", "automobile ship")
    assert cached(models, "Model") == "3 of 3 predictions, 0.9"


@pytest.mark.parametrize("factory", ["Unnamed", "closure"])
def test_without_a_fingerprint_nothing_is_kept_between_runs(models: Bench, factory: str, cache: Path) -> None:
    for _ in range(2):
        assert cached(models, factory).startswith("0 of 3 predictions")
    assert cached(models, "Model") == "0 of 3 predictions, 0.9"


def test_without_a_fingerprint_the_record_has_its_card_all_the_same(models: Bench) -> None:
    models.run("--robust-model=m=python:models:Unnamed")
    (model,) = models.record().run.models
    assert (model.fingerprint, model.preprocessing) == ("", "Unnamed")


def test_with_a_version_the_predictions_of_a_module_are_kept(models: Bench) -> None:
    seeded = MODEL.replace("    size = 1\n", "    size = 1\n    torch.manual_seed(1)\n")
    models.file("models.py", seeded)
    assert cached(models, "versioned").startswith("0 of 3")
    assert cached(models, "versioned").startswith("3 of 3")
    # What the closure holds is seen by nobody, but the file that it is written in is.
    models.file("models.py", seeded.replace("size = 1", "size = 2"))
    assert cached(models, "versioned").startswith("0 of 3")


@pytest.mark.slow
def test_workers_share_the_predictions_of_a_model_without_a_fingerprint(models: Bench) -> None:
    pytest.importorskip("xdist")
    counting = (
        "    def predict(self, images): open('calls', 'a').write(str(len(images))); return super().predict(images)\n"
    )
    models.file("models.py", MODEL.replace("    fingerprint = None\n", f"    fingerprint = None\n{counting}"))
    answer = models.run_process("-n2", "--robust-model=m=python:models:Unnamed")
    assert (models.path / "calls").read_text(encoding="utf-8") == "3", answer.text


OWN = """
import pytest
from models import {name}

@pytest.fixture(scope="{scope}")
def classifier():
    return {name}()
"""


@pytest.mark.parametrize(
    ("name", "scope", "problem"),
    [
        ("Model", "function", ""),
        ("Unnamed", "session", ""),
        ("Unnamed", "function", "without a fingerprint"),
    ],
)
def test_a_fixture_that_returns_a_new_model_in_each_test(models: Bench, name: str, scope: str, problem: str) -> None:
    models.configure(pythonpath=["."])
    models.file("cases/conftest.py", OWN.format(name=name, scope=scope))
    answer = models.run("-m", "tier1")
    assert ("returns another model in each test" in answer.text) is bool(problem)
    assert problem in answer.text
    assert answer.code == (1 if problem else 0)
