"""Keep the reduced pictures of reports between runs, by the content of the image file and all that is done to it."""

from __future__ import annotations

import hashlib

import msgspec

from tierbench.common.images import OPENING_VERSION
from tierbench.models.prediction_store import library_versions
from tierbench.models.struct_store import StructStore
from tierbench.suites.case import Case
from tierbench.suites.derived import corruption_key

_MAX_BYTES = 2**28


class Reduced(msgspec.Struct, frozen=True, array_like=True):
    """The encoded file of a reduced picture, and the size of the image in pixels."""

    content: bytes
    width: int
    height: int


class PictureStore(StructStore[Reduced]):
    """Reduced pictures by key; see `StructStore`."""

    def __init__(self) -> None:
        super().__init__(Reduced, "pictures-1.sqlite", _MAX_BYTES)


def stored_key(case: Case, sha256: str, *how: object) -> str:
    """Return the key of the reduced picture of a case.

    Args:
        case: the case.
        sha256: of the bytes of its image file.
        how: what else decides about the picture: sizes and format.
    """
    parts = [sha256, corruption_key(case), OPENING_VERSION, library_versions()["pillow"], *how]
    return hashlib.sha256("\0".join(map(str, parts)).encode(errors="surrogatepass")).hexdigest()
