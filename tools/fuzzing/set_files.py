"""Files that hold many pictures, valid or broken: NumPy arrays, Parquet tables, tar archives; and headers of PNGs."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from fuzzing import hostile

_SHAPES: Sequence[Any] = ((20, 32, 32, 3), (0,), (), (2**40, 32, 32, 3), (-1, 32, 32, 3), (10, 64, 64, 3), "x", (5, 5))
_TYPES = ("|u1", "<i8", "<f8", "|O", "<U4", "|V8", "<M8[s]", "x", "|b1", [("a", "<i4")])
_IMAGE_TYPES = ("binary", "struct", "string", "int", "list", "null", "large", "dictionary")


def png_header(size: tuple[int, int]) -> bytes:
    """Return the beginning of a PNG that claims a size."""
    content = b"IHDR" + struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + content + struct.pack(">I", zlib.crc32(content))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0" * 40


def write_arrays(folder: Path) -> None:
    """Write four originals under one corruption in the layout of CIFAR-10-C."""
    folder.mkdir()
    pictures = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    np.save(folder / "fog.npy", pictures)
    np.save(folder / "labels.npy", np.array([0, 8, 0, 8] * 5, dtype=np.uint8))


def broken_array(chance: Random, content: bytes) -> bytes:
    """Return a NumPy file with another header, of pickled objects, or with damage."""
    kind = chance.random()
    if kind < 0.3:
        return hostile.damaged(chance, content, chance.choice((10, 128, None)))
    if kind < 0.4:
        return pickle.dumps({"a": 1})
    if kind < 0.5:
        values = np.array([chance.choice((0, 8, 1, 255)) for _ in range(chance.choice((0, 1, 5, 20)))], dtype=np.uint8)
        stream = io.BytesIO()
        np.save(stream, values)
        return stream.getvalue()
    header: dict[str, Any] = {"descr": "|u1", "fortran_order": False, "shape": (20, 32, 32, 3)}
    name = chance.choice(tuple(header))
    choices: dict[str, Sequence[Any]] = {"descr": _TYPES, "fortran_order": (True, 5), "shape": _SHAPES}
    header[name] = chance.choice(choices[name])
    text = repr(header) if chance.random() < 0.8 else chance.choice(("{" * 500, hostile.text(chance), "9" * 5_000))
    data = text.encode("latin-1", "replace")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(data) % 2**16) + data + content[128:]


def parquet(pictures: Sequence[bytes], **columns: Any) -> bytes:
    """Return a table of pictures as the Hub exports it, with other columns where they are given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = [{"bytes": content, "path": f"{number}.png"} for number, content in enumerate(pictures)]
    labels = [number % 2 for number in range(len(pictures))]
    features = columns.pop("features", {"label": {"names": ["airplane", "ship"], "_type": "ClassLabel"}})
    compression = columns.pop("compression", "snappy")
    table = pa.table({"image": images, "label": labels, "id": list(map(str, labels)), **columns})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression=compression, row_group_size=2)
    return stream.getvalue()


def broken_parquet(chance: Random, pictures: Sequence[bytes]) -> bytes:
    """Return a table with columns of other types, hostile values, or damage."""
    kind = chance.random()
    if kind < 0.3:
        return hostile.damaged(chance, parquet(pictures))
    if kind < 0.4:
        # The names of the columns and how many values they have are at the end.
        content = parquet(pictures)
        return content[:-700] + hostile.damaged(chance, content[-700:-8]) + content[-8:]
    if kind < 0.45:
        return parquet([bytes(chance.choice((10**6, 5 * 10**7)))] * len(pictures), compression="zstd")
    count = len(pictures)
    columns: dict[str, Any] = {}
    if chance.random() < 0.5:
        columns["image"] = _images(chance, pictures)
    if chance.random() < 0.5:
        columns["label"] = chance.choice(
            (
                [chance.choice((0, 1, -1, 2, 10**12)) for _ in range(count)],
                [hostile.text(chance).encode("utf-8", "replace").decode() for _ in range(count)],
                [None] * count,
                [[0]] * count,
                [True] * count,
                [0.5, float("nan"), 1.0, 0.0][:count],
                [b"\xff"] * count,
            )
        )
    if chance.random() < 0.4:
        names = [hostile.value(chance) for _ in range(2)] if chance.random() < 0.5 else ["airplane", "airplane"]
        columns["features"] = chance.choice(({"label": {"names": names, "_type": "ClassLabel"}}, hostile.value(chance)))
    return parquet(pictures, **columns)


def _images(chance: Random, pictures: Sequence[bytes]) -> Any:
    import pyarrow as pa

    kind = chance.choice(_IMAGE_TYPES)
    if kind == "struct":
        path = chance.choice(("../../secret.png", "/etc/passwd", hostile.file_name(chance), ""))
        return [{"bytes": None, "path": path} for _ in pictures]
    if kind == "dictionary":
        return pa.array(pictures, pa.binary()).dictionary_encode()
    values = {"string": "x", "int": 5, "list": [1, 2], "null": None}
    return pa.array([values.get(kind, content) for content in pictures], pa.large_binary() if kind == "large" else None)


def members(pictures: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Return the members of an archive of pictures, each with its class."""
    named = [(f"{number:04d}", content) for number, content in enumerate(pictures)]
    return [
        member
        for number, (key, content) in enumerate(named)
        for member in ((f"{key}.png", content), (f"{key}.cls", (b"airplane", b"ship")[number % 2]))
    ]


def tar(content: Sequence[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT, **changes: Any) -> bytes:
    """Return an archive; the first member has other attributes where they are given."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form, errors="surrogateescape") as archive:
        for number, (name, data) in enumerate(content):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for attribute, value in changes.items() if not number else ():
                setattr(member, attribute, value)
            archive.addfile(member, io.BytesIO(data) if member.size <= len(data) else None)
    return stream.getvalue()


def broken_tar(chance: Random, pictures: Sequence[bytes]) -> bytes:
    """Return an archive with hostile names, labels, types, sizes or headers, or with damage."""
    content = members(pictures)
    form = chance.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT))
    kind = chance.random()
    if kind < 0.25:
        return hostile.damaged(chance, tar(content), chance.choice((512, 2_000, None)))
    if kind < 0.35:
        kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"V")
        return tar(content, type=chance.choice(kinds), linkname="../../secret.png")
    if kind < 0.45:
        return tar(content, tarfile.GNU_FORMAT, size=chance.choice((0, 2**40, 2**70)))
    if kind < 0.55:
        records = {chance.choice(("path", "size", "GNU.sparse.major", "x")): hostile.argument(chance) for _ in range(2)}
        return tar(content, tarfile.PAX_FORMAT, pax_headers=records)
    for _ in range(1 + int(chance.random() * 2)):
        name = hostile.argument(chance)[:90]
        end = chance.choice((".png", ".cls", ".json", ".txt", ".jpg", ".pickle", ""))
        labels = (hostile.text(chance).encode("utf-8", "replace"), b'{"label": "ship"}', b"[" * 50_000, b"1" * 70_000)
        data = chance.choice((*labels, *pictures))
        content.insert(int(chance.random() * len(content)), (f"{name}{end}", data))
    try:
        return tar(content, form)
    except (ValueError, UnicodeError):
        # What this form of archive cannot express.
        return tar(members(pictures))
