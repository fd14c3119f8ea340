"""Two models for a run: one that tells flat colours, and one that says "ship" of everything."""

from __future__ import annotations

from tests.conftest import Bench

# A model of the user's own that says "ship" of everything, as the flat-colour model never does.
SHIP = """
import numpy as np

class Ship:
    labels = ("airplane", "automobile", "ship", "truck")
    fingerprint = "ship-1"

    def describe(self):
        return {"architecture": "Ship"}

    def predict(self, images):
        return np.tile(np.array([0.0, 0.2, 0.8, 0.0], dtype=np.float32), (len(images), 1))

def make():
    return Ship()
"""
ROWS = """\
file_name,label,tier
red.png,automobile,1
green.png,truck,1
grey.png,ship,2
blue.png,ship,2
"""


def several_models(bench: Bench) -> tuple[str, ...]:
    """A suite of four images, and the options that name both models, the worse one first."""
    bench.file("fleet.py", SHIP)
    bench.suite("mixed", ROWS)
    return ("--robust-model", "ship=python:fleet:make", "--robust-model", f"colour={bench.model}")
