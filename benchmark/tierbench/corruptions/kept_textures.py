"""Keep drawn textures in the cache folder, so that the processes of a run, and later runs, draw each only once."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock

from tierbench.common.cache import cache_folder
from tierbench.common.files import read_regular, replacing
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Pixels

# The modules that a texture is drawn with.
_MADE_WITH: Final = ("frost_textures.py", "plasma.py", "blur.py", "pixels.py")
_DIGEST_BYTES = 32


def kept_texture(number: int, side: int, draw: Callable[[int], Pixels]) -> Pixels:
    """Return a texture from the cache folder; where it is not there or damaged, draw it and keep it there.

    A cache folder that cannot be used is no problem: the texture is drawn.

    Args:
        number: of the texture.
        side: its height and width in pixels.
        draw: draws the texture with a number, always in the same way.
    """
    try:
        folder = cache_folder() / "frost-textures"
        file = folder / f"{number}-{_maker()}.rgb"
        if (known := _read(file, side)) is not None:
            return known
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock")):
            # Another process may have drawn it meanwhile.
            if (known := _read(file, side)) is not None:
                return known
            texture = draw(number)
            content = texture.tobytes()
            with replacing(file) as stream:
                stream.write(hashlib.sha256(content).digest() + content)
            return texture
    except (OSError, NotImplementedError):
        # The latter is what FileLock raises on file systems without locks.
        return draw(number)


def _read(file: Path, side: int) -> Pixels | None:
    """Return the texture in a file; None if there is none, or not as it was written."""
    try:
        content = read_regular(file)
    except FileNotFoundError:
        return None
    pixels = content[_DIGEST_BYTES:]
    if len(pixels) != 3 * side * side or hashlib.sha256(pixels).digest() != content[:_DIGEST_BYTES]:
        return None
    return np.frombuffer(pixels, dtype=np.uint8).reshape(side, side, 3)


@functools.cache
def _maker() -> str:
    """Return a name for all that a texture depends on: our code, the libraries, and the kind of machine."""
    versions = (np.__version__, opencv().__version__, platform.system(), platform.machine())
    maker = hashlib.sha256("\0".join(versions).encode())
    for name in _MADE_WITH:
        maker.update(Path(__file__).with_name(name).read_bytes())
    return maker.hexdigest()[:16]
