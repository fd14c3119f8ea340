"""Maps by occlusion: how much the score of a label falls where a part of the picture is covered with grey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from captum.attr import Occlusion
from PIL import Image

from tierbench.common.errors import UserError
from tierbench.models.asking import ask_server
from tierbench.models.attribution import AttributionMap
from tierbench.models.classifier import AsksServer, Classifier

# Cells of the grid along the longer side of a picture, and of the square that covers it, along each side.
CELLS, WINDOW = 12, 2
GREY = (128, 128, 128)
# Odds beyond these are those of probabilities that are only rounded.
_LEAST = 1e-6
# Of covered pictures that are held at once, in pixels.
_MOST_PIXELS = 2**25


def occlusion_maps(
    model: Classifier, image: Image.Image, labels: Sequence[int], batch_size: int
) -> tuple[AttributionMap, ...]:
    """Return the map of each label, over the whole picture.

    A square of 2 × 2 cells moves over the picture, a cell at a time, and is covered before the preprocessing (Zeiler &
    Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014). A cell has the mean fall of the log odds
    of the label, log(p / (1 - p)), over the squares that cover it: log odds, because near 0 and 1 probabilities hardly
    move. The model is asked for at most 122 pictures.

    Args:
        model: any classifier.
        image: the picture, RGB.
        labels: indices of labels.
        batch_size: the number of pictures that it is asked for at once.
    """
    rows, columns = grid_of(image.size)
    at_once = max(1, min(batch_size, _MOST_PIXELS // (image.width * image.height)))
    asked: dict[bytes, np.ndarray] = {}

    def log_odds(grids: torch.Tensor) -> torch.Tensor:
        # The same squares are covered for each label.
        keys = [grid.numpy().tobytes() for grid in grids]
        new = {key: grid for key, grid in zip(keys, grids, strict=True) if key not in asked}
        if new:
            pictures = [covered(image, grid.numpy()) for grid in new.values()]
            asked.update(zip(new, _probabilities(model, pictures), strict=True))
        values = np.clip(np.stack([asked[key] for key in keys]).astype(np.float64), _LEAST, 1 - _LEAST)
        return torch.from_numpy(np.log(values / (1 - values)))

    method, grid = Occlusion(log_odds), torch.ones(1, rows, columns)
    maps = []
    for label in labels:
        found = method.attribute(
            grid, (min(WINDOW, rows), min(WINDOW, columns)), strides=1, target=label, perturbations_per_eval=at_once
        )
        maps.append(AttributionMap(label, tuple(map(tuple, found[0].double().tolist()))))
    return tuple(maps)


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns of the grid of pictures with a width and a height."""
    width, height = size
    longer = max(size)
    return max(1, round(CELLS * height / longer)), max(1, round(CELLS * width / longer))


def covered(image: Image.Image, grid: np.ndarray) -> Image.Image:
    """Return a copy of a picture that is grey in the cells that are 0, shape [rows, columns]."""
    copy, (rows, columns) = image.copy(), grid.shape
    for row, column in np.argwhere(grid == 0).tolist():
        left, right = (round(image.width * edge / columns) for edge in (column, column + 1))
        top, bottom = (round(image.height * edge / rows) for edge in (row, row + 1))
        copy.paste(GREY, (left, top, right, bottom))
    return copy


def _probabilities(model: Classifier, pictures: Sequence[Image.Image]) -> np.ndarray:
    if not isinstance(model, AsksServer):
        return np.asarray(model.predict(pictures))
    answers = ask_server(model, [(picture, None) for picture in pictures], cropped=False)
    problem = next((answer for answer in answers if isinstance(answer, str)), None)
    if problem is not None:
        raise UserError(problem)
    return np.stack([answer.probabilities for answer in answers if not isinstance(answer, str)])
