"""The door of pictures: files of every format that Pillow writes, broken, and files that are no pictures."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, features

from fuzzing import hostile
from fuzzing.door import Input, ProblemError
from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.common.text import one_line

_FILE = "picture"
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
# Beginnings of files that are often found in the place of pictures.
_OTHERS = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64,
    b"<!doctype html><title>Not found</title>",
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    b"\0\0\0\x18ftypheic\0\0\0\0",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"%PDF-1.7",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(canary) run\n",
    b'{"error": "not found"}',
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"P6\n99999999 99999999\n255\n",
    b"P7\nWIDTH 9999999\n",
    b"P1\n",
    b"",
)


class Pictures:
    """Feeds pictures."""

    share = 30
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def __init__(self) -> None:
        self._valid: Mapping[str, bytes] = {}

    def prepare(self, top: Path) -> None:
        """Make the valid pictures."""
        self._valid = valid_pictures()

    def valid(self) -> Sequence[Input]:
        """Return a picture of every format and mode."""
        # Pillow reads EPS with another program.
        return [Input((kind,), {_FILE: data}) for kind, data in self._valid.items() if not kind.startswith("EPS ")]

    def draw(self, chance: Random) -> Input:
        """Return a broken picture, a huge one, or none at all."""
        kind = chance.random()
        if kind < 0.06:
            return Input(("other",), {_FILE: hostile.damaged(chance, chance.choice(_OTHERS) + bytes(64))})
        if kind < 0.1:
            side = chance.choice((0, 1, 20_000, 2**31 - 1, 2**31, 2**32 - 1))
            return Input(("huge",), {_FILE: _png(side, chance.choice((1, 20_000, 2**31 - 1)))})
        name = chance.choice(sorted(self._valid))
        reach = 64 if chance.random() < 0.3 else None
        return Input((name,), {_FILE: hostile.damaged(chance, self._valid[name], reach)})

    def feed(self, given: Input) -> str:
        """Open the picture."""
        try:
            with quiet_pillow():
                picture = open_picture(Path(_FILE))
        except PictureError as error:
            if not str(error) or str(error) != one_line(str(error), 1_000):
                raise ProblemError(f"an unclear message: {str(error)!r}") from error
            return "refused"
        if picture.mode != "RGB" or not all(picture.size):
            raise ProblemError(f"a wrong picture: mode {picture.mode}, size {picture.size}")
        return "read"


def valid_pictures() -> dict[str, bytes]:
    """Return small valid pictures of every format and mode that Pillow can write, by name."""
    Image.init()
    ramp = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint8) * 4
    grey = Image.fromarray(ramp)
    found: dict[str, bytes] = {}
    for kind in sorted(Image.SAVE):
        if kind in ("PDF", "XVTHUMB", "PALM") or (kind == "AVIF" and not features.check("avif")):
            continue
        for mode in _MODES:
            stream = io.BytesIO()
            try:
                picture = grey.convert("I").convert(mode) if mode == "I;16" else grey.convert("RGB").convert(mode)
            except ValueError:
                picture = Image.new(mode, grey.size)
            try:
                picture.save(stream, format=kind)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # the format does not support this mode
            if stream.getvalue():
                found[f"{kind} {mode}"] = stream.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    grey.save(stream, format="JPEG", exif=exif)
    return {**found, "JPEG rotated": stream.getvalue()}


def _png(width: int, height: int) -> bytes:
    """Return a PNG whose header promises a size that its data does not have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
