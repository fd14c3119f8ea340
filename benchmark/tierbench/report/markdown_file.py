"""The mark by which a Markdown file is known as ours: no other is ever replaced."""

from __future__ import annotations

from pathlib import Path

# The first line of every summary and comparison that we write.
MARK = "<!-- tierbench summary -->"


def foreign_file(file: Path) -> str:
    """Say why a summary cannot go to a file; empty if it can."""
    try:
        head = file.read_bytes()[: len(MARK)]
    except FileNotFoundError:
        return "" if file.parent.is_dir() else "there is no such folder; make it first"
    except OSError as error:
        return f"cannot be written ({error.strerror}); name a file that can"
    return "is there already, and no summary of ours; name another file" if head and head != MARK.encode() else ""
