"""Check the column `file_name`: paths that leave the suite, backslashes, names that only look like those of a file."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path, PurePosixPath

# Most names; the others are taken apart.
_PLAIN = re.compile(r"[\w-][\w .-]*(?:/[\w-][\w .-]*)*")


def file_name_problem(name: str) -> str:
    """Return why a `file_name` is not a path inside the suite folder, and how to fix it; empty if it is."""
    if _PLAIN.fullmatch(name):
        return ""
    path = PurePosixPath(name)
    if not path.parts:
        return "file_name is empty; name the image, relative to the suite folder"
    leaves = f"file_name {name!r} leaves the suite folder; use a relative path with / and without .."
    if path.is_absolute() or "\0" in name or ":" in path.parts[0]:
        return leaves
    if "\\" in name:
        return f"file_name {name!r} has a backslash; write {name.replace(chr(92), '/')!r}"
    return leaves if ".." in path.parts else ""


def lookalike(folder: Path, name: str) -> str:
    """Return the path of a file that a person would take for the missing one; empty if there is none.

    It differs only in upper and lower case, or in how Unicode writes its letters: `é` is one character (NFC) or two
    (NFD, as macOS writes names), and only some file systems treat them as equal.
    """
    found = PurePosixPath()
    for part in PurePosixPath(name).parts:
        try:
            place = folder / found
            same = _by_plain_name(place, place.stat().st_mtime_ns).get(_plain(part), ())
        except OSError:
            return ""
        if not same:
            return ""
        found /= part if part in same else same[0]
    return str(found)


def lookalike_text(name: str, other: str) -> str:
    """Return what is different in the path of a file that is there, and how to fix it."""
    if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", other):
        form = "NFD" if unicodedata.is_normalized("NFC", name) else "NFC"
        return f"has its letters in another Unicode form than the file, whose name is {form}; rename the file"
    return f"is missing, but {other!r} is there; write the name as the file has it"


@lru_cache(maxsize=64)
def _by_plain_name(folder: Path, mtime_ns: int) -> dict[str, list[str]]:
    """Return the names in a folder by their plain form; read again when the folder has changed."""
    names: dict[str, list[str]] = {}
    for child in sorted(folder.iterdir()):
        names.setdefault(_plain(child.name), []).append(child.name)
    return names


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
