"""What a renderer makes of a scene, before air, failing light and a camera come to it."""

from __future__ import annotations

from dataclasses import dataclass

from vehicles.parts import Array


@dataclass(frozen=True)
class Plate:
    """A rendered scene in linear light: kcd/m², metres, and the share of each pixel that is the vehicle."""

    radiance: Array
    depth: Array
    solid: Array
    vehicle: Array
    occlusion: float
