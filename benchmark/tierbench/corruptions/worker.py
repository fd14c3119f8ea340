"""The process that corrupts pictures for another one; it ends when nobody can ask it any more.

It is started by `CorruptionWorkers`, and imports neither torch nor the main module of the user's program.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import numpy as np

from tierbench.corruptions.api import corrupt
from tierbench.corruptions.built_in import jpeg_compression  # noqa: F401 (all of them, before the first request)
from tierbench.corruptions.messages import Answer, Request, receive, send
from tierbench.corruptions.opencv import opencv


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Say that this process is ready, then answer requests until there are no more."""
    send(answers, Answer())
    while (request := receive(requests, Request)) is not None:
        send(answers, _answer(request))


def _answer(request: Request) -> Answer:
    pixels = np.frombuffer(request.pixels, dtype=np.uint8).reshape(request.height, request.width, 3)
    try:
        result = corrupt(pixels, request.name, request.severity, seed=request.seed, variant=request.variant)
    except Exception as error:
        # OpenCV and NumPy may raise anything on an unusual picture; only this one is affected.
        return Answer(problem=str(error) or type(error).__name__)
    return Answer(np.ascontiguousarray(result).tobytes())


def main() -> None:
    """Answer on what was the standard output: what a library prints must not get between the answers."""
    # There is a process for each core already.
    opencv().setNumThreads(1)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        # The run has ended. Exit without the attempt to write what is left.
        os._exit(0)


if __name__ == "__main__":
    main()
