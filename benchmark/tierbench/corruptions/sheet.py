"""The contact sheet: one image under every corruption and severity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tierbench.corruptions.api import corrupt
from tierbench.corruptions.names import CORRUPTIONS, SEVERITIES

_GAP = 6
_PAPER, _INK = "white", "black"


def contact_sheet(
    image: Image.Image,
    names: Sequence[str] = CORRUPTIONS,
    *,
    seed: int = 0,
    variant: str = "imagenet_c",
    size: int | None = None,
    zoom: int = 1,
    frost_textures: Path | str | None = None,
) -> Image.Image:
    """Draw an image under every corruption: one row each, with the clean image and then severities 1 to 5.

    Args:
        image: any PIL image; it is cropped to a square in the middle.
        names: the corruptions, one row each.
        seed: the seed of all cells.
        variant: as in `corrupt`.
        size: the image is first scaled to this many pixels per side; default: 224 or 32, depending on the variant.
        zoom: how large to draw each pixel, for tiny images.
        frost_textures: as in `corrupt`.

    Returns:
        An RGB image.

    Raises:
        ValueError: as `corrupt` does, or if there are no names, or `size` or `zoom` is less than 1.
    """
    if not names:
        raise ValueError("a contact sheet needs at least one corruption")
    side = size if size is not None else (32 if variant == "cifar10_c" else 224)
    if side < 1 or zoom < 1:
        raise ValueError(f"size and zoom must be at least 1, got {side} and {zoom}")
    clean = _square(image, side)
    cell = side * zoom
    text_size = max(11, min(20, cell // 10))
    font = ImageFont.load_default(text_size)
    line = round(text_size * 1.5)
    label = round(max(font.getlength(name) for name in names)) + 2 * _GAP
    columns = 1 + len(SEVERITIES)
    sheet = Image.new("RGB", (label + columns * (cell + _GAP), line + len(names) * (cell + _GAP) + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(("clean", *map(str, SEVERITIES))):
        draw.text((label + column * (cell + _GAP) + cell // 2, line // 2), title, _INK, font, anchor="mm")
    for row, name in enumerate(names):
        top = line + row * (cell + _GAP)
        draw.text((_GAP, top + cell // 2), name, _INK, font, anchor="lm")
        cells = [clean]
        cells += [
            corrupt(clean, name, severity, seed=seed, variant=variant, frost_textures=frost_textures)
            for severity in SEVERITIES
        ]
        for column, picture in enumerate(cells):
            enlarged = picture.resize((cell, cell), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (label + column * (cell + _GAP), top))
    return sheet


def _square(image: Image.Image, side: int) -> Image.Image:
    """Crop to a square in the middle and scale it."""
    width, height = image.size
    shorter = min(width, height)
    left, top = (width - shorter) // 2, (height - shorter) // 2
    box = (left, top, left + shorter, top + shorter)
    return image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC, box=box)
