"""Keep values that can be made again between runs, by a key over all that made them, in a file of the cache folder."""

from __future__ import annotations

import hashlib
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

from tierbench.common.cache import cache_folder
from tierbench.models.prediction_store import PredictionStore

T = TypeVar("T", bound=msgspec.Struct)
_CHECKSUM_BYTES = 32


class StructStore(Generic[T]):
    """Values of one type by key, in a file that several runs may use at once.

    As they can be made again, no problem with the file is reported. It is opened at the first use and closed at the
    end of a `with` block.

    Args:
        kind: the type of the values.
        file: name of the file in the cache folder.
        max_bytes: size above which the values that were not used for the longest time are deleted.
    """

    def __init__(self, kind: type[T], file: str, max_bytes: int) -> None:
        self._kind, self._file, self._max_bytes = kind, file, max_bytes
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
            self._opened = PredictionStore(cache_folder() / self._file, self._max_bytes)
        return self._opened

    def get(self, keys: list[str]) -> dict[str, T]:
        """Return the values that are kept, by key; damaged ones are left out."""
        found = {key: self._unpacked(key, row) for key, row in self._store.get(keys).items()} if keys else {}
        return {key: value for key, value in found.items() if value is not None}

    def put(self, values: dict[str, T]) -> None:
        """Keep values."""
        self._store.put({key: _packed(key, value) for key, value in values.items()})

    def _unpacked(self, key: str, row: bytes) -> T | None:
        body = row[:-_CHECKSUM_BYTES]
        if row[-_CHECKSUM_BYTES:] != _checksum(key, body):
            return None
        try:
            return msgspec.msgpack.decode(body, type=self._kind)
        except msgspec.MsgspecError:
            return None


def _packed(key: str, value: msgspec.Struct) -> bytes:
    body = msgspec.msgpack.encode(value)
    return body + _checksum(key, body)


def _checksum(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).digest()
