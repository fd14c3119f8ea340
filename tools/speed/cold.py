"""A cold model on the CPU, compared with transformers' pipeline and the best loop by hand of the same backend.

All ways take turns, a part of the photographs at a time, so that they run under the same load: what counts is the
median of the ratios of the turns, in wall-clock time, which holds on a busy machine too.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from .budget import Budget
from .repositories import photographs

Way = Callable[[Sequence[Path]], np.ndarray]
_BATCH = 16
# Photographs in a turn: eight batches, because a run of hundreds opens a store and starts threads once.
_PART = 128
_PIPELINE = {"torch": 1.15, "onnx": 1.7}
_PICTURES = (".jpg", ".jpeg", ".png")


@dataclass
class _Turns:
    """Seconds for a photograph in each turn of a way, by the wall clock and of the CPU, and all probabilities."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)

    def take(self, way: Way, part: Sequence[Path]) -> None:
        """Measure one part."""
        clock, processor = time.perf_counter(), time.process_time()
        self.outputs.append(way(part))
        self.clock.append((time.perf_counter() - clock) / len(part))
        self.processor.append((time.process_time() - processor) / len(part))

    @property
    def text(self) -> str:
        """Say the medians."""
        return f"{1000 * median(self.clock):.0f} ms ({1000 * median(self.processor):.0f} of CPU)"


def cold(images: int, folder: Path | None = None) -> list[Budget]:
    """Measure photographs through ResNet-50 and the built-in model, in torch and ONNX Runtime.

    Args:
        images: how many.
        folder: where they are; None: crops of scikit-image's photographs, of mixed sizes.
    """
    from transformers.utils import logging as transformers_logging

    from tierbench.models.reference import reference_folder

    transformers_logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        os.environ["TIERBENCH_CACHE"] = str(top / "cache")
        paths = _drawn(folder, images) if folder else photographs(top / "photographs", images)
        models = {"ResNet-50": _resnet(top / "model"), "the built-in model": reference_folder()}
        return [
            budget
            for model, saved in models.items()
            for backend in _PIPELINE
            for budget in _measured(model, saved, backend, paths)
        ]


def _drawn(folder: Path, images: int) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)
    return random.Random(0).sample(found, min(images, len(found)))  # noqa: S311  # no secret is made of it


