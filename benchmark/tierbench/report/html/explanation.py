"""Build the view of where a model looked: attribution maps as overlays of the large picture. Pure."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from tierbench.models.attribution import GRADIENTS, OCCLUSION, AttributionMap
from tierbench.report.html.templating import number
from tierbench.runs.explaining import Explanation
from tierbench.scoring.explained_labels import ABSENT, EXPECTED, PREDICTED, ExplainedLabel
from tierbench.scoring.labels import short_label

# Orange and blue, which are distinguishable with colour blindness; the picture beneath them is grey meanwhile.
FOR, AGAINST = (255, 145, 0), (0, 120, 255)
_OPAQUE = 235
# A convergence delta above this share of the rise is pointed out.
_ROUGH = 0.15
_ROLES: Final = {PREDICTED: "the prediction", EXPECTED: "the expectation", ABSENT: "what should not be seen"}
_METHODS: Final = {
    GRADIENTS: "integrated gradients from a grey picture, 32 steps, added up in 7 × 7 cells",
    OCCLUSION: "occlusion: a grey square of 2 × 2 cells moves over the picture",
}
_LIMITS: Final = {
    GRADIENTS: "It shows to which parts the score is sensitive on the way from a grey picture to this one, not why. "
    "What is as grey as that gets no colour, and colours of two maps have scales of their own.",
    OCCLUSION: "It shows how the score falls where a part is covered, not why. A grey square is itself something that "
    "the model sees, what is shown twice is not missed when covered once, and colours of two maps have scales of their "
    "own.",
}


@dataclass(frozen=True, slots=True)
class MapView:
    """The map of one label.

    Attributes:
        label: the label in its short form.
        role: `the prediction`, `the expectation` or `what should not be seen`.
        overlay: the map as a PNG with transparency, a data URI; it covers the box of the explanation.
        alt: what the overlay shows, in words.
        figures: how far the map can be trusted, or how large its values are.
    """

    label: str
    role: str
    overlay: str
    alt: str
    figures: str


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """Where a model looked in the picture of a case.

    Attributes:
        maps: one for each label.
        left, top, width, height: the box that they cover, in percent of the picture.
        cropped: whether the model does not see all of the picture.
        method, limits: what the maps are, and what they do not show.
    """

    maps: tuple[MapView, ...]
    left: float
    top: float
    width: float
    height: float
    cropped: bool
    method: str
    limits: str


def explanation_view(explanation: Explanation) -> ExplanationView:
    """Return the view of an explanation; names of labels are not escaped yet."""
    made = explanation.attribution
    left, top, right, bottom = made.box
    return ExplanationView(
        maps=tuple(_map_view(label, each) for label, each in zip(explanation.labels, made.maps, strict=True)),
        left=round(100 * left, 2),
        top=round(100 * top, 2),
        width=round(100 * (right - left), 2),
        height=round(100 * (bottom - top), 2),
        cropped=max(left, top, 1 - right, 1 - bottom) > 0.01,
        method=_METHODS[made.method],
        limits=_LIMITS[made.method],
    )


def overlay(cells: Sequence[Sequence[float]]) -> Image.Image:
    """Return a map as a picture with a pixel for each cell.

    Orange raises the score, blue lowers it; the opacity grows with the size of the value, up to the 99th percentile.
    """
    values = np.asarray(cells, dtype=np.float64)
    peak = float(np.percentile(np.abs(values), 99)) or float(np.abs(values).max())
    strength = np.clip(np.abs(values) / peak, 0, 1) if peak > 0 else np.zeros_like(values)
    pixels = np.empty((*values.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(values[..., None] < 0, AGAINST, FOR)
    pixels[..., 3] = np.round(_OPAQUE * strength)
    return Image.fromarray(pixels)


def _map_view(label: ExplainedLabel, made: AttributionMap) -> MapView:
    name = short_label(label.name)
    stream = io.BytesIO()
    overlay(made.cells).save(stream, "PNG", optimize=True)
    return MapView(
        label=name,
        role=_ROLES[label.role],
        overlay="data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii"),
        alt=f"map of what raises the score of {name}: {where(made.cells)}",
        figures=_figures(made),
    )


def where(cells: Sequence[Sequence[float]]) -> str:
    """Return in words where most of what raises the score lies: `mostly at the top left`."""
    raising = np.clip(np.asarray(cells, dtype=np.float64), 0, None)
    total = float(raising.sum())
    if not total:
        return "no part raises it"
    words = []
    for axis, names in ((0, ("top", "", "bottom")), (1, ("left", "", "right"))):
        profile = raising.sum(axis=1 - axis)
        centre = float((profile * (np.arange(len(profile)) + 0.5)).sum() / total / len(profile))
        words.append(names[0] if centre < 0.4 else names[2] if centre > 0.6 else names[1])
    place = " ".join(filter(None, words))
    return f"mostly at the {place}" if place else "mostly around the middle"


def _figures(made: AttributionMap) -> str:
    values = [value for row in made.cells for value in row]
    if made.rise is None or made.delta is None:
        return f"covering a part lowers the log odds by {number(min(values), 2)} to {number(max(values), 2)}"
    rough = "; that is much, so read the map with care" if abs(made.delta) > _ROUGH * abs(made.rise) else ""
    return (
        f"the cells add up to {number(sum(values), 2)}, the logit rises by {number(made.rise, 2)}: convergence delta "
        f"{number(made.delta, 2)}{rough}"
    )
