"""`--robust-processor [NAME=]FOLDER` and its ini key: the image processor of a model that has none beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Bench
from tests.flat_colours import LABELS
from tierbench.models import MODEL_REGISTRY


class Bare:
    """A model that only says where its image processor lies."""

    labels = LABELS

    def __init__(self, spec: str, *, processor: Path | None = None, **_: Any) -> None:
        self.fingerprint = f"{spec} {processor.name if processor else 'none'}"

    def describe(self) -> dict[str, Any]:
        return {"processor": self.fingerprint}

    def predict(self, images: Any) -> np.ndarray:
        return np.tile(np.array([0.1, 0.7, 0.1, 0.1], dtype=np.float32), (len(images), 1))


@pytest.fixture
def bare(study: Bench) -> Iterator[Bench]:
    """A repository for models of the kind `bare`."""
    MODEL_REGISTRY.register("bare", Bare)
    yield study
    MODEL_REGISTRY.unregister("bare")


def test_the_model_gets_the_folder_of_the_option_or_the_ini_key(bare: Bench) -> None:
    assert bare.run("--robust-model", "bare:x", "--robust-processor", "mine", "-m", "tier1").code == 0
    assert bare.record().run.models[0].fingerprint == "bare:x mine"
    bare.configure(robust_model=["bare:x"], robust_processor=["of/the/ini"])
    bare.run("-m", "tier1")
    assert bare.record().run.models[0].fingerprint == "bare:x ini"


def test_with_several_models_the_name_says_whose(bare: Bench) -> None:
    models = ("--robust-model", "a=bare:x", "--robust-model", "b=bare:x", "-m", "tier1")
    bare.run(*models, "--robust-processor", "b=mine")
    assert [model.fingerprint for model in bare.record().run.models] == ["bare:x none", "bare:x mine"]
    answer = bare.run(*models, "--robust-processor", "mine", "--robust-processor", "c=mine", "--robust-processor", "a=")
    assert answer.code == 4
    assert answer.errors == [
        "--robust-processor 'mine' must say which of 2 models it is for; write NAME=FOLDER",
        "--robust-processor 'c=mine': no model is named 'c'; known: a, b",
        "--robust-processor 'a=' names no folder; write [NAME=]FOLDER",
    ]


def test_a_kind_of_model_that_declares_no_processor_refuses_the_option(study: Bench) -> None:
    answer = study.run("--robust-processor", "mine")
    assert answer.code == 4
    assert answer.errors == [
        f"model {str(study.model)!r}: its image processor cannot be replaced; leave out --robust-processor "
        "(tierbench: --processor)"
    ]
