"""The kind `imagefolder`: a folder for each class, as in torchvision's ImageFolder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded
from tierbench.common.text import listed, one_line, plural
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.sample import FileSource, Sample
from tierbench.suites.datasets.spec import SetSpec

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"))


def open_class_folders(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a folder that has a folder for each class; see `SetOpener`."""
    home = set_folder(spec, root)
    samples, strange = [], []
    for path in walk(home):
        label, _, name = path.partition("/")
        if not name or Path(path).suffix.lower() not in SUFFIXES:
            strange.append(path)
            continue
        samples.append(Sample(id=path, slice="", label=label, source=FileSource(home, path)))
    return DataSet(spec.name, spec.text, Layout("class folders"), samples, strange_files(strange))


def set_folder(spec: SetSpec, root: Path) -> Path:
    """Return the folder of a set.

    Raises:
        UserError: if there is none.
    """
    folder = root / expanded(spec.path) / spec.split
    # Unlike `Path.is_dir`, False for a name that is too long.
    if not os.path.isdir(folder):  # noqa: PTH112
        raise UserError(f"data set {one_line(spec.text)!r}: there is no folder {one_line(str(folder))}; fix the path")
    return folder


def walk(home: Path) -> Iterator[str]:
    """Yield the path of each file below a folder, with `/`, sorted; hidden ones are left out."""
    for directory, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(directory).relative_to(home).as_posix()
        for name in sorted(names):
            if not name.startswith("."):
                yield name if inside == "." else f"{inside}/{name}"


def strange_files(paths: list[str]) -> tuple[str, ...]:
    """Return the note on files that are no pictures of a class; empty if there are none."""
    if not paths:
        return ()
    return (f"{plural(len(paths), 'file')} left out, not an image in the folder of a class: {listed(paths, 3)}",)
