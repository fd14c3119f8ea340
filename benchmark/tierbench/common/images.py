"""Open images as a viewer shows them: upright, on white, in RGB."""

from __future__ import annotations

import importlib.util
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tierbench.common.file_kinds import HEAD_BYTES, file_kind, is_heif, is_postscript
from tierbench.common.files import open_regular
from tierbench.common.pixel_values import PixelValueError, to_8_bits

if TYPE_CHECKING:
    from PIL import Image

# Increase this when an image is opened as other pixels than before, so that predictions of those are not reused.
OPENING_VERSION = 2

# How Pillow names the layout of grey PNGs of 2 and 4 bits → the step between two greys in 8 bits.
_GREY_STEPS = {"L;2": 85, "L;4": 17}


class PictureError(Exception):
    """An image cannot be read; the message says why.

    Args:
        reason: what is wrong.
        fix: what to do about it, if more is known than that another image is needed; it is part of the message.
    """

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(f"{reason}; {fix}" if fix else reason)
        self.fix = fix

    def advice(self, otherwise: str) -> str:
        """Return the message with its own fix, or else with another one."""
        return str(self) if self.fix else f"{self}; {otherwise}"


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings about unusual files: serious problems become errors of their cases.

    Use it in the thread that starts the decoding threads, not in those: warning filters are global to the process,
    and threads that each change and restore them can leave them changed.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def open_picture(source: Path | bytes, *, max_pixels: int | None = None) -> Image.Image:
    """Read an image, from a file or from its bytes, as RGB.

    EXIF orientation is applied (broken EXIF data is ignored), transparent areas become white, and only the first frame
    of an animation is read. CMYK, palette and grey images are converted to RGB, as are those with 16 or 32 bits and
    floats, by the rules of `to_8_bits`. Colour profiles and gamma are not applied: pipelines of models do not either.

    Args:
        source: the image file, or its content.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.

    Raises:
        PictureError: if it is not an image, is truncated, or has more pixels than the limit.
    """
    from PIL import Image

    try:
        with _stream(source) as stream:
            return _decoded(stream, max_pixels)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow says only in the text how many pixels the image has.
        found = re.search(r"[0-9]+", str(error))
        pixels = int(found[0]) if found else None
        raise PictureError(f"the image has too many pixels ({pixels or 'unknown'})", _allow(pixels)) from error
    except PixelValueError as error:
        raise PictureError(f"the image cannot be shown: {error}", "save it with 8 bits per channel") from error
    except MemoryError as error:
        raise PictureError("there is not enough memory to decode the image") from error
    except Exception as error:
        # Pillow's decoders raise all kinds of errors on broken data: OSError, SyntaxError, struct.error, IndexError …
        raise PictureError(f"the image cannot be decoded: {str(error) or type(error).__name__}") from error


def allow_pixels(max_pixels: int | None) -> None:
    """Let Pillow open images with so many pixels in this process; None changes nothing.

    Its limit is one for the whole process, and it checks it even if the caller of `open_picture` allows more.
    """
    from PIL import Image

    if max_pixels is not None and Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)


def _allow(pixels: int | None = None) -> str:
    return f"if it is one that you trust, allow it with --robust-max-pixels={pixels or 'N'}, or save it smaller"


def _stream(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)


def _decoded(stream: BinaryIO, max_pixels: int | None) -> Image.Image:
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS if max_pixels is None else max_pixels
    allow_pixels(max_pixels)
    with _identified(stream) as image:
        # Pillow warns above its limit and raises above twice the limit; here both are errors.
        if limit is not None and image.width * image.height > limit:
            reason = f"the image has too many pixels ({image.width} × {image.height}, the limit is {limit})"
            raise PictureError(reason, _allow(image.width * image.height))
        transparent = _transparent_in_8_bits(image)
        image.load()
        image.info.update(transparent)
        return as_seen(image)


def _identified(stream: BinaryIO) -> Image.Image:
    """Open an image without decoding it; if Pillow does not know it, say what the file is."""
    from PIL import Image, UnidentifiedImageError

    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if is_postscript(head):
        # Pillow would start Ghostscript, and that the program that the file is.
        raise PictureError("the file is a PostScript drawing, which is a program", "convert it to PNG")
    try:
        return Image.open(stream)
    except UnidentifiedImageError as error:
        if is_heif(head) and importlib.util.find_spec("pillow_heif") is not None:
            importlib.import_module("pillow_heif").register_heif_opener()
            stream.seek(0)
            return Image.open(stream)
        kind, fix = file_kind(head)
        raise PictureError(f"the file is {kind or 'not an image that Pillow can read'}", fix) from error


def _transparent_in_8_bits(image: Image.Image) -> dict[str, Any]:
    """Return the colour that a PNG declares transparent, scaled as Pillow scales the pixels, which it does not."""
    from PIL import ImageFile

    colour = image.info.get("transparency")
    layout = image.tile[0].args if isinstance(image, ImageFile.ImageFile) and image.tile else None
    if layout == "RGB;16B" and isinstance(colour, tuple):
        return {"transparency": tuple(value >> 8 for value in colour)}
    if isinstance(layout, str) and layout in _GREY_STEPS and isinstance(colour, int):
        return {"transparency": colour * _GREY_STEPS[layout]}
    return {}


def as_seen(image: Image.Image) -> Image.Image:
    """Convert a loaded image of any mode to RGB, as a viewer shows it.

    Raises:
        PixelValueError: if its values cannot be interpreted.
    """
    from PIL import Image

    image = _upright(image)
    if image.mode.startswith("I") or image.mode == "F":
        return to_8_bits(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


# Where Pillow looks for the orientation of a picture.
_ORIENTED = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")


def _upright(image: Image.Image) -> Image.Image:
    """Return a copy with the EXIF orientation applied, if there is one that can be read.

    A copy is a plain image, which does not hold the file, and it has the palette that some readers leave out. It says
    nothing of an orientation: code that applies one, like the pipelines of transformers, would turn it once more.
    """
    from PIL import ExifTags, Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        # Pillow raises all kinds of errors on broken metadata; the pixels are sound.
        orientation = None
    turn = turns.get(orientation) if isinstance(orientation, int) else None
    upright = image.copy() if turn is None else image.transpose(turn)
    for name in _ORIENTED:
        upright.info.pop(name, None)
    return upright
