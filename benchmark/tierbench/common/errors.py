"""`UserError`, for problems that the user can fix: each line says what is wrong, where, and how to fix it."""

from __future__ import annotations

from tierbench.common.text import message_line


class UserError(Exception):
    """A problem that the user can fix; each line names the place and the fix.

    Args:
        lines: one or more messages, each without a trailing newline; one that is too long loses its middle.
    """

    def __init__(self, *lines: str) -> None:
        self.lines: tuple[str, ...] = tuple(map(message_line, lines))
        super().__init__(*self.lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)