def _resnet(folder: Path) -> Path:
    """Save a ResNet-50 (the defaults of its config) with random weights."""
    import torch
    from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetForImageClassification

    torch.manual_seed(0)
    labels = {index: f"label {index}" for index in range(1000)}
    config = ResNetConfig(id2label=labels, label2id={label: index for index, label in labels.items()})
    ResNetForImageClassification(config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": 224}).save_pretrained(folder)
    return folder


def _measured(model: str, folder: Path, backend: str, paths: Sequence[Path]) -> list[Budget]:
    ways = {"ours": _ours(folder, backend), "pipeline": _pipeline(folder), **_by_hand(folder, backend)}
    for way in ways.values():
        way(paths[:_BATCH])
    turns = {name: _Turns() for name in ways}
    for start in range(0, len(paths), _PART):
        for name, way in ways.items():
            turns[name].take(way, paths[start : start + _PART])
    hands = [name for name in ways if name not in ("ours", "pipeline")]
    best = min(hands, key=lambda name: median(turns[name].clock))

    def faster(than: str, kind: str) -> float:
        both = zip(getattr(turns[than], kind), getattr(turns["ours"], kind), strict=True)
        ratios: list[float] = [theirs / ours for theirs, ours in both]
        return median(ratios)

    note = f"{len(paths)} photographs, an image: " + ", ".join(f"{name} {turn.text}" for name, turn in turns.items())
    difference = float(np.abs(np.concatenate(turns["ours"].outputs) - np.concatenate(turns[hands[0]].outputs)).max())
    name = f"cold {model}, {backend}"
    return [
        Budget(
            name,
            faster("pipeline", "clock"),
            _PIPELINE[backend],
            "× pipeline",
            at_least=True,
            note=f"{note}; {faster('pipeline', 'processor'):.2f} × in CPU time",
        ),
        Budget(
            name,
            faster(best, "clock"),
            0.97,
            f"× the best loop by hand ({best})",
            at_least=True,
            note=f"{faster(best, 'processor'):.2f} × in CPU time",
        ),
        Budget(name, difference, 1e-5, "largest difference of a score", note=f"from {hands[0]}"),
    ]


def _ours(folder: Path, backend: str) -> Way:
    from tierbench.models import load_classifier
    from tierbench.models.prediction_store import PredictionStore
    from tierbench.models.predictor import Predictor
    from tierbench.suites import Case, Thresholds

    classifier = load_classifier(str(folder), device="cpu", backend=backend)

    def predict(part: Sequence[Path]) -> np.ndarray:
        cases = [Case("speed", str(n), path.name, path, ("",), 1, Thresholds()) for n, path in enumerate(part)]
        found = Predictor(classifier, PredictionStore(None), _BATCH).predict(cases)
        # An image without a prediction would make this raise.
        return np.stack([np.asarray(found[case.key].probabilities, dtype=np.float32) for case in cases])

    return predict


def _pipeline(folder: Path) -> Way:
    from transformers import pipeline

    whole = pipeline("image-classification", str(folder), device="cpu", use_fast=False)

    def predict(part: Sequence[Path]) -> np.ndarray:
        answers = whole([str(path) for path in part], batch_size=_BATCH)
        return np.array([answer[0]["score"] for answer in answers])

    return predict


def _by_hand(folder: Path, backend: str) -> dict[str, Way]:
    """Return loops whose threads decode and prepare ahead of the model: the first is the plainest."""
    if backend == "onnx":
        run = _session(folder)
        return {"session.run": _loop(folder, run), "session.run of 4": _loop(folder, run, 4)}
    last = _module(folder, last=True)
    return {
        "contiguous": _loop(folder, _module(folder, last=False)),
        "channels last": _loop(folder, last),
        "channels last of 4": _loop(folder, last, 4),
    }


def _loop(folder: Path, logits_of: Callable[[np.ndarray], np.ndarray], size: int = _BATCH) -> Way:
    from transformers import AutoImageProcessor

    processor: Any = AutoImageProcessor.from_pretrained(folder, backend="pil")

    def prepared(path: Path) -> np.ndarray:
        pixels: np.ndarray = processor(images=[Image.open(path).convert("RGB")], return_tensors="np")["pixel_values"][0]
        return pixels

    def predict(part: Sequence[Path]) -> np.ndarray:
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(prepared, path) for path in part]
            batches = [waiting[start : start + size] for start in range(0, len(part), size)]
            logits = np.concatenate([logits_of(np.stack([each.result() for each in batch])) for batch in batches])
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    return predict


def _module(folder: Path, *, last: bool) -> Callable[[np.ndarray], np.ndarray]:
    import torch
    from transformers import AutoModelForImageClassification

    layout = torch.channels_last if last else torch.contiguous_format
    model = AutoModelForImageClassification.from_pretrained(folder).eval().to(memory_format=layout)

    def logits_of(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            logits: np.ndarray = model(torch.from_numpy(pixels).to(memory_format=layout)).logits.numpy()
        return logits

    return logits_of


def _session(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime
    import torch

    from tierbench.models.files import read_model_folder
    from tierbench.models.onnx_export import export_model
    from tierbench.models.transformers_model import TransformersClassifier

    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        file = Path(name) / "model.onnx"
        export_model(TransformersClassifier(read_model_folder(folder, "speed"), device="cpu"), file, "speed")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session: Any = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0].name

    def logits_of(pixels: np.ndarray) -> np.ndarray:
        logits: np.ndarray = session.run(None, {taken: pixels})[0]
        return logits

    return logits_of
