"""Recognise Markdown files that tierbench wrote, so that no other file is overwritten."""

from __future__ import annotations

from pathlib import Path

# The first line of every summary and comparison.
MARK = "<!-- tierbench summary -->"


def foreign_file(file: Path) -> str:
    """Return why a summary cannot be written to a file; empty if it can."""
    try:
        head = file.read_bytes()[: len(MARK)]
    except FileNotFoundError:
        return "" if file.parent.is_dir() else "its folder does not exist; create it first"
    except OSError as error:
        return f"cannot be written ({error.strerror}); name a file that can"
    return "exists and was not written by tierbench; name another file" if head and head != MARK.encode() else ""
