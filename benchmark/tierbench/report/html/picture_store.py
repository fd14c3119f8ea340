"""Keep the reduced pictures of reports between runs, by the content of the image file and all that is done to it."""

from __future__ import annotations

import hashlib
from types import TracebackType
from typing import Self

import msgspec

from tierbench.common.cache import cache_folder
from tierbench.common.images import OPENING_VERSION
from tierbench.models.prediction_store import PredictionStore, library_versions
from tierbench.suites.case import Case
from tierbench.suites.derived import corruption_key

_MAX_BYTES = 2**28
_CHECKSUM_BYTES = 32


class Reduced(msgspec.Struct, frozen=True, array_like=True):
    """The encoded file of a reduced picture, and the size of the image in pixels."""

    content: bytes
    width: int
    height: int


class PictureStore:
    """Reduced pictures by key, in a file of the cache folder that several runs may use at once.

    As they can be made again, no problem with the file is reported. It is opened at the first use and closed at the
    end of a `with` block.
    """

    def __init__(self) -> None:
        self._opened: PredictionStore | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _store(self) -> PredictionStore:
        if self._opened is None:
            self._opened = PredictionStore(cache_folder() / "pictures-1.sqlite", _MAX_BYTES)
        return self._opened

    def get(self, keys: list[str]) -> dict[str, Reduced]:
        """Return the pictures that are kept, by key; damaged ones are left out."""
        found = {key: _unpacked(key, row) for key, row in self._store.get(keys).items()} if keys else {}
        return {key: picture for key, picture in found.items() if picture is not None}

    def put(self, pictures: dict[str, Reduced]) -> None:
        """Keep pictures."""
        self._store.put({key: _packed(key, picture) for key, picture in pictures.items()})


def stored_key(case: Case, sha256: str, *how: object) -> str:
    """Return the key of the reduced picture of a case.

    Args:
        case: the case.
        sha256: of the bytes of its image file.
        how: what else decides about the picture: sizes and format.
    """
    parts = [sha256, corruption_key(case), OPENING_VERSION, library_versions()["pillow"], *how]
    return hashlib.sha256("\0".join(map(str, parts)).encode(errors="surrogatepass")).hexdigest()


def _packed(key: str, picture: Reduced) -> bytes:
    body = msgspec.msgpack.encode(picture)
    return body + _checksum(key, body)


def _unpacked(key: str, row: bytes) -> Reduced | None:
    body = row[:-_CHECKSUM_BYTES]
    if row[-_CHECKSUM_BYTES:] != _checksum(key, body):
        return None
    try:
        return msgspec.msgpack.decode(body, type=Reduced)
    except msgspec.MsgspecError:
        return None


def _checksum(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).digest()
