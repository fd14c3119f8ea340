"""Read what safetensors files hold, names, shapes and dtypes, from their headers and without torch."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import open_regular
from tierbench.common.text import one_line, plural

# What the safetensors library itself takes at most.
_MAX_HEADER_BYTES = 100_000_000
# As torch names them.
_DTYPES: Mapping[str, str] = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_HEADS = ("classifier.", "head.", "fc.")
# What configs call the number of layers, alone or by stage.
_LAYERS = re.compile(r"(num_)?(\w+_)?(layers|depths?|blocks|block_repeats)")
# No config is refused for fewer; the deepest classifiers have some hundreds.
_MANY_LAYERS = 1000


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

    def check_layers(self, config: Mapping[str, Any], place: str, levels: int = 3) -> None:
        """Refuse a config with far more layers than the files have tensors: to make them all would take forever.

        Args:
            config: the content of `config.json`, or a part of it.
            place: the model, for messages.
            levels: how deep parts of parts are looked at.

        Raises:
            UserError: if it has.
        """
        most = max(_MANY_LAYERS, len(self.shapes))
        for name, value in config.items():
            if isinstance(value, Mapping) and levels:
                self.check_layers(value, place, levels - 1)
            counts = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int)]
            if _LAYERS.fullmatch(name) and sum(counts) > most:
                raise UserError(
                    f"{place}: its config.json has {name} = {one_line(str(value), 60)}, but its weights have only "
                    f"{plural(len(self.shapes), 'tensor')}; save the whole model again"
                )


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
