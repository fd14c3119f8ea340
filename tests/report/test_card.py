"""The model card in words: the same facts in the report and in `tierbench model`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import Bench
from tierbench.report.card_text import card_facts, card_steps

WHOLE: dict[str, Any] = {
    "unknown": [],
    "device": "cpu",
    "architecture": "ResNetForImageClassification",
    "parameters": 25_557_032,
    "file_size": 102_441_296,
    "labels": ["a", "b"],
    "outputs": "softmax",
    "preprocessing": {"do_resize": True},
    "steps": ["decode RGB", "resize shortest edge to 256, bicubic"],
    "input_size": [224, 320],
    "config": {"depths": [3]},
    "dtype": "float32",
    "file_dtype": "bfloat16",
    "backend": "onnxruntime",
    "spec": "models/resnet",
    "fingerprint": "0123456789abcdef",
}


def test_the_facts_of_a_whole_card() -> None:
    assert card_facts(WHOLE) == [
        ("architecture", "ResNetForImageClassification"),
        ("parameters", "25,557,032"),
        ("file size", "102.4 MB"),
        ("weights", "float32 (in the file: bfloat16)"),
        ("backend", "ONNX Runtime"),
        ("device", "cpu"),
        ("input", "224 × 320 (height × width)"),
        ("outputs", "softmax"),
        ("from", "models/resnet"),
        ("fingerprint", "0123456789abcdef"),
    ]
    assert card_steps(WHOLE) == ["decode RGB", "resize shortest edge to 256, bicubic"]
    assert dict(card_facts({**WHOLE, "file_dtype": "float32"}))["weights"] == "float32"


@pytest.mark.parametrize(
    ("backend", "text"), [("torch", "PyTorch"), ("remote", "remote: behind its address"), ("tensorrt", "tensorrt")]
)
def test_the_backend(backend: str, text: str) -> None:
    assert dict(card_facts({**WHOLE, "backend": backend}))["backend"] == text


def test_what_is_not_known() -> None:
    remote = {**WHOLE, "parameters": None, "preprocessing": None, "unknown": ["parameters", "steps"]}
    assert card_facts(remote)[-1] == ("not known", "parameters, preprocessing")
    assert card_facts({**WHOLE, "unknown": ["steps"]})[-1] == ("not known", "preprocessing step by step")
    odd: dict[Any, Any] = {
        "architecture": 3,
        "unknown": "all",
        "parameters": "many",
        "steps": "one",
        "file_size": "",
        7: [1, [2]],
    }
    assert ("7", "[1, [2]]") in card_facts(odd)
    assert card_facts(odd)[-1] == ("not known", "file size, weights, backend, preprocessing")
    assert card_steps(odd) == []


def test_the_report_shows_the_steps(study: Bench) -> None:
    study.run("-m", "tier1")
    (folder,) = study.runs
    page = (folder / "report.html").read_text(encoding="utf-8")
    (steps,) = re.findall(r'<ol class="tb-steps">(.*?)</ol>', page, re.DOTALL)
    texts = re.findall(r"<li><bdi>(.*?)</bdi></li>", steps)
    assert texts[:3] == [
        "decode RGB",
        "resize shortest edge to 36, bicubic",
        "crop 32 × 32 at the centre",
    ]
