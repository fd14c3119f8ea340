"""Add cases to a suite: copy the images and append valid rows, or leave everything unchanged."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import (
    exists,
    file_sha256,
    is_regular,
    open_regular,
    read_regular,
    remove_leftovers,
    replacing,
    shown_path,
    write_atomically,
)
from tierbench.common.text import one_line
from tierbench.suites.case import Case
from tierbench.suites.imagefolder import without_split_words
from tierbench.suites.label_editing import with_labels
from tierbench.suites.metadata import ID
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite

# The columns of a new suite.
NEW_COLUMNS = ("file_name", "label", "tier", "id", "sha256")
_WHERE_FILLED = ("twin", "tags", "group", "source", "license", "notes")


@dataclass(frozen=True, slots=True)
class NewCase:
    """The case or twin to add; empty strings leave their cells empty. A twin has no tier."""

    image: Path
    label: str
    tier: int | None
    id: str = ""
    twin: str = ""
    tags: str = ""
    group: str = ""
    source: str = ""
    license: str = ""
    notes: str = ""


def add_case(folder: Path, new: NewCase) -> Case:
    """Add a case to the suite in a folder, and return it; see `add_cases`."""
    return add_cases(folder, [new])[0]


def add_cases(
    folder: Path, new: Sequence[NewCase], labels: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[Case]:
    """Add cases to the suite in a folder, which is created if it is missing: all of them or none.

    Args:
        folder: the suite folder, absolute.
        new: the cases to add.
        labels: concept → labels that count as it, for `[labels]` of suite.toml; entries that are there are kept.

    Returns:
        The cases, as read back from the suite.

    Raises:
        UserError: if an image cannot be copied, or if the suite with the new rows has problems; nothing is changed.
    """
    for each in new:
        if each.id and not ID.fullmatch(each.id):
            raise UserError(f"--id {one_line(each.id)!r} may contain only a-z, 0-9, _ and -; choose another")
    created = [parent for parent in (folder, *folder.parents) if not exists(parent)]
    metadata = folder / "metadata.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock(metadata):
            return _add(folder, metadata, new, labels)
    except OSError as error:
        raise UserError(f"{shown_path(metadata)}: cannot be used: {error.strerror}") from error
    finally:
        # Cases that were refused leave no empty folders behind; folders with files are not removed.
        for parent in created:
            with suppress(OSError):
                parent.rmdir()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A case with its place in the suite; `in_place`: its picture is there already."""

    new: NewCase
    id: str
    target: Path
    digest: str
    in_place: bool

    @property
    def row(self) -> dict[str, str]:
        return {
            "file_name": self.target.name,
            "label": self.new.label,
            "tier": "" if self.new.tier is None else str(self.new.tier),
            "id": self.id,
            "sha256": self.digest,
            **{name: getattr(self.new, name) for name in _WHERE_FILLED},
        }


def _add(folder: Path, metadata: Path, new: Sequence[NewCase], labels: Mapping[str, Sequence[str]]) -> list[Case]:
    remove_leftovers(folder)
    settings = folder / "suite.toml"
    # What a file held before; None: it was not there.
    before = {file: read_regular(file) if file.exists() else None for file in (metadata, settings)}
    try:
        text = None if (old := before[metadata]) is None else old.decode("utf-8-sig")
        placed = _places(folder, new, text or "")
        mark = "\ufeff" if old is not None and old.startswith(codecs.BOM_UTF8) else ""
        after = mark + _with_rows(text, [each.row for each in placed])
        after.encode("utf-8")
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{shown_path(metadata)}: the case cannot be written: {one_line(str(error))}") from error
    image = metadata
    copied = []
    try:
        for each in placed:
            image = each.new.image
            if not each.in_place:
                with open_regular(image) as source, replacing(each.target) as copy:
                    copied.append(each.target)
                    shutil.copyfileobj(source, copy)
        if labels:
            image = settings
            content = before[settings] or b""
            if (edited := with_labels(settings, content, labels)).encode() != content.removeprefix(codecs.BOM_UTF8):
                write_atomically(settings, edited)
        image = metadata
        write_atomically(metadata, after)
        problems = Problems()
        suite = read_suite(folder, problems)
        if problems.lines:
            raise UserError(*problems.lines)
        by_id = {case.id: case for case in suite.images}
        return [by_id[each.id] for each in placed]
    except BaseException as error:
        _undo(before, copied)
        if isinstance(error, OSError):
            raise UserError(f"{one_line(str(image))}: cannot be added: {error.strerror}") from error
        raise


def _places(folder: Path, new: Sequence[NewCase], text: str) -> list[_Placed]:
    """Give each case an id and a file in the suite.

    Raises:
        UserError: if the suite has the picture, or another file is in its place.
    """
    taken = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    taken |= {Path(cell).stem for cell in taken}
    placed = []
    for each in new:
        case_id = each.id or _free_id(each.image.stem, taken)
        target = folder / f"{without_split_words(case_id)}{each.image.suffix.lower()}"
        digest = file_sha256(each.image)
        if digest in taken:
            # Another process has added it since the caller looked.
            raise UserError(f"{one_line(str(each.image))}: the suite has this picture already; nothing was added")
        # A picture that is there already is used; a process that was killed before it wrote the row leaves one.
        in_place = is_regular(target) and file_sha256(target) == digest
        if target.exists() and not in_place:
            raise UserError(f"{shown_path(target)}: already exists; choose another --id")
        taken |= {case_id, target.name, target.stem, digest}
        placed.append(_Placed(each, case_id, target, digest, in_place))
    return placed


def same_images(images: Sequence[Path], cases: Iterable[Case]) -> Iterator[tuple[Path, str]]:
    """Yield each image that is identical to one in the suite or earlier in the list, with a text that says which.

    Args:
        images: the image files to add.
        cases: the cases of the suite.
    """
    known = {file_sha256(case.path): f"is already in the suite, as {case.key}" for case in cases if case.path.is_file()}
    for image in images:
        digest = file_sha256(image)
        if digest in known:
            yield image, known[digest]
        known.setdefault(digest, f"is the same file as {image}")


def _free_id(stem: str, taken: Collection[str]) -> str:
    base = without_split_words(re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_")[:80] or "image")
    number = 2
    name = base
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _with_rows(before: str | None, new: Sequence[Mapping[str, str]]) -> str:
    filled = [name for name in _WHERE_FILLED if any(row[name] for row in new)]
    if before is None:
        columns = [*NEW_COLUMNS, *filled]
        return _line(columns) + "".join(_line([row[name] for name in columns]) for row in new)
    rows = list(csv.reader(io.StringIO(before, newline="")))
    header = [name.strip() for name in rows[0]] if rows else []
    extra = [name for name in new[0] if any(row[name] for row in new) and name not in header]
    end = "\r\n" if "\r\n" in before else "\n"
    added = "".join(_line([row.get(name, "") for name in header + extra], end) for row in new)
    if not extra:
        return before + ("" if before.endswith("\n") else end) + added
    # A new column: every row gets one more cell.
    lines = [_line(header + extra, end)]
    lines += [_line(cells + [""] * len(extra), end) for cells in rows[1:] if cells]
    return "".join([*lines, added])


def _line(cells: list[str], end: str = "\n") -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end).writerow(cells)
    return stream.getvalue()


def _undo(before: Mapping[Path, bytes | None], copied: Iterable[Path]) -> None:
    """Remove the pictures that were copied, and give files their content of before."""
    for target in copied:
        target.unlink(missing_ok=True)
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        elif file.read_bytes() != content:
            file.write_bytes(content)
