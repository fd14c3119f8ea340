"""Processes that corrupt pictures: the same pixels, errors that stay with a picture, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tierbench.corruptions import ALL_CORRUPTIONS, corrupt
from tierbench.corruptions.workers import CorruptionWorkers, workers_for

from .photographs import photograph

CAT = Image.fromarray(photograph("chelsea", 64))
SEED = 2**64 - 1


@pytest.fixture(scope="module")
def workers() -> Iterator[CorruptionWorkers]:
    """Two processes, for all tests of this module that do not end them."""
    with CorruptionWorkers(2) as started:
        yield started


def _fog(workers: CorruptionWorkers, severity: int = 3) -> Image.Image:
    return workers.corrupt(CAT, "fog", severity, seed=SEED, variant="imagenet_c")


def _processes(workers: CorruptionWorkers) -> set[int]:
    return {worker.pid for worker in workers.idle}


def test_the_pixels_are_those_that_this_process_makes(workers: CorruptionWorkers) -> None:
    def in_worker(name: str) -> Image.Image:
        return workers.corrupt(CAT, name, 3, seed=SEED, variant="imagenet_c")

    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(ALL_CORRUPTIONS, threads.map(in_worker, ALL_CORRUPTIONS), strict=True))
    assert {name: picture == corrupt(CAT, name, 3, seed=SEED) for name, picture in found.items()} == dict.fromkeys(
        ALL_CORRUPTIONS, True
    )
    assert 1 <= len(_processes(workers)) <= 2


def test_a_problem_is_that_of_one_picture(workers: CorruptionWorkers) -> None:
    with pytest.raises(ValueError, match=r"unknown severity 9; choose one of 1, 2, 3, 4, 5"):
        _fog(workers, severity=9)
    assert _fog(workers) == corrupt(CAT, "fog", 3, seed=SEED)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads what a process has loaded from /proc")
def test_the_processes_do_not_load_torch(workers: CorruptionWorkers) -> None:
    _fog(workers)
    for pid in _processes(workers):
        loaded = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
        assert "numpy" in loaded
        assert "torch" not in loaded


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process")
def test_a_killed_process_is_replaced() -> None:
    with CorruptionWorkers(1) as workers:
        expected = _fog(workers)
        (first,) = _processes(workers)
        os.kill(first, signal.SIGKILL)
        assert _fog(workers) == expected
        (second,) = _processes(workers)
    assert first != second
    assert not _runs(second)


@pytest.mark.skipif(os.name != "posix", reason="needs a script that is a program")
def test_where_no_process_starts_this_one_does_the_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # As a Python that finds no tierbench does.
    ending = tmp_path / "ending"
    ending.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    ending.chmod(0o755)
    for program in (tmp_path / "absent", ending):
        monkeypatch.setattr(sys, "executable", str(program))
        with CorruptionWorkers(2) as workers:
            assert _fog(workers) == corrupt(CAT, "fog", 3, seed=SEED)
            assert _processes(workers) == set()


# Comes up like a process that corrupts, and is gone when it is asked.
_DYING = """#!{python}
import sys
from tierbench.corruptions.messages import Answer, Request, receive, send
send(sys.stdout.buffer, Answer())
receive(sys.stdin.buffer, Request)
sys.exit(3)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a script that is a program")
def test_a_picture_that_ends_two_processes_has_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text(_DYING.format(python=sys.executable), encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with CorruptionWorkers(1) as workers:
        problem = r"the process that does it was killed twice \(exit code 3\), perhaps for lack of memory"
        with pytest.raises(ChildProcessError, match=problem):
            _fog(workers)
        assert workers.idle == ()


# Says which process corrupts for it, and then waits to be killed.
_KILLED = """
from PIL import Image
from tierbench.corruptions.workers import CorruptionWorkers
with CorruptionWorkers(1) as workers:
    workers.corrupt(Image.new("RGB", (32, 32)), "fog", 1, seed=0, variant="imagenet_c")
    print(*(worker.pid for worker in workers.idle), flush=True)
    input()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process of another one")
def test_the_processes_end_with_the_one_that_started_them() -> None:
    command = [sys.executable, "-c", _KILLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        child = int(run.stdout.readline())
        assert _runs(child)
        run.kill()
        run.wait()
        # The end of a process that is no child of this one.
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(child)
            ended, _, _ = select.select([handle], [], [], 60)
            os.close(handle)
            assert ended


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("names", "available", "expected"),
    [
        (["fog"] * 3000, 6, 4),
        (["fog"] * 700, 6, 2),
        (["fog"] * 3000, 2, 0),
        (["fog"] * 3000, 1, 0),
        (["fog"] * 100, 6, 0),
        ([""] * 3000, 6, 0),
        (["haze_of_another_package"] * 3000, 6, 0),
    ],
)
def test_there_are_as_many_processes_as_pay_off(
    names: list[str], available: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierbench.corruptions.workers.cores", lambda: available)
    assert workers_for(names) == expected
