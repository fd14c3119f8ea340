"""The flat-colour model as a table: a module for a test's repository, whose processes then need no torch."""

from __future__ import annotations

from tests.flat_colours import LABELS, RGB, SAID

# The text of the module; `python:colour_table:ColourTable` is the model.
COLOUR_TABLE = f"""
import numpy as np

SAID = { ({RGB[name]: said for name, said in SAID.items()}) }


class ColourTable:
    labels = {LABELS}
    fingerprint = "colour-table-1"

    def describe(self):
        return {{"architecture": "ColourTable"}}

    def predict(self, images):
        return np.array([SAID[image.getpixel((0, 0))] for image in images], dtype=np.float32)
"""
