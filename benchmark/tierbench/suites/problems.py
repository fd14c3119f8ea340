"""Collect the problems of a suite, so that all of them are reported at once."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.files import shown_path
from tierbench.common.text import message_line


class Problems:
    """A list of messages, each with the file and the row that it is about."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, file: Path, message: str, row: int | None = None) -> None:
        """Add a problem.

        Args:
            file: the file with the problem; shown relative to the working directory if it is inside it.
            message: what is wrong and how to fix it.
            row: line of the file, counted from 1.
        """
        place = shown_path(file) if row is None else f"{shown_path(file)}:{row}"
        self.lines.append(f"{place}: {message_line(message, 400)}")
