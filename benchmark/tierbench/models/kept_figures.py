"""Keep the figures of pictures beside the predictions, so that a run that predicts nothing anew opens no picture."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Iterable, MutableMapping

from tierbench.common.images import OPENING_VERSION
from tierbench.common.picture_figures import FIGURES_VERSION, PictureFigures
from tierbench.models.prediction_store import PredictionStore

_ROW = struct.Struct(f"<{len(PictureFigures._fields)}fI")


def take_rows(seen: MutableMapping[str, PictureFigures]) -> dict[str, bytes]:
    """Return what the store keeps of figures, and empty them; threads may add others meanwhile.

    Args:
        seen: figures by the SHA-256 of the picture's file.
    """
    rows = {}
    while seen:
        digest, figures = seen.popitem()
        key = _key(digest)
        rows[key] = _ROW.pack(*figures, _checksum(key, figures))
    return rows


def kept_figures(store: PredictionStore, digests: Iterable[str]) -> dict[str, PictureFigures]:
    """Return the figures that are kept, by the SHA-256 of the picture's file; damaged ones are left out."""
    keys = {_key(digest): digest for digest in digests}
    found = {keys[key]: _unpacked(key, row) for key, row in store.get(keys).items()}
    return {digest: figures for digest, figures in found.items() if figures}


def _unpacked(key: str, row: object) -> PictureFigures | None:
    if not isinstance(row, bytes) or len(row) != _ROW.size:
        return None
    *values, checksum = _ROW.unpack(row)
    figures = PictureFigures(*values)
    return figures if checksum == _checksum(key, figures) and all(map(math.isfinite, values)) else None


def _key(digest: str) -> str:
    return hashlib.sha256(f"figures\0{FIGURES_VERSION}\0{OPENING_VERSION}\0{digest}".encode()).hexdigest()


def _checksum(key: str, figures: PictureFigures) -> int:
    # Of single precision, as they are kept.
    return zlib.crc32(struct.pack(f"<{len(figures)}f", *figures), zlib.crc32(key.encode()))
