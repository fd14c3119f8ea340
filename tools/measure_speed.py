"""Measure the overhead of the benchmark as ratios within one run: a warm tier, a cold model, ten thousand cases.

    python tools/measure_speed.py [--only warm|many|cold] [--images 1000] [--cases 10000]

warm: `pytest` with cached predictions, compared with as many empty parametrized tests with pytest-html.
many: cases with a model that costs nothing, so that time and memory are those of tierbench.
cold: photographs through a 224-pixel ConvNeXt-T on the CPU, compared with transformers' pipeline and a plain loop.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).parents[1]
CONFTEST = 'pytest_plugins = ["tierbench.plugin"]\n'
EMPTY = "import pytest\n\n\n@pytest.mark.parametrize('number', range({count}))\ndef test_empty(number):\n    pass\n"
# A model with a constant prediction, which takes no time.
INSTANT = """
import numpy as np

class Instant:
    labels = tuple(f"label {number}" for number in range(10))
    fingerprint = "instant-1"

    def describe(self):
        return {"architecture": "Instant"}

    def predict(self, images):
        return np.tile(np.eye(10, dtype=np.float32)[0], (len(images), 1))
"""


@contextmanager
def repository(cases: int) -> Iterator[Path]:
    """Yield a temporary repository with the given number of cases of 32 × 24 pixels and the instant model."""
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as name:
        top = Path(name)
        (top / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (top / "instant.py").write_text(INSTANT, encoding="utf-8")
        suite = top / "cases" / "many"
        suite.mkdir(parents=True)
        shutil.copy(REPOSITORY / "cases" / "test_tiers.py", top / "cases")
        rows = []
        for number in range(cases):
            colour = (number % 251, number // 251 % 251, 7)
            Image.new("RGB", (32, 24), colour).save(suite / f"c{number:05d}.png")
            rows.append(f"c{number:05d}.png,label 0,1\n")
        (suite / "metadata.csv").write_text("file_name,label,tier\n" + "".join(rows), encoding="utf-8")
        (top / "empty").mkdir()
        # One more test, so that both have the same number: the suite has the gate of the tier.
        (top / "empty" / "test_empty.py").write_text(EMPTY.format(count=cases + 1), encoding="utf-8")
        ini = '[pytest]\naddopts = ["-p", "no:randomly", "-p", "no:hypothesispytest"]\n'
        (top / "pytest.toml").write_text(ini + 'robust_model = ["python:instant:Instant"]\n', encoding="utf-8")
        os.environ["TIERBENCH_CACHE"] = str(top / "cache")
        yield top


@dataclass(frozen=True)
class Spent:
    """The cost of a command: wall-clock seconds, CPU seconds, peak memory in MB; and its output."""

    clock: float
    processor: float
    memory: float
    text: str


def timed(command: list[str], folder: Path) -> Spent:
    """Run a command and return its cost; exit if it fails."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)} ended with {code}:\n{text[-4000:]}")
    return Spent(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def pytest_command(*arguments: str) -> list[str]:
    """Return the command that runs pytest with this interpreter."""
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def warm(cases: int = 37, rounds: int = 9) -> bool:
    """Return whether a warm run takes at most 1.25 × the time of empty tests with pytest-html, plus 0.7 s."""
    with repository(cases) as top:
        ours = pytest_command("cases")
        empty = pytest_command("empty", "--html=empty.html", "--self-contained-html")
        timed(ours, top)
        timed(empty, top)
        pairs = [(timed(ours, top).clock, timed(empty, top).clock) for _ in range(rounds)]
        loads = timed([sys.executable, "-X", "importtime", *ours[1:]], top).text
    mine, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    limit = 1.25 * other + 0.7
    torch = bool(re.search(r"\btorch\b", loads))
    print(f"warm, {cases + 1} tests: {mine:.2f} s, empty tests {other:.2f} s, limit {limit:.2f} s; torch: {torch}")
    return mine <= limit and not torch


def many(cases: int) -> bool:
    """Return whether tierbench takes less than 1 ms of CPU time per case more than empty tests."""
    with repository(cases) as top:
        first = timed(pytest_command("cases"), top)
        ours = timed(pytest_command("cases"), top)
        empty = timed(pytest_command("empty", "--html=empty.html", "--self-contained-html"), top)
    own = 1000 * (ours.processor - empty.processor) / cases
    print(
        f"many, {cases} cases: {first.processor:.1f} s of CPU time, warm {ours.processor:.1f} s, "
        f"empty tests {empty.processor:.1f} s; memory {ours.memory:.0f} MB, empty tests {empty.memory:.0f} MB"
    )
    print(f"many: {own:.2f} ms of CPU time per case")
    return own < 1.0


def cold(images: int) -> bool:
    """Return whether the predictor has twice the throughput of the pipeline, 0.95 of a plain loop, and equal scores."""
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
    print("cold: " + ", ".join(f"{name} {speed:.1f} images/s" for name, speed in speeds.items()))
    print(f"cold: {against_pipeline:.2f} × pipeline, {against_hand:.2f} × by hand; scores differ by {difference:.1e}")
    return against_pipeline >= 2 and against_hand >= 0.95 and difference <= 1e-4


def photographs(folder: Path, count: int) -> list[Path]:
    """Write crops of scikit-image's photographs as JPEG files of 640 × 480; return their paths."""
    import skimage

    folder.mkdir()
    data = Path(skimage.__file__).parent / "data"
    sources = [Image.open(data / name).convert("RGB") for name in ("astronaut.png", "coffee.png", "chelsea.png")]
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        source = sources[number % len(sources)]
        left, top = generator.integers(0, 60, size=2)
        cut = source.crop((int(left), int(top), source.width, source.height)).resize((640, 480))
        paths.append(folder / f"p{number:04d}.jpg")
        cut.save(paths[-1], quality=90)
    return paths


def main() -> int:
    """Print the figures; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("warm", "many", "cold"))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--cases", type=int, default=10_000)
    options = parser.parse_args()
    checks: dict[str, Callable[[], bool]] = {
        "warm": warm,
        "many": lambda: many(options.cases),
        # Last, because the memory of a child process is measured from the size of its parent.
        "cold": lambda: cold(options.images),
    }
    missed = [name for name, check in checks.items() if options.only in (None, name) and not check()]
    if missed:
        print("missed its limit: " + ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
