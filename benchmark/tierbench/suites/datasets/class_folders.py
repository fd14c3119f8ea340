"""The kind `imagefolder`: a folder for each class, or pictures with a `metadata.csv` that names their classes."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, is_regular, read_text
from tierbench.common.text import listed, one_line, plural, printable
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.sample import FileSource, Sample
from tierbench.suites.datasets.spec import SetSpec
from tierbench.suites.file_names import file_name_problem

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"))
METADATA = "metadata.csv"


def open_class_folders(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a folder that has a folder for each class, or a `metadata.csv`; see `SetOpener`.

    `metadata.csv` has the columns `file_name` and `label`, as Hugging Face's ImageFolder reads it.
    """
    spec.check_options()
    home = set_folder(spec, root)
    if is_regular(home / METADATA):
        return _with_metadata(spec, home)
    samples, strange = [], []
    for path in walk(spec, home):
        label, _, name = path.partition("/")
        if not name or Path(path).suffix.lower() not in SUFFIXES:
            strange.append(path)
            continue
        # A name that is not UTF-8 cannot be written to the result files.
        samples.append(Sample(printable(path), "", printable(label), FileSource(home, path)))
    notes = (*strange_files(strange), *_empty_classes(home, {sample.label for sample in samples}))
    return DataSet(spec.name, spec.text, Layout("class folders"), samples, notes)


def _empty_classes(home: Path, classes: Collection[str]) -> tuple[str, ...]:
    """Return the note on folders of classes without a picture, which figures are not about; empty if there are none."""
    folders = (printable(child.name) for child in home.iterdir() if child.is_dir() and not child.is_symlink())
    empty = sorted(name for name in folders if not name.startswith(".") and name not in classes)
    if not empty:
        return ()
    return (f"{'class' if len(empty) == 1 else f'{len(empty)} classes'} without a picture: {listed(empty, 3)}",)


def set_folder(spec: SetSpec, root: Path) -> Path:
    """Return the folder of a set; a split is a folder in it.

    Raises:
        UserError: if there is none.
    """
    folder = root / expanded(spec.path) / spec.split
    # Unlike `Path.is_dir`, False for a name that is too long.
    if not os.path.isdir(folder):  # noqa: PTH112
        raise UserError(f"{spec.place}: there is no folder {one_line(str(folder))}; fix the path")
    return folder


def walk(spec: SetSpec, home: Path) -> Iterator[str]:
    """Yield the path of each file below a folder, with `/`, sorted; hidden ones are left out.

    A link to a folder is yielded, not followed.

    Raises:
        UserError: if a folder cannot be listed: figures on the rest would be figures on less.
    """
    problems: list[OSError] = []
    for directory, folders, names in os.walk(home, onerror=problems.append):
        inside = Path(directory).relative_to(home)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if (home / inside / name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith("."):
                yield (inside / name).as_posix()
    for problem in problems:
        raise UserError(f"{spec.place}: cannot list {one_line(str(problem.filename))}: {problem.strerror}")


def strange_files(paths: list[str], what: str = "an image in the folder of a class") -> tuple[str, ...]:
    """Return the note on files that are no pictures of a class; empty if there are none."""
    return (f"{plural(len(paths), 'file')} left out, not {what}: {listed(paths, 3)}",) if paths else ()


def _with_metadata(spec: SetSpec, home: Path) -> DataSet:
    file = home / METADATA
    samples: dict[str, Sample] = {}
    for number, name, label in _rows(spec, file):
        place = f"{spec.place}: {METADATA}, row {number}"
        if problem := file_name_problem(name):
            raise UserError(f"{place}: {problem}")
        if not label:
            raise UserError(f"{place}: has no label; name the class, or remove the row")
        if name in samples:
            raise UserError(f"{place}: {one_line(name)!r} is named twice; remove one of the rows")
        samples[name] = Sample(name, "", label, FileSource(home, name))
    strange = [path for path in walk(spec, home) if path != METADATA and path not in samples]
    layout = Layout("pictures with metadata.csv")
    return DataSet(spec.name, spec.text, layout, list(samples.values()), strange_files(strange, f"in {METADATA}"))


def _rows(spec: SetSpec, file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield row number, file name and label of each row."""
    place = f"{spec.place}: {METADATA}"
    try:
        reader = csv.DictReader(read_text(file).splitlines(keepends=True), strict=True)
        header = [name.strip() for name in reader.fieldnames or ()]
        if missing := [name for name in ("file_name", "label") if name not in header]:
            raise UserError(f"{place}: has no column {listed(missing)}; its columns: {listed(header, 10)}")
        reader.fieldnames = header
        for row in reader:
            yield reader.line_num, (row["file_name"] or "").strip(), (row["label"] or "").strip()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{place}: cannot be read ({error}); save it as CSV in UTF-8") from error
