"""--robust-device auto|cpu|cuda|mps"""

from __future__ import annotations

import pytest
import torch

from tests.conftest import Bench


def test_the_device_is_recorded(study: Bench) -> None:
    assert study.run("-m", "tier1", "--robust-device", "cpu").code == 0
    run = study.record().run
    assert (run.device, run.models[0].device) == ("cpu", "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_asked_for_and_absent_is_one_line(study: Bench) -> None:
    answer = study.run("--robust-device", "cuda")
    assert answer.code == 4
    assert len(answer.errors) == 1
    assert answer.errors[0].startswith("--robust-device cuda: torch ")
    assert answer.errors[0].endswith("does not find such a device; use --robust-device auto or cpu")


def test_an_unknown_device(study: Bench) -> None:
    assert study.run("--robust-device", "tpu").code == 4
    study.configure(robust_device="tpu")
    answer = study.run()
    assert answer.code == 4
    assert answer.errors == ["ini key robust_device: 'tpu' is unknown; write one of auto, cpu, cuda, mps"]
