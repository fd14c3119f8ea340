"""Remove cases from a suite: their rows, and the pictures that `tierbench add` copied; or change nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import file_sha256, is_regular, read_regular, remove_leftovers, shown_path, write_atomically
from tierbench.common.text import listed, one_line, suggestion
from tierbench.suites.case import Case, Suite
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and what was not.

    Attributes:
        cases: the cases and twins whose rows were removed.
        kept: file name → why the picture was kept.
        unused_twins: ids of twins that no case names any more.
        suite_gone: whether the suite has no row left and was removed.
    """

    cases: tuple[Case, ...]
    kept: dict[str, str]
    unused_twins: tuple[str, ...]
    suite_gone: bool


def remove_cases(folder: Path, ids: Sequence[str], *, keep_images: bool) -> Removed:
    """Remove cases or twins from the suite in a folder.

    A suite without `suite.toml` that has no row left is removed, because `tierbench add` created it; one with settings
    keeps the first row of its `metadata.csv`, as `tierbench init` writes it.

    Args:
        folder: the suite folder, absolute.
        ids: ids of the cases or twins.
        keep_images: whether to keep the pictures.

    Raises:
        UserError: if there is no such case, a twin is still named by a case, or the suite would have problems that it
            had not before; nothing is changed.
    """
    metadata = folder / "metadata.csv"
    try:
        with file_lock(metadata):
            remove_leftovers(folder)
            return _remove(folder, metadata, list(dict.fromkeys(ids)), keep_images)
    except OSError as error:
        raise UserError(f"{shown_path(metadata)}: cannot be changed: {error.strerror}") from error


def _remove(folder: Path, metadata: Path, ids: Sequence[str], keep_images: bool) -> Removed:
    before = Problems()
    suite = read_suite(folder, before)
    rows = {case.id: case for case in suite.images}
    if unknown := [case_id for case_id in ids if case_id not in rows]:
        raise UserError(
            *(f"{one_line(suite.name)}/{one_line(each)}: no such case; {_near(each, rows)}" for each in unknown)
        )
    gone = [rows[case_id] for case_id in ids]
    if lines := _named_twins(suite, gone):
        raise UserError(*lines)
    content = read_regular(metadata)
    text = _without_rows(content.decode("utf-8"), {case.row for case in gone})
    suite_gone = len(gone) == len(rows) and not before.lines and not (folder / "suite.toml").exists()
    if suite_gone:
        metadata.unlink()
    else:
        write_atomically(metadata, text)
        after = Problems()
        read_suite(folder, after)
        if len(after.lines) > len(before.lines):
            metadata.write_bytes(content)
            raise UserError(*after.lines)
    kept = {} if keep_images else _delete_images(folder, gone, [case for case in suite.images if case not in gone])
    if suite_gone:
        with suppress(OSError):
            folder.rmdir()
    return Removed(tuple(gone), kept, tuple(_unused(suite, gone)), suite_gone)


def _near(case_id: str, rows: Collection[str]) -> str:
    return suggestion(case_id, rows) if len(rows) < 20 else "`tierbench list SUITE` lists the ids"


def _named_twins(suite: Suite, gone: Sequence[Case]) -> list[str]:
    """Return a line for each twin among the cases that a case which stays still names."""
    lines = []
    for twin in (case for case in gone if case.is_twin):
        users = [case.id for case in suite.cases if case.twin == twin.id and case not in gone]
        if users:
            lines.append(
                f"{one_line(twin.key)}: it is the twin of {listed(users)}; remove these too, or empty their column twin"
            )
    return lines


def _unused(suite: Suite, gone: Sequence[Case]) -> list[str]:
    """Return the twins that stay, and that only removed cases named."""
    known = {case.twin for case in suite.cases if case not in gone} | {case.id for case in gone}
    return [twin for twin in dict.fromkeys(case.twin for case in gone) if twin and twin not in known]


def _without_rows(text: str, rows: Collection[int]) -> str:
    """Return a CSV without the rows that begin in these lines; all else is unchanged, byte by byte."""
    # With their ends, of which `\r\n` is one, as the reader of suites counts them.
    lines = io.StringIO(text, newline="").readlines()
    reader = csv.reader(lines, strict=True)
    kept: list[str] = []
    first = 0
    for _ in reader:
        if first + 1 not in rows:
            kept += lines[first : reader.line_num]
        first = reader.line_num
    return "".join(kept)


def _delete_images(folder: Path, gone: Sequence[Case], rest: Sequence[Case]) -> dict[str, str]:
    """Delete the pictures of removed cases; keep those that may be the only copy."""
    kept = {}
    shared = {case.file_name for case in rest}
    for case in gone:
        file = folder / case.file_name
        if not file.exists() and not file.is_symlink():
            continue
        if case.file_name in shared:
            kept[case.file_name] = "another case has it"
        elif not case.sha256:
            kept[case.file_name] = "its row had no sha256, so that it may be the only copy"
        elif not is_regular(file) or file.is_symlink() or file_sha256(file) != case.sha256:
            kept[case.file_name] = "it is not the picture that was added"
        else:
            file.unlink()
    return kept
