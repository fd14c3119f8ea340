"""Read the picture file of a case once, so that the bytes that are hashed are the bytes that are decoded."""

from __future__ import annotations

import hashlib
import os
from io import BufferedReader, BytesIO
from pathlib import Path

from tierbench.common.files import open_regular
from tierbench.common.images import PictureError
from tierbench.common.inside import open_inside
from tierbench.suites.case import Case

# More than any picture that Pillow would decode; what is larger would only fill the memory.
_MAX_BYTES = 2**31
# Bytes for each pixel: the decoded picture and a copy of it; corruptions of whole pictures compute with float64.
PLAIN, _CORRUPTED = 6, 60
# Hashes by device, inode, size and times of the file. The time of the last change of the inode cannot be set back.
_hashed: dict[tuple[int, ...], str] = {}


def read_picture(case: Case) -> tuple[bytes, str]:
    """Return the bytes of the picture of a case, and their SHA-256.

    Raises:
        PictureError: if the file cannot be read, lies outside the folder of the suite by now, is larger than 2 GiB, or
            is another one than its row declares.
    """
    try:
        with _opened(case) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise PictureError(f"the image file cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise PictureError("there is not enough memory to read the image file") from error
    if len(content) > _MAX_BYTES:
        raise PictureError(f"the image file has more than {_MAX_BYTES:,} bytes; save the image smaller")
    digest = hashlib.sha256(content).hexdigest()
    if case.sha256 and digest != case.sha256:
        raise PictureError(
            f"the image file has SHA-256 {digest[:12]}…, its row says {case.sha256[:12]}…; "
            "put the right file there or fix the row"
        )
    return content, digest


def picture_sha256(case: Case) -> str:
    """Return the SHA-256 of the picture of a case; empty if it cannot be read. Unchanged files are hashed once."""
    try:
        with _opened(case) as stream:
            status = os.fstat(stream.fileno())
            state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if state not in _hashed:
                _hashed[state] = hashlib.file_digest(stream, "sha256").hexdigest()
            return _hashed[state]
    except OSError:
        return ""


def picture_size(source: Case | Path | BytesIO) -> tuple[int, int]:
    """Return width and height of a picture as its file declares them; 0 and 0 if it is none."""
    from PIL import Image

    try:
        with source if isinstance(source, BytesIO) else _opened(source) as stream, Image.open(stream) as image:
            return image.size
    except Image.DecompressionBombError:
        # More than twice Pillow's own limit, which the run may have raised.
        return 2**15, 2**15
    except Exception:
        # Pillow raises all kinds of errors on broken data; decoding the picture reports them.
        return 0, 0


def decoding_bytes(source: Case | Path, size: tuple[int, int]) -> int:
    """Return about how many bytes it takes to decode a picture of this size, and to corrupt it."""
    corrupted = isinstance(source, Case) and source.corruption and not source.is_cropped
    return size[0] * size[1] * (_CORRUPTED if corrupted else PLAIN)


def _opened(source: Case | Path) -> BufferedReader:
    if isinstance(source, Path):
        return open_regular(source)
    return open_regular(source.path) if source.home is None else open_inside(source.home, source.path)
