"""Read what safetensors files hold, names, shapes and dtypes, from their headers and without torch."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.files import open_regular

# What the safetensors library itself takes at most.
_MAX_HEADER_BYTES = 100_000_000
# As torch names them.
_DTYPES: Mapping[str, str] = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_HEADS = ("classifier.", "head.", "fc.")


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors in the files of a model.

    Attributes:
        shapes: of each tensor, by its name; empty if a header cannot be read.
        dtype: what most of the numbers are stored as; None if that is not known, or no float.
        file_size: bytes of all files together.
    """

    shapes: Mapping[str, tuple[int, ...]]
    dtype: str | None
    file_size: int

    def classes(self, head: str | None = None) -> int | None:
        """Return how many outputs the last layer has; None if it cannot be told which layer that is.

        Args:
            head: the name of the last layer, where it is known; None: one of the usual names at the top.
        """
        prefixes = _HEADS if head is None else (f"{head}.", f"timm_model.{head}.")
        found = {
            shape[0]
            for name, shape in self.shapes.items()
            if name.startswith(prefixes) and name.endswith("weight") and len(shape) in (2, 4)
        }
        return found.pop() if len(found) == 1 else None


def read_weights(files: Sequence[Path]) -> Weights:
    """Read the headers of safetensors files; one that is broken is reported when the model is loaded."""
    shapes: dict[str, tuple[int, ...]] = {}
    numbers: Counter[str] = Counter()
    try:
        for file in files:
            for name, (dtype, shape) in _header(file).items():
                shapes[name] = shape
                numbers[dtype] += math.prod(shape)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        shapes, numbers = {}, Counter()
    most = numbers.most_common(1)
    return Weights(shapes, _DTYPES.get(most[0][0]) if most else None, sum(file.stat().st_size for file in files))


def _header(file: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return dtype and shape of each tensor; any of several errors says that this is no safetensors file."""
    with open_regular(file) as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > _MAX_HEADER_BYTES:
            raise ValueError("the header is too long")
        entries = json.loads(stream.read(length))
    return {
        str(name): (str(entry["dtype"]), tuple(map(int, entry["shape"])))
        for name, entry in entries.items()
        if name != "__metadata__"
    }
