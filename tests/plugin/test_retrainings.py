"""Equal retrainings of a small model, and the same model otherwise computed, under the gate `regression`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from tests.conftest import Bench
from tests.plugin.test_robust_gate import failed

LABELS = ("circle", "cross", "ring", "square")
SIDE = 16
RETRAININGS = 10

MODULE = """
import numpy as np
import torch
from pathlib import Path
from safetensors.torch import load_file
from torch import nn
from tierbench import TorchClassifier

FOLDER = Path(__file__).parent

def network():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 4),
    )

def preprocess(image):
    return torch.from_numpy(np.asarray(image.convert("L"), dtype=np.float32)[None] / 255 - 0.5)

def __getattr__(name):
    weights = FOLDER / f"{name}.safetensors"
    if not weights.is_file():
        raise AttributeError(name)

    def factory():
        model = network()
        state = load_file(weights)
        model.load_state_dict(state)
        if name.endswith("_bf16"):
            model = model.to(torch.bfloat16)
        return TorchClassifier(model, ("circle", "cross", "ring", "square"), preprocess)

    return factory
"""


def draw(label: str, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Draw a shape at a random place, with so much noise that a good model misses some."""
    y, x = np.mgrid[:SIDE, :SIDE] - rng.uniform(5, 10, (2, 1, 1))
    radius, size = np.hypot(x, y), rng.uniform(2.5, 4.5)
    shape = {
        "circle": radius < size,
        "ring": abs(radius - size) < 1,
        "square": (abs(x) < size * 0.9) & (abs(y) < size * 0.9),
        "cross": (np.minimum(abs(x), abs(y)) < 1) & (radius < size * 1.2),
    }[label]
    pixels = 128 + 60 * shape + rng.normal(0, noise, (SIDE, SIDE))
    return np.asarray(pixels.clip(0, 255), dtype=np.uint8)


def train(network: Callable[[], nn.Module], seed: int, file: Path) -> dict[str, torch.Tensor]:
    """Train a network on pictures and weights that are drawn anew."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=1200)
    pictures = np.stack([draw(LABELS[label], rng, rng.uniform(10, 60)) for label in labels])
    inputs, targets = torch.from_numpy(pictures[:, None] / np.float32(255) - np.float32(0.5)), torch.from_numpy(labels)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(10):
        for batch in torch.randperm(len(targets)).reshape(-1, 100):
            optimizer.zero_grad()
            loss: torch.Tensor = nn.functional.cross_entropy(model(inputs[batch]), targets[batch])
            torch.autograd.backward(loss)
            optimizer.step()
    weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    save_file(weights, file)
    return weights


@pytest.fixture
def shapes(bench: Bench) -> Bench:
    """A suite of shapes in 40 groups of two and two tiers, and the accepted scores of a small model."""
    folder = bench.path / "cases" / "shapes"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = ["file_name,label,tier,group"]
    for number in range(80):
        label, tier = LABELS[number % 4], 1 + number // 40
        Image.fromarray(draw(label, rng, 35 * tier)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{label},{tier},scene{number // 8}_{number % 4}")
    (folder / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "suite.toml").write_text("[tiers.1]\nmin_pass_rate = 0.0\n[tiers.2]\nmin_pass_rate = 0.0\n")
    bench.file("shapes_model.py", MODULE)
    bench.configure(robust_model=["shapes=python:shapes_model:seed0"], pythonpath=["."])
    names: dict[str, object] = {"__file__": str(bench.path / "shapes_model.py")}
    exec(MODULE, names)  # noqa: S102  # our own text
    network = names["network"]
    assert callable(network)
    first = train(network, 0, bench.path / "seed0.safetensors")
    save_file(first, bench.path / "same_bf16.safetensors")
    torch.manual_seed(1)
    noisy = {name: tensor + 1e-4 * tensor.std() * torch.randn(tensor.shape) for name, tensor in first.items()}
    save_file(noisy, bench.path / "noisy.safetensors")
    for seed in range(1, RETRAININGS + 1):
        train(network, seed, bench.path / f"seed{seed}.safetensors")
    answer = bench.run("--robust-update-baseline")
    assert answer.code == 0, answer.text
    bench.record()
    return bench


@pytest.mark.slow
def test_equal_retrainings_are_seldom_red_and_the_same_weights_never(shapes: Bench) -> None:
    def red(name: str) -> list[str]:
        # The verdict is about both tiers, whatever is selected; the tests of one tier tell whether pictures flip.
        model = f"--robust-model=shapes=python:shapes_model:{name}"
        answer = shapes.run(model, "--robust-gate", "regression", "-m", "regression or tier2")
        assert answer.code in (0, 1), answer.text
        flips.append(int((shapes.record().scores["change"] != "same").sum()))
        return [test for test in failed(answer.text) if test.startswith("test_regression")]

    flips: list[int] = []
    assert (red("noisy"), red("same_bf16")) == ([], [])
    reds = sum(bool(red(f"seed{seed}")) for seed in range(1, RETRAININGS + 1))
    # Each of them flips pictures in both directions, or there would be nothing to be mistaken about.
    assert sum(count >= 5 for count in flips[2:]) > RETRAININGS // 2
    # More than two of ten would be red by chance once in ninety times, at the level of 0.05.
    assert reds <= 2
