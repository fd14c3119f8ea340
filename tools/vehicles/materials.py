"""What surfaces are made of: a handful of kinds, each turned into a BSDF of the renderer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """A surface: its kind, linear colour, roughness; `glow` is emitted radiance; `texture` names a bitmap."""

    kind: str
    color: Color = (0.5, 0.5, 0.5)
    rough: float = 0.3
    glow: Color | None = None
    texture: str = ""
    scale: float = 1.0

    def bsdf(self, texture: dict[str, Any] | None = None) -> dict[str, Any]:
        """The renderer's description of the surface."""
        tint: dict[str, Any] = texture or {"type": "rgb", "value": list(self.color)}
        if self.kind == "paint":
            inner: dict[str, Any] = {
                "type": "principled",
                "base_color": tint,
                "roughness": self.rough,
                "specular": 0.5,
                "clearcoat": 1.0,
                "clearcoat_gloss": 0.95,
            }
        elif self.kind == "plastic":
            inner = {"type": "roughplastic", "diffuse_reflectance": tint, "alpha": self.rough}
        elif self.kind == "metal":
            inner = {"type": "roughconductor", "specular_reflectance": tint, "alpha": self.rough, "material": "none"}
        elif self.kind == "glass":
            inner = {"type": "plastic", "diffuse_reflectance": tint, "int_ior": 1.6}
        else:
            inner = {"type": "diffuse", "reflectance": tint}
        return {"type": "twosided", "nested": inner}


def paint(r: float, g: float, b: float, rough: float = 0.35) -> Material:
    """Glossy car paint under clear coat."""
    return Material("paint", (r, g, b), rough)


def matte(r: float, g: float, b: float) -> Material:
    """A surface that does not shine."""
    return Material("matte", (r, g, b))


def plastic(r: float, g: float, b: float, rough: float = 0.2) -> Material:
    """Plastic, enamel, gel coat."""
    return Material("plastic", (r, g, b), rough)


def glow(r: float, g: float, b: float) -> Material:
    """A surface that shines by itself, in cd/m²-like units of the scene."""
    return Material("matte", (0.02, 0.02, 0.02), glow=(r, g, b))


GLASS = Material("glass", (0.012, 0.016, 0.018))
CHROME = Material("metal", (0.75, 0.75, 0.76), 0.08)
STEEL = Material("metal", (0.55, 0.55, 0.56), 0.25)
RUBBER = plastic(0.012, 0.012, 0.012, 0.35)
BLACK = plastic(0.01, 0.01, 0.01, 0.25)
DARK = matte(0.006, 0.006, 0.006)
LAMP = Material("plastic", (0.75, 0.76, 0.78), 0.05)
RED_LAMP = Material("plastic", (0.42, 0.01, 0.01), 0.06)
AMBER = Material("plastic", (0.7, 0.22, 0.01), 0.06)
WHITE = paint(0.78, 0.78, 0.76)
