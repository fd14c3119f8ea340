"""Open images as a viewer shows them: upright, on white, in RGB."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tierbench.common.files import open_regular

if TYPE_CHECKING:
    from PIL import Image


class PictureError(Exception):
    """An image cannot be read; the message says why."""


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

    EXIF orientation is applied, transparent areas become white, and only the first frame of an animation is read.
    CMYK, palette, grey and 16-bit images (scaled to 8 bits) are converted to RGB.

    Args:
        source: the image file, or its content.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.

    Raises:
        PictureError: if it is not an image, is truncated, or has more pixels than the limit.
    """
    from PIL import Image, UnidentifiedImageError

    limit = Image.MAX_IMAGE_PIXELS if max_pixels is None else max_pixels
    try:
        if max_pixels is not None and Image.MAX_IMAGE_PIXELS is not None:
            # Pillow's own limit is one for the whole process, and Pillow checks it even if the caller allows more.
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)
        with _opened(source) as stream, Image.open(stream) as image:
            # Pillow warns above its limit and raises above twice the limit; here both are errors.
            if limit is not None and image.width * image.height > limit:
                raise PictureError(
                    f"the image has too many pixels ({image.width} × {image.height}, the limit is {limit})"
                )
            image.load()
            return as_seen(image)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"the image has too many pixels ({error})") from error
    except UnidentifiedImageError as error:
        raise PictureError("the file is not an image that Pillow can read") from error
    except MemoryError as error:
        raise PictureError("there is not enough memory to decode the image") from error
    except Exception as error:
        # Pillow's decoders raise all kinds of errors on broken data: OSError, SyntaxError, struct.error, IndexError …
        raise PictureError(f"the image cannot be decoded: {str(error) or type(error).__name__}") from error


def _opened(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)


def as_seen(image: Image.Image) -> Image.Image:
    """Convert a loaded image of any mode to RGB, as a viewer shows it."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey values by 1/256 (also if stored in 32-bit integers), and floats from 0 to 1 by 255."""
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = float(values.max(initial=0.0))
    if image.mode == "F":
        scale = 255.0 if top <= 1.0 else 1.0
    else:
        scale = 1.0 if top <= 255 and image.mode == "I" else 1 / 256
    return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))
