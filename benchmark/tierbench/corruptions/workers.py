"""Corrupt pictures in processes beside the model, which neither share its interpreter nor import what it imports.

They are plain programs that read and write pipes: unlike those of `multiprocessing`, they do not run the user's main
module again, and they end by themselves when the process that started them does, however that happens.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self, cast

from tierbench.common.cores import cores
from tierbench.corruptions.messages import Answer, Request, receive, send
from tierbench.corruptions.registry import CORRUPTION_REGISTRY

if TYPE_CHECKING:
    from PIL import Image

# A process takes about as long to start as it takes to corrupt so many pictures.
_WORTH_A_PROCESS = 300
_MOST = 8
# A model on the CPU and the threads that feed it keep two cores busy: there, processes only add what pipes cost.
_FOR_THE_MODEL = 2
# For so long a process may take to end by itself.
_PATIENCE_S = 5.0
# Arrays of a picture of 224 px, 600 kB, are above the size from which glibc gives memory back at once; getting it again
# takes as long as computing with it.
_KEEP_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20)}


def workers_for(names: Iterable[str]) -> int:
    """Return the number of processes that pay off for pictures to corrupt.

    Args:
        names: the corruption of each picture; empty for one that stays as it is. Those of other packages do not count.
    """
    pictures = sum(1 for name in names if name and CORRUPTION_REGISTRY.is_built_in(name))
    return max(0, min(cores() - _FOR_THE_MODEL, _MOST, pictures // _WORTH_A_PROCESS))


class CorruptionWorkers:
    """Processes that corrupt pictures, started when they are needed; use it as a context manager.

    Args:
        most: the number of threads that may call `corrupt` at once. Each has a process to itself meanwhile. 0: pictures
            are corrupted in this process.
    """

    def __init__(self, most: int) -> None:
        self.most = most if sys.executable else 0
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()

    @property
    def idle(self) -> tuple[_Worker, ...]:
        """The processes that wait for work."""
        return tuple(self._idle.queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes; no thread may be in `corrupt`."""
        while not self._idle.empty():
            self._idle.get().end()

    def corrupt(self, image: Image.Image, name: str, severity: int, *, seed: int, variant: str) -> Image.Image:
        """Corrupt an image as `corrupt` does, with the same result bit for bit.

        The corruptions of other packages run in this process, and all do where no process can be started.

        Raises:
            ValueError: as `corrupt` does, and what else a corruption raises.
            ChildProcessError: if two processes in a row were killed at this picture.
        """
        if not self.most or image.mode != "RGB" or not CORRUPTION_REGISTRY.is_built_in(name):
            return _corrupted_here(image, name, severity, seed, variant)
        request = Request(name, severity, seed, variant, *image.size, image.tobytes())
        code = 0
        for _ in range(2):
            worker = self._taken()
            if worker is None:
                return _corrupted_here(image, name, severity, seed, variant)
            answer = worker.ask(request)
            if answer is not None:
                self._idle.put(worker)
                return _picture(answer, image.size)
            code = worker.end()
        raise ChildProcessError(
            f"the process that does it was killed twice (exit code {code}), perhaps for lack of memory"
        )

    def _taken(self) -> _Worker | None:
        """Return a process that waits for work, or a new one; None if none can be started."""
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        worker = _Worker.started() if self.most else None
        if worker is None:
            self.most = 0
        return worker


class _Worker:
    """A process that corrupts pictures, one after the other."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        # Both are pipes.
        self._requests = cast("BinaryIO", process.stdin)
        self._answers = cast("BinaryIO", process.stdout)
        self.pid = process.pid

    @classmethod
    def started(cls) -> _Worker | None:
        """Return a new process that is ready; None if it does not come up."""
        # -P: the working directory may hold a file that is named like a module.
        command = [sys.executable, "-P", "-m", "tierbench.corruptions.worker"]
        options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        try:
            # In a session of its own, Ctrl-C reaches this process alone, which then ends it.
            process = subprocess.Popen(command, env=_environment(sys.path), start_new_session=True, **options)  # noqa: S603 (our own module)
        except OSError:
            return None
        worker = cls(process)
        if worker._received() is None:
            worker.end()
            return None
        return worker

    def ask(self, request: Request) -> Answer | None:
        """Return the answer to a request; None if the process was killed."""
        try:
            send(self._requests, request)
        except OSError:
            return None
        return self._received()

    def _received(self) -> Answer | None:
        try:
            return receive(self._answers, Answer)
        except OSError:
            return None

    def end(self) -> int:
        """End the process and return its exit code."""
        for stream in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            return self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _environment(path: Sequence[str]) -> dict[str, str]:
    """Return the environment of a process that imports from the same places as this one."""
    places = os.pathsep.join(place or str(Path.cwd()) for place in path)
    return {**os.environ, **_KEEP_MEMORY, "PYTHONPATH": places}


def _corrupted_here(image: Image.Image, name: str, severity: int, seed: int, variant: str) -> Image.Image:
    # Imported here, because a run without a sweep needs neither SciPy nor, with kept predictions, NumPy.
    from tierbench.corruptions.api import corrupt

    return corrupt(image, name, severity, seed=seed, variant=variant)


def _picture(answer: Answer, size: tuple[int, int]) -> Image.Image:
    """Return the corrupted picture of an answer.

    Raises:
        ValueError: if there is none.
    """
    if answer.problem:
        raise ValueError(answer.problem)
    from PIL import Image

    return Image.frombytes("RGB", size, answer.pixels)
