"""`UserError`, for problems that the user can fix: each line says what is wrong, where, and how to fix it."""

from __future__ import annotations


class UserError(Exception):
    """A problem that the user can fix; each line names the place and the fix.

    Args:
        lines: one or more messages, each without a trailing newline.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines: tuple[str, ...] = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)
