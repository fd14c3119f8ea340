"""A suite that the flat-colour model passes, and copies of that model that are worse by a known amount."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.flat_colours import LABELS

# Tier 1: eight pictures in eight groups, each of which the model passes with at least 0.7. Tier 2 it misses.
GARAGE = """\
file_name,label,tier
red_1.png,automobile,1
red_2.png,automobile,1
red_3.png,automobile,1
green_1.png,truck,1
green_2.png,truck,1
green_3.png,truck,1
blue_1.png,ship,1
blue_2.png,ship,1
grey_1.png,automobile,2
"""
GREEN = ["green_1", "green_2", "green_3"]


def worse_model(model: Path, folder: Path, *, scale: float = 1.0, **shifts: float) -> Path:
    """Copy a model with other weights in its last layer.

    Args:
        model: the folder to copy.
        folder: the copy, to be made.
        scale: of all logits: under 1, the model is less sure of everything.
        **shifts: what is added to the logits of a label.
    """
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = weights[name] * scale
    for label, shift in shifts.items():
        weights["classifier.bias"][LABELS.index(label)] += shift
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def edit_run(folder: Path, **changes: object) -> None:
    """Change keys of a recorded `run.json`."""
    file = folder / "run.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | changes), encoding="utf-8")
