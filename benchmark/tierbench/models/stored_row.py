"""Write the probabilities of an image as bytes with a checksum, and read them back; damage is noticed.

Up to `FULL_LABELS` labels, every probability is kept. Of more labels only what judging needs is kept: the `_TOP` most
probable labels, the `_TOP` most probable of those that no concept of the suite counts, and all that a concept counts,
each with its rank. Scores, margins, log margins, ranks and the ten best labels are the same as before; the other
probabilities are read back as values that leave every rank as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tierbench.models.classifier import Scores
from tierbench.models.outputs import problem_of, sums_to_one

if TYPE_CHECKING:
    import numpy as np

FULL_LABELS = 4096
_TOP = 100
_CHECKSUM_BYTES = 4
# In front of the key, for the checksum: a row of this kind is never taken for one with all labels.
_PARTIAL = "partial\0"
_ENTRY = [("index", "<u4"), ("value", "<f4"), ("above", "<u4")]


def pack(key: str, values: np.ndarray, counted: Sequence[int] = ()) -> bytes:
    """Return the bytes for a row.

    Args:
        key: the key that the row is stored under; the checksum holds it.
        values: probabilities, shape [n_labels].
        counted: the labels that count as a concept; of importance only above `FULL_LABELS` labels.
    """
    import numpy as np

    values = values.astype("<f4")
    body = values.tobytes() if len(values) <= FULL_LABELS else _entries(values, np.array(counted, dtype=int)).tobytes()
    return body + _checksum(key, body)


def unpack(key: str, row: object, labels: int, *, multi_label: bool = False) -> np.ndarray | None:
    """Return the probabilities of a row; None if it is damaged or of another model.

    Args:
        key: the key that the row was stored under.
        row: what the store has.
        labels: number of labels.
        multi_label: whether the probabilities need not sum to 1.
    """
    import numpy as np

    if not isinstance(row, bytes) or row[-_CHECKSUM_BYTES:] != _checksum(key, row[:-_CHECKSUM_BYTES]):
        return None
    body = row[:-_CHECKSUM_BYTES]
    if labels <= FULL_LABELS:
        if len(body) != 4 * labels:
            return None
        values = np.frombuffer(body, dtype="<f4")
        valid = multi_label or sums_to_one(values)
    else:
        entries = np.frombuffer(body, dtype=_ENTRY) if len(body) % np.dtype(_ENTRY).itemsize == 0 else None
        if entries is None or not len(entries) or entries["index"].max() >= labels:
            return None
        values = _spread(entries, labels)
        valid = True
    return values if valid and not problem_of(values) else None


def pack_partial(key: str, scores: Scores) -> bytes:
    """Return the bytes for scores that lack some labels; see `pack`."""
    import numpy as np

    body = np.append(scores.probabilities, scores.ceiling).astype("<f4").tobytes()
    return body + _checksum(_PARTIAL + key, body)


def unpack_partial(key: str, row: object, labels: int) -> Scores | None:
    """Return scores that lack some labels; None if the row is damaged or of another kind."""
    import numpy as np

    if not isinstance(row, bytes) or row[-_CHECKSUM_BYTES:] != _checksum(_PARTIAL + key, row[:-_CHECKSUM_BYTES]):
        return None
    values = np.frombuffer(row[:-_CHECKSUM_BYTES], dtype="<f4")
    if len(values) != labels + 1 or problem_of(values):
        return None
    return Scores(values[:-1], float(values[-1]))


def _checksum(key: str, body: bytes) -> bytes:
    return zlib.crc32(body, zlib.crc32(key.encode(errors="surrogatepass"))).to_bytes(_CHECKSUM_BYTES, "little")


def _entries(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return the labels to keep, with their values and the number of labels that are more probable."""
    import numpy as np

    order = np.argsort(-values, kind="stable")
    free = order[~np.isin(order, counted)]
    kept = np.unique(np.concatenate([order[:_TOP], free[:_TOP], counted]))
    entries = np.empty(len(kept), dtype=_ENTRY)
    entries["index"], entries["value"] = kept, values[kept]
    entries["above"] = np.searchsorted(-values[order], -values[kept], side="left")
    return entries


def _spread(entries: np.ndarray, labels: int) -> np.ndarray:
    """Return values of all labels: those that were kept, and others that leave their ranks as they were."""
    import numpy as np

    values = np.zeros(labels, dtype=np.float32)
    others = np.delete(np.arange(labels), entries["index"])
    filled = 0
    kept = np.sort(entries, order="value")[::-1]
    for position, (value, above) in enumerate(zip(kept["value"], kept["above"], strict=True)):
        # Of equal values, only the first can have others above it that are not placed yet.
        needed = int(above) - int((kept["value"][:position] > value).sum())
        if needed > filled:
            values[others[filled:needed]] = np.nextafter(value, np.float32(1))
            filled = min(needed, len(others))
    values[entries["index"]] = entries["value"]
    return values
