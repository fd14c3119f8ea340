"""Let a command end its work when what reads its output has closed it, as `head` does."""

from __future__ import annotations

import io
import os
import sys


class _Output(io.FileIO):
    """A file descriptor that leads nowhere once its reader has closed it."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]  # what FileIO takes has other names in each Python
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data))  # type: ignore[arg-type]  # as above


def outlive_readers() -> None:
    """Let standard output and standard error swallow what nobody reads any more.

    A command then writes its files, and ends with the exit code that says what came out, without a traceback.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # Not one that stands in for it, such as that of a test.
        if type(stream) is io.TextIOWrapper and not stream.isatty():
            stream.flush()
            try:
                raw = _Output(stream.fileno(), "wb", closefd=False)
            except (OSError, ValueError):
                continue  # it writes into memory
            setattr(
                sys, name, io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, line_buffering=name == "stderr")
            )
