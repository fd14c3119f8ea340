"""Finds the suites that a user names on the command line, by name or path."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import UserError
from benchmark.suites import find_suites
from benchmark.suites.faults import Faults
from benchmark.text import one_line, suggestion

CASES = Path("cases")
REPORTS = Path("reports")


def suite_folders(names: list[str]) -> list[Path]:
    """Give the folders of the suites named, by path or by name in `cases/`; of all suites there if none is.

    Raises:
        UserError: if a name is no suite.
    """
    if not names:
        faults = Faults()
        folders = find_suites([CASES.absolute()], faults)
        if faults.lines:
            raise UserError(*faults.lines)
        return folders
    return [suite_folder(name) for name in names]


def suite_folder(name: str, *, new: bool = False) -> Path:
    """Give the folder of a suite, by path or by name in `cases/`.

    Args:
        name: a path, or a name.
        new: whether the folder may be missing.

    Raises:
        UserError: if there is no such suite.
    """
    for folder in (Path(name), CASES / name):
        if (folder / "metadata.csv").is_file():
            return folder.absolute()
    if new:
        by_path = "/" in name or Path(name).is_dir()
        return (Path(name) if by_path else CASES / name).absolute()
    known = [folder.name for folder in find_suites([CASES.absolute()], Faults())] if CASES.is_dir() else []
    raise UserError(f"suite {one_line(name)!r}: no folder of this name has a metadata.csv; {suggestion(name, known)}")
