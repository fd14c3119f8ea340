"""The one kind of error that a user can cause: lines that say what is wrong, where, and how to fix it."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can fix; each line names the place and the fix.

    Args:
        lines: one message each, without a trailing newline; at least one.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines: tuple[str, ...] = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)
