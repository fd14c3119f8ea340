"""Views of a picture that a person takes for the same: shifted by a pixel, mirrored, saved again, a little lighter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# The ranges that views are drawn from.
SHIFT_PX, ZOOM, LIGHT, QUALITIES = 2, 0.01, 0.02, (80, 95)


@dataclass(frozen=True, slots=True)
class View:
    """How a picture is seen.

    Attributes:
        shift: by how many pixels its content moves to the right and down.
        mirror: whether left and right are exchanged.
        zoom: factor about its centre.
        light: factor of its pixel values.
        quality: of the JPEG that it is saved as; None: it is not saved.
    """

    shift: tuple[int, int] = (0, 0)
    mirror: bool = False
    zoom: float = 1.0
    light: float = 1.0
    quality: int | None = None

    def of(self, picture: Image.Image) -> Image.Image:
        """Return the picture, in RGB, as it is seen; of the same size."""
        if self == View():
            return picture
        seen = self._moved(picture)
        if self.light != 1:
            seen = seen.point([min(255, round(value * self.light)) for value in range(256)] * len(seen.getbands()))
        if self.quality is not None:
            seen = _saved(seen, self.quality)
        return seen

    def _moved(self, picture: Image.Image) -> Image.Image:
        """Shift, zoom and mirror the picture; its edge is repeated outwards where nothing else is known."""
        import numpy as np
        from PIL import Image, ImageOps

        if self.mirror:
            picture = ImageOps.mirror(picture)
        if self.shift == (0, 0) and self.zoom == 1:
            return picture
        (width, height), (right, down) = picture.size, self.shift
        border = 4 + max(abs(right), abs(down)) + round(max(width, height) * abs(1 - self.zoom))
        edges = ((border, border), (border, border), (0, 0))
        padded = Image.fromarray(np.pad(np.asarray(picture.convert("RGB")), edges, mode="edge"))
        scale = 1 / self.zoom
        # From a pixel of the result to one of the padded picture; Pillow adds half a pixel on both sides.
        x = border + width / 2 * (1 - scale) - right * scale
        y = border + height / 2 * (1 - scale) - down * scale
        matrix = (scale, 0, x, 0, scale, y)
        return padded.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


VIEWS = {
    "": View(),
    "right": View(shift=(1, 0)),
    "up": View(shift=(0, -1)),
    "mirror": View(mirror=True),
    "jpeg95": View(quality=95),
    "jpeg85": View(quality=85),
    "zoom": View(zoom=1 + 0.01),
    "light": View(light=1 + 0.02),
}


def draw_view(rng: np.random.Generator) -> View:
    """Draw a view: each property uniformly from its range."""
    right, down = rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2)
    return View(
        shift=(int(right), int(down)),
        mirror=bool(rng.integers(2)),
        zoom=float(rng.uniform(1 - ZOOM, 1 + ZOOM)),
        light=float(rng.uniform(1 - LIGHT, 1 + LIGHT)),
        quality=int(rng.integers(QUALITIES[0], QUALITIES[1] + 1)),
    )


def _saved(picture: Image.Image, quality: int) -> Image.Image:
    from PIL import Image

    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
