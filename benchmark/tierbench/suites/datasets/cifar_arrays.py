"""The kind `cifar10-c`: a NumPy file for each corruption and one with the labels, as CIFAR-10-C is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.inside import open_inside
from tierbench.common.text import error_text, one_line
from tierbench.corruptions import CORRUPTION_REGISTRY
from tierbench.suites.datasets.class_folders import set_folder, strange_files, walk
from tierbench.suites.datasets.corrupted_folders import CLEAN, SEVERITIES, missing_slices
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.lazy_samples import LazySamples
from tierbench.suites.datasets.sample import Sample
from tierbench.suites.datasets.spec import SetSpec

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
LABELS = "labels.npy"
PUBLISHED = 10_000
PIXELS = (32, 32, 3)
# The published 50,000 labels, a hundred times over.
_MOST = 100 * PUBLISHED * 5
LAYOUT = Layout(
    title="CIFAR-10-C",
    protocol="the published pictures of 32 px through the model's own preprocessing (Hendrycks & Dietterich 2019)",
    figure="mean_error",
    clean=CLEAN,
)


@dataclass(frozen=True, slots=True)
class ArraySource:
    """A picture in a NumPy file of pictures.

    Attributes:
        file: the `.npy` file.
        index: of the picture in it.
    """

    file: Path
    index: int

    def read(self) -> Image.Image:
        """Return the picture."""
        import numpy as np
        from PIL import Image

        try:
            return Image.fromarray(np.array(_array(self.file)[self.index]))
        except (ValueError, TypeError, IndexError, EOFError) as error:
            raise OSError(f"{self.file.name} has changed: {error_text(error)}") from error


class ArrayPictures(LazySamples):
    """The pictures of CIFAR-10-C, made when they are asked for: the published set has 950,000.

    Args:
        folder: of the files.
        slices: the file of each corruption, and its severity, in order.
        labels: the class of each original, by index.
    """

    def __init__(self, folder: Path, slices: Sequence[tuple[str, int]], labels: Sequence[int]) -> None:
        self._folder = folder
        self._slices = slices
        self._labels = labels

    def __len__(self) -> int:
        return len(self._slices) * len(self._labels)

    def make(self, row: int) -> Sample:
        """Return the sample in a row of the set."""
        place, original = divmod(row, len(self._labels))
        name, severity = self._slices[place]
        part = f"{name}+{severity}" if severity else name
        source = ArraySource(self._folder / f"{name}.npy", max(severity - 1, 0) * len(self._labels) + original)
        label = CLASSES[self._labels[original]]
        return Sample(f"{part}/{original:05d}", part, label, source, group=f"{original:05d}")


def open_cifar_arrays(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a set in the layout of CIFAR-10-C; `clean.npy` may stand beside. See `SetOpener`."""
    spec.check_options()
    home = set_folder(spec, root)
    files = list(walk(spec, home))
    names = [file.removesuffix(".npy") for file in files if file.endswith(".npy") and _is_slice(file[: -len(".npy")])]
    if not names:
        raise UserError(f"{spec.place}: has no CORRUPTION.npy such as fog.npy; name the folder that holds these files")
    labels = _labels(spec, home)
    slices: list[tuple[str, int]] = []
    for name in names:
        levels = (0,) if name == CLEAN else tuple(SEVERITIES)
        _check(spec, home / f"{name}.npy", (len(levels) * len(labels), *PIXELS))
        slices += [(name, level) for level in levels]
    strange = [file for file in files if file != LABELS and file.removesuffix(".npy") not in names]
    found = {f"{name}+{level}" if level else name for name, level in slices}
    notes = [*missing_slices(found), *strange_files(strange, "a CORRUPTION.npy")]
    if len(labels) != PUBLISHED:
        notes.append(f"{len(labels):,} pictures in each slice, not the {PUBLISHED:,} of the published set")
    return DataSet(spec.name, spec.text, LAYOUT, ArrayPictures(home, slices, labels), tuple(notes))


def _is_slice(name: str) -> bool:
    return name == CLEAN or name in CORRUPTION_REGISTRY


def _labels(spec: SetSpec, home: Path) -> list[int]:
    """Return the class of each original; the published file repeats them for each severity."""

    file = home / LABELS
    values = _checked(spec, file)
    place = f"{spec.place}: {LABELS}"
    if (
        values.ndim != 1
        or values.dtype.kind not in "iu"
        or not len(values)
        or len(values) % len(SEVERITIES)
        or len(values) > _MOST
    ):
        raise UserError(
            f"{place}: must have an integer for each picture of 5 severities, as the published 50,000, but has "
            f"{_shape(values)}; fetch the file again"
        )
    blocks = values.reshape(len(SEVERITIES), -1)
    if (blocks != blocks[0]).any():
        raise UserError(f"{place}: the labels differ between severities; fetch the file again")
    if values.min() < 0 or values.max() >= len(CLASSES):
        raise UserError(f"{place}: has the class {values.max()}, but CIFAR-10 has 0 to 9; fetch the file again")
    return [int(value) for value in blocks[0]]


def _check(spec: SetSpec, file: Path, shape: tuple[int, ...]) -> None:
    array = _checked(spec, file)
    if array.shape != shape or array.dtype.name != "uint8":
        raise UserError(
            f"{spec.place}: {file.name}: has {_shape(array)}, but must have {' × '.join(map(str, shape))} of uint8 for "
            f"the labels in {LABELS}; fetch the file again"
        )


def _checked(spec: SetSpec, file: Path) -> np.ndarray:
    """Return what is in a file, if it is an array and no link leads out of the folder."""
    try:
        open_inside(file.parent, file).close()
        return _array(file)
    except Exception as error:
        # NumPy raises several kinds of errors on damaged files; files with pickled objects are among them.
        raise UserError(f"{spec.place}: {file.name}: cannot be read ({error_text(error)}); fetch it again") from error


def _array(file: Path) -> np.ndarray:
    return _mapped(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _mapped(file: Path, mtime_ns: int) -> np.ndarray:
    """Return the array in a file, mapped again when the file has changed."""
    import numpy as np

    # Unlike np.load, this opens neither archives nor pickled objects.
    return np.lib.format.open_memmap(file, mode="r")


def _shape(array: np.ndarray) -> str:
    return f"{' × '.join(map(str, array.shape)) or 'one value'} of {one_line(array.dtype.name)}"
