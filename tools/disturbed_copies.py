"""Run disturbed copies of the built-in model through pytest under every gate, for the table in docs/statistics.md.

    python tools/disturbed_copies.py            # makes its own baseline first; prints a Markdown table

A temperature divides all logits by a number, which changes no order of labels. Lost vehicles are not recognised any
more. bf16 and noise change the weights by what an export or another library may change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tierbench.common.cache import cache_folder
from tierbench.common.images import open_picture
from tierbench.models import load_classifier
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.reference import reference_folder
from tierbench.scoring.labels import map_concepts
from tierbench.suites import read_suites

ROOT = Path(__file__).parents[1]
GATES = ("thresholds", "flips", "regression")
TEMPERATURES = (0.5, 0.7, 1.01, 1.5, 3.0)
NOISE = 1e-4
_STORE = PredictionStore(PredictionStore.default_file())


@cache
def _reference(dtype: str = "float32") -> Any:
    return load_classifier("reference", device="cpu", dtype=dtype, root=ROOT, labels=None)


def _key(picture: Image.Image) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


@cache
def _vehicles() -> list[tuple[str, tuple[int, ...]]]:
    """Return the pictures of tier 1, and the labels that count as what each shows."""
    (suite,), _ = read_suites([ROOT / "cases" / "vehicles"])
    space = map_concepts(suite, _reference().labels)
    return [
        (_key(open_picture(case.path)), tuple(index for name in case.expected for index in space.concepts[name]))
        for case in suite.by_tier[1]
    ]


def _noisy_folder(noise: float) -> str:
    """Return a copy of the built-in model with noise on its weights, made at its first use."""
    folder = cache_folder() / f"disturbed-{noise:g}"
    if not folder.exists():
        shutil.copytree(reference_folder(), folder)
        weights = load_file(folder / "model.safetensors")
        generator = torch.Generator().manual_seed(0)
        for name, tensor in weights.items():
            # Running means and variances are statistics, no weights; noise would make some variances negative.
            if tensor.is_floating_point() and tensor.numel() > 1 and ".running_" not in name:
                tensor += noise * tensor.std() * torch.randn(tensor.shape, generator=generator)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return str(folder)


@dataclass
class Disturbed:
    """The built-in model with other logits.

    Attributes:
        temperature: what its logits are divided by.
        lost: number of vehicles of tier 1 that it does not recognise any more.
        dtype: type of its weights.
        noise: standard deviation of noise on its weights, relative to that of each tensor.
    """

    temperature: float = 1.0
    lost: int = 0
    dtype: str = "float32"
    noise: float = 0.0

    def __post_init__(self) -> None:
        spec = _noisy_folder(self.noise) if self.noise else "reference"
        self._model = load_classifier(spec, device="cpu", dtype=self.dtype, root=ROOT, labels=None)
        self.labels: Sequence[str] = self._model.labels
        self.fingerprint = f"{self._model.fingerprint} disturbed: {self}"

    def describe(self) -> dict[str, Any]:
        """Return the model card of the built-in model."""
        return dict(self._model.describe())

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the disturbed probabilities, shape [n_images, n_labels]."""
        keys = [_key(image) for image in images]
        logits = np.log(np.maximum(self._predicted(images, keys).astype(np.float64), 1e-45)) / self.temperature
        lost = dict(_vehicles()[: self.lost])
        for row, key in zip(logits, keys, strict=True):
            if labels := lost.get(key):
                row[list(labels)] = row.min() - 1
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)

    def _predicted(self, images: Sequence[Image.Image], keys: Sequence[str]) -> np.ndarray:
        """Predict what no copy with the same weights has predicted before."""
        names = [f"{self._model.fingerprint} {self.dtype} {key}" for key in keys]
        known = {name: np.frombuffer(row, dtype=np.float32) for name, row in _STORE.get(names).items()}
        new = {name: image for name, image in zip(names, images, strict=True) if name not in known}
        if new:
            found = dict(zip(new, self._model.predict(list(new.values())), strict=True))
            _STORE.put({name: np.asarray(row, dtype=np.float32).tobytes() for name, row in found.items()})
            known = {**known, **found}
        return np.stack([known[name] for name in names])


COPIES: dict[str, tuple[str, Callable[[], Disturbed]]] = {
    "same": ("the model itself", Disturbed),
    **{f"t{round(100 * t)}": (f"logits divided by {t:g}", partial(Disturbed, temperature=t)) for t in TEMPERATURES},
    **{
        f"lost{n}": (f"{n} vehicle{'s' if n > 1 else ''} of tier 1 lost", partial(Disturbed, lost=n))
        for n in (1, 2, 3, 4, 6)
    },
    **{f"lost{n}t70": (f"{n} lost, logits divided by .7", partial(Disturbed, temperature=0.7, lost=n)) for n in (3, 4)},
    "bf16": ("weights in bfloat16", partial(Disturbed, dtype="bfloat16")),
    "noise": (f"weight noise of {NOISE:g}", partial(Disturbed, noise=NOISE)),
}
globals().update({name: factory for name, (_, factory) in COPIES.items()})


def run(name: str, reports: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Run a copy under the name of the built-in model; return the exit code, the output and the record."""
    before = {*reports.glob("2*")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:html"]
    model = f"--robust-model=reference=python:tools.disturbed_copies:{name}"
    done = subprocess.run(  # noqa: S603  # our own command
        [*command, model, f"--robust-reports={reports}", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    (folder,) = {*reports.glob("2*")} - before
    return done.returncode, done.stdout, json.loads((folder / "run.json").read_text(encoding="utf-8"))


def row(name: str, gate: str, reports: Path) -> str:
    """Run a copy under a gate and return the row of the table."""
    code, output, record = run(name, reports, "--robust-gate", gate)
    failed = [line.split("::")[1].split(" ")[0] for line in output.splitlines() if line.startswith("FAILED")]
    kinds = {test.split("[")[0]: sum(other.startswith(test.split("[")[0] + "[") for other in failed) for test in failed}
    (comparison,) = record["comparisons"]
    level = record["models"][0]["level"]
    states = {(each["suite"], each["tier"]): each["state"] for each in comparison["verdicts"]}
    red = ", ".join(f"{kind} {count}" for kind, count in kinds.items()) or "–"
    flips = f"{comparison['regressed']} regressed, {comparison['fixed']} fixed"
    cells = (COPIES[name][0], gate, code, level, states["", None], states["vehicles", 1], flips, red)
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Accept a baseline of the model itself, and run every copy against it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copies", nargs="*", metavar="COPY", help=f"default: all of {', '.join(COPIES)}")
    parser.add_argument("--gates", nargs="+", choices=GATES, default=GATES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        run("same", reports, "--robust-update-baseline")
        print("| copy | gate | exit | level | all suites | vehicles tier 1 | cases | red tests |\n" + "|---" * 8 + "|")
        for name in given.copies or COPIES:
            for gate in given.gates:
                print(row(name, gate, reports), flush=True)


if __name__ == "__main__":
    main()
