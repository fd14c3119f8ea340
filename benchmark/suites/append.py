"""Adds a case to a suite: copies the image in and appends a valid row, or leaves everything as it was."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UserError
from benchmark.record import write_atomically
from benchmark.suites.case import Case
from benchmark.suites.faults import Faults, shown_path
from benchmark.suites.images import file_sha256
from benchmark.suites.reader import read_suite
from benchmark.text import one_line

# The columns of a new suite.
NEW_COLUMNS = ("file_name", "label", "tier", "id", "sha256")
_WHERE_FILLED = ("tags", "group", "source", "license", "notes")


@dataclass(frozen=True, slots=True)
class NewCase:
    """What is to be added; empty texts leave their cells empty."""

    image: Path
    label: str
    tier: int
    id: str = ""
    tags: str = ""
    group: str = ""
    source: str = ""
    license: str = ""
    notes: str = ""


def add_case(folder: Path, new: NewCase) -> Case:
    """Add a case to the suite at a folder, which is made where it is missing.

    Args:
        folder: the suite folder, absolute.
        new: what is to be added.

    Returns:
        The case as it is read back.

    Raises:
        UserError: if the image cannot be copied, or the suite would not be valid with the row; nothing is changed.
    """
    metadata = folder / "metadata.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = metadata.read_text(encoding="utf-8-sig") if metadata.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{shown_path(metadata)}: cannot be used: {error}") from error
    case_id = new.id or _free_id(new.image.stem, before or "")
    target = folder / f"{case_id}{new.image.suffix.lower()}"
    in_place = new.image.resolve() == target.resolve()
    if target.exists() and not in_place:
        raise UserError(f"{shown_path(target)}: is there already; choose another --id")
    row = {
        "file_name": target.name,
        "label": new.label,
        "tier": str(new.tier),
        "id": case_id,
        **{name: getattr(new, name) for name in _WHERE_FILLED},
    }
    try:
        row["sha256"] = file_sha256(new.image)
        if not in_place:
            shutil.copyfile(new.image, target)
        write_atomically(metadata, _with_row(before, row))
    except OSError as error:
        _undo(metadata, before, None if in_place else target)
        raise UserError(f"{one_line(str(new.image))}: cannot be added: {error.strerror}") from error
    faults = Faults()
    suite = read_suite(folder, faults)
    if faults.lines:
        _undo(metadata, before, None if in_place else target)
        raise UserError(*faults.lines)
    return next(case for case in suite.cases if case.id == case_id)


def same_images(images: Sequence[Path], cases: Iterable[Case]) -> Iterator[tuple[Path, str]]:
    """Give each image that is there already, byte for byte, with the words that say where.

    Args:
        images: image files that are to be added.
        cases: of the suite.
    """
    known = {file_sha256(case.path): f"is in the suite already, as {case.key}" for case in cases if case.path.is_file()}
    for image in images:
        digest = file_sha256(image)
        if digest in known:
            yield image, known[digest]
        known.setdefault(digest, f"is the same file as {image}")


def _free_id(stem: str, text: str) -> str:
    base = re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_")[:80] or "image"
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
    if not extra:
        end = "" if before.endswith("\n") else "\n"
        return before + end + _line([row.get(name, "") for name in header])
    # A new column: every row gets a cell more.
    lines = [_line(header + extra)]
    lines += [_line(cells + [""] * len(extra)) for cells in rows[1:] if cells]
    lines.append(_line([row.get(name, "") for name in header + extra]))
    return "".join(lines)


def _line(cells: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _undo(metadata: Path, before: str | None, copied: Path | None) -> None:
    if copied is not None:
        copied.unlink(missing_ok=True)
    if before is None:
        metadata.unlink(missing_ok=True)
    else:
        write_atomically(metadata, before)
