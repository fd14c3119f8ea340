"""Add a case to a suite: copy the image and append a valid row, or leave everything unchanged."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
    """Add a case to the suite in a folder, which is created if it is missing.

    Args:
        folder: the suite folder, absolute.
        new: the case to add.

    Returns:
        The case, as read back from the suite.

    Raises:
        UserError: if the image cannot be copied, or if the suite with the new row has problems; nothing is changed.
    """
    if new.id and not ID.fullmatch(new.id):
        raise UserError(f"--id {one_line(new.id)!r} may contain only a-z, 0-9, _ and -; choose another")
    created = [each for each in (folder, *folder.parents) if not exists(each)]
    metadata = folder / "metadata.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock(metadata):
            return _add(folder, metadata, new)
    except OSError as error:
        raise UserError(f"{shown_path(metadata)}: cannot be used: {error.strerror}") from error
    finally:
        # A case that was refused leaves no empty folders behind; folders with files are not removed.
        for each in created:
            with suppress(OSError):
                each.rmdir()


def _add(folder: Path, metadata: Path, new: NewCase) -> Case:
    remove_leftovers(folder)
    before = read_regular(metadata) if metadata.exists() else None
    try:
        text = None if before is None else before.decode("utf-8-sig")
        case_id = new.id or _free_id(new.image.stem, text or "")
        target = folder / f"{without_split_words(case_id)}{new.image.suffix.lower()}"
        digest = file_sha256(new.image)
        # A picture that is there already is used; a process that was killed before it wrote the row leaves one.
        in_place = is_regular(target) and file_sha256(target) == digest
        if target.exists() and not in_place:
            raise UserError(f"{shown_path(target)}: already exists; choose another --id")
        row = {
            "file_name": target.name,
            "label": new.label,
            "tier": "" if new.tier is None else str(new.tier),
            "id": case_id,
            "sha256": digest,
            **{name: getattr(new, name) for name in _WHERE_FILLED},
        }
        mark = "\ufeff" if before is not None and before.startswith(codecs.BOM_UTF8) else ""
        after = mark + _with_row(text, row)
        after.encode("utf-8")
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{shown_path(metadata)}: the case cannot be written: {one_line(str(error))}") from error
    try:
        if not in_place:
            with open_regular(new.image) as source, replacing(target) as copy:
                shutil.copyfileobj(source, copy)
        write_atomically(metadata, after)
        problems = Problems()
        suite = read_suite(folder, problems)
        if problems.lines:
            raise UserError(*problems.lines)
        return next(case for case in suite.images if case.id == case_id)
    except (OSError, UserError) as error:
        _undo(metadata, before, None if in_place else target)
        if isinstance(error, OSError):
            raise UserError(f"{one_line(str(new.image))}: cannot be added: {error.strerror}") from error
        raise


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


def _free_id(stem: str, text: str) -> str:
    base = without_split_words(re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_")[:80] or "image")
    taken = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    taken |= {Path(cell).stem for cell in taken}
    number = 2
    name = base
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _with_row(before: str | None, row: Mapping[str, str]) -> str:
    if before is None:
        columns = [*NEW_COLUMNS, *(name for name in _WHERE_FILLED if row[name])]
        return _line(columns) + _line([row[name] for name in columns])
    rows = list(csv.reader(io.StringIO(before, newline="")))
    header = [name.strip() for name in rows[0]] if rows else []
    extra = [name for name, value in row.items() if value and name not in header]
    end = "\r\n" if "\r\n" in before else "\n"
    if not extra:
        return before + ("" if before.endswith("\n") else end) + _line([row.get(name, "") for name in header], end)
    # A new column: every row gets one more cell.
    lines = [_line(header + extra, end)]
    lines += [_line(cells + [""] * len(extra), end) for cells in rows[1:] if cells]
    lines.append(_line([row.get(name, "") for name in header + extra], end))
    return "".join(lines)


def _line(cells: list[str], end: str = "\n") -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end).writerow(cells)
    return stream.getvalue()


def _undo(metadata: Path, before: bytes | None, copied: Path | None) -> None:
    if copied is not None:
        copied.unlink(missing_ok=True)
    if before is None:
        metadata.unlink(missing_ok=True)
    elif metadata.read_bytes() != before:
        metadata.write_bytes(before)
