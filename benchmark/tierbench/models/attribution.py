"""The attribution maps of a picture: which parts of it raise the score of a label, and which lower it."""

from __future__ import annotations

import msgspec

from tierbench.models.input_box import WHOLE, Box

GRADIENTS, OCCLUSION = "integrated gradients", "occlusion"
# Increase this when a method changes its maps, so that kept ones are made again.
VERSION = 1


class AttributionMap(msgspec.Struct, frozen=True, array_like=True):
    """Which parts of a picture raise the score of a label, and which lower it.

    Attributes:
        label: index of the label.
        cells: rows of a grid over the box; each cell has the share of the score that comes from it, in units of the
            logit (gradients) or of the log odds (occlusion); negative: the cell lowers the score.
        rise: by gradients, how much the logit rises from the grey picture to this one, which is what all cells together
            should add up to; None by occlusion, where nothing has to add up.
    """

    label: int
    cells: tuple[tuple[float, ...], ...]
    rise: float | None = None

    @property
    def delta(self) -> float | None:
        """The convergence delta: sum of the cells minus the rise; None by occlusion."""
        return None if self.rise is None else sum(map(sum, self.cells)) - self.rise


class Attribution(msgspec.Struct, frozen=True, array_like=True):
    """The maps of a picture under a model.

    Attributes:
        method: `integrated gradients` or `occlusion`.
        maps: one for each label that was asked for.
        box: what the maps cover, in shares of the picture: left, top, right, bottom. It is what the model's crop
            leaves; where the model pads pictures, it reaches beyond 0 and 1.
    """

    method: str
    maps: tuple[AttributionMap, ...]
    box: Box = WHOLE
