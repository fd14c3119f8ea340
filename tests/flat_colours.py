"""Flat colours, and what the model of `colour_model.py` says of a picture of one."""

from __future__ import annotations

from PIL import Image

LABELS = ("airplane", "automobile", "ship", "truck")
SIZE = 32

RGB: dict[str, tuple[int, int, int]] = {
    "red": (230, 20, 20),
    "green": (20, 200, 40),
    "blue": (20, 40, 220),
    "grey": (128, 128, 128),
    "black": (0, 0, 0),
    "orange": (255, 150, 0),
}
# What is said of each colour; red is surely an automobile, orange one that a stricter threshold would miss.
SAID: dict[str, tuple[float, float, float, float]] = {
    "red": (0.05, 0.90, 0.03, 0.02),
    "green": (0.04, 0.06, 0.10, 0.80),
    "blue": (0.25, 0.02, 0.70, 0.03),
    "grey": (0.377, 0.015, 0.524, 0.084),
    "black": (0.490, 0.233, 0.208, 0.069),
    "orange": (0.10, 0.45, 0.05, 0.40),
}


def flat(colour: str, size: tuple[int, int] = (40, 32)) -> Image.Image:
    return Image.new("RGB", size, RGB[colour])
