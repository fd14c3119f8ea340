"""Read what wandb wrote to disk in offline mode: a log of records, in the format of LevelDB's logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BLOCK, _HEAD = 32_768, 7


def records(file: Path) -> Iterator[Any]:
    """Yield the records of a `.wandb` file."""
    from wandb.proto.wandb_internal_pb2 import Record

    whole = b""
    for kind, part in _parts(file.read_bytes()):
        whole = part if kind in (1, 2) else whole + part
        if kind in (1, 4):
            record = Record()
            record.ParseFromString(whole)
            yield record


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kind of each part (1: whole, 2: first, 3: middle, 4: last) and its bytes."""
    at = _HEAD  # The head of the file is as long as that of a part: 4 bytes of checksum, 2 of length, the kind.
    while at + _HEAD <= len(data):
        if _BLOCK - at % _BLOCK < _HEAD:
            at += _BLOCK - at % _BLOCK
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        yield kind, data[at + _HEAD : at + _HEAD + length]
        at += _HEAD + length
