"""A cold model on the CPU, compared with transformers' pipeline and a plain loop."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from .budget import Budget
from .repositories import photographs


def cold(images: int) -> list[Budget]:
    """Measure photographs through ConvNeXt-T against the pipeline and a plain loop."""
    import torch
    from transformers import ConvNextConfig, ConvNextForImageClassification, ConvNextImageProcessorPil, pipeline
    from transformers.utils import logging as transformers_logging

    from tierbench.models.files import read_model_folder
    from tierbench.models.prediction_store import PredictionStore
    from tierbench.models.predictor import Predictor
    from tierbench.models.transformers_model import TransformersClassifier
    from tierbench.suites import Case, Thresholds

    torch.manual_seed(0)
    transformers_logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        paths = photographs(top / "photographs", images)
        labels = {index: f"label {index}" for index in range(1000)}
        # The defaults are ConvNeXt-T.
        config = ConvNextConfig(id2label=labels, label2id={label: index for index, label in labels.items()})
        ConvNextForImageClassification(config).save_pretrained(top / "model")
        ConvNextImageProcessorPil(size={"shortest_edge": 224}).save_pretrained(top / "model")
        cases = [
            Case("speed", path.stem, path.name, path, ("label 0",), 1, Thresholds(), group=path.stem) for path in paths
        ]
        classifier = TransformersClassifier(read_model_folder(top / "model", "speed"), device="cpu")
        whole = pipeline("image-classification", str(top / "model"), device="cpu", top_k=1000, use_fast=False)
        model = ConvNextForImageClassification.from_pretrained(top / "model").eval()
        model = model.to(memory_format=torch.channels_last)
        processor = ConvNextImageProcessorPil.from_pretrained(top / "model")

        def ours(part: list[int]) -> np.ndarray:
            predictor = Predictor(classifier, PredictionStore(None), 16)
            found = predictor.predict([cases[index] for index in part])
            outputs = [found[cases[index].key].probabilities for index in part]
            return np.stack([output for output in outputs if output is not None])

        def piped(part: list[int]) -> np.ndarray:
            answers = whole([str(paths[index]) for index in part], batch_size=16)
            by_label = [{entry["label"]: entry["score"] for entry in each} for each in answers]
            return np.array([[scores[label] for label in labels.values()] for scores in by_label])

        def by_hand(part: list[int]) -> np.ndarray:
            outputs = []
            for start in range(0, len(part), 16):
                opened = [Image.open(paths[index]).convert("RGB") for index in part[start : start + 16]]
                pixels = processor(images=opened, return_tensors="pt")["pixel_values"]
                with torch.inference_mode():
                    logits = model(pixels.to(memory_format=torch.channels_last)).logits
                outputs.append(torch.softmax(logits, dim=-1).numpy())
            return np.concatenate(outputs)

        ways: dict[str, Callable[[list[int]], np.ndarray]] = {"ours": ours, "pipeline": piped, "by hand": by_hand}
        for way in ways.values():
            way(list(range(16)))
        seconds = dict.fromkeys(ways, 0.0)
        outputs: dict[str, list[np.ndarray]] = {name: [] for name in ways}
        # In turns, part by part, so that all run under the same load.
        for start in range(0, images, 64):
            part = list(range(start, min(start + 64, images)))
            for way_name, way in ways.items():
                began = time.perf_counter()
                outputs[way_name].append(way(part))
                seconds[way_name] += time.perf_counter() - began
    speeds = {name: images / spent for name, spent in seconds.items()}
    difference = float(np.abs(np.concatenate(outputs["ours"]) - np.concatenate(outputs["pipeline"])).max())
    against_pipeline, against_hand = speeds["ours"] / speeds["pipeline"], speeds["ours"] / speeds["by hand"]
    note = ", ".join(f"{name} {speed:.1f} images/s" for name, speed in speeds.items())
    return [
        Budget("cold ConvNeXt-T", against_pipeline, 1.15, "× pipeline", at_least=True, note=note),
        Budget("cold ConvNeXt-T", against_hand, 0.97, "× a loop by hand", at_least=True, note=note),
        Budget("cold ConvNeXt-T", difference, 1e-5, "largest difference of a score"),
    ]
