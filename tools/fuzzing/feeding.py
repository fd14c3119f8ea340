"""Feed the inputs of one door in a process of its own, which is replaced when it hangs or dies."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from types import FrameType

from fuzzing.door import Door, Input, ProblemError
from fuzzing.watch import CANARY, SUNG, Watch

# Far more computing than any of these small inputs needs, and how many times as long it may wait: on a busy machine
# most of the time that passes is that of other processes.
LIMIT_S = 20.0
_WAITS = 4
# Importing torch and making a model takes a while on a busy machine.
_START_S = 300.0
_MEMORY = 10 << 30
# More than a picture of the largest size that is allowed, a few times over; in KiB, as the system counts it.
_MOST_FOR_AN_INPUT = 3 << 20
DOORS = {
    "suites": "fuzzing.suites:Suites",
    "fetch": "fuzzing.fetch:Fetch",
    "pictures": "fuzzing.pictures:Pictures",
    "models": "fuzzing.models:Models",
    "baselines": "fuzzing.records:Baselines",
    "records": "fuzzing.records:Records",
    "cache": "fuzzing.cache:Cache",
    "options": "fuzzing.options:Options",
    "sets": "fuzzing.sets:Sets",
    "results": "fuzzing.set_results:SetResults",
    "gates": "fuzzing.set_results:Gates",
    "onnx": "fuzzing.graphs:Graphs",
    "prompts": "fuzzing.prompts:Prompts",
    "endpoints": "fuzzing.endpoints:Endpoints",
}
# What a process sends before it feeds an input: the number, and the input as JSON.
Sent = tuple[int, str]
# Number of an input that must be read.
_VALID = -1
_DIED = "the process died"


class HangError(BaseException):
    """Raised when an input takes longer than the limit; no `except Exception` may swallow it."""


@dataclass(frozen=True)
class Result:
    """What became of an input.

    Attributes:
        door: name of the door.
        number: of the input in its door; below 0 for a valid one.
        outcome: in words; for a problem, a text by which the same problem is recognised.
        problem: what is wrong, with the traceback; empty if all is well.
        given: the input as JSON if there is a problem.
    """

    door: str
    number: int
    outcome: str
    problem: str = ""
    given: str = ""


def open_door(name: str) -> Door:
    """Return the door with a name, or at a place `module:object`."""
    module, _, kind = DOORS.get(name, name).partition(":")
    door: Door = getattr(import_module(module), kind)()
    return door


def drawn(door: Door, name: str, seed: int, number: int) -> Input:
    """Return an input; it depends on nothing but seed, door and number."""
    return door.draw(Random(f"{seed} {name} {number}"))  # noqa: S311 (damage, no secrets)


def feed_door(name: str, seed: int, numbers: range, tell: Callable[[Result], object], limit_s: float = LIMIT_S) -> None:
    """Feed inputs to a door, and report each result as it comes.

    Args:
        name: of the door.
        seed: of all inputs.
        numbers: of the inputs.
        tell: is called with each result.
        limit_s: longest time that an input may compute; it may wait for four times as long. Code that never returns to
            Python does not see the alarms, and its process is killed a little later.

    Raises:
        RuntimeError: if the door cannot be prepared.
    """
    context = multiprocessing.get_context("spawn")
    todo = numbers
    valid = numbers.start == 0
    while todo:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(name, seed, todo, valid, limit_s, there), daemon=True)
        process.start()
        there.close()
        ended, current = _listen(here, tell, (_WAITS + 1) * limit_s)
        if ended:
            process.kill()
        process.join()
        if not ended:
            return
        if current is None:
            raise RuntimeError(f"the door {name} cannot be prepared: {ended}; its process printed why")
        code = f" with exit code {process.exitcode}" if ended == _DIED else ""
        tell(Result(name, current[0], ended, f"{ended}{code}", current[1]))
        # Valid inputs are fed by the first process only.
        todo, valid = range(max(current[0] + 1, todo.start), todo.stop), False


def _listen(connection: Connection, tell: Callable[[Result], object], limit_s: float) -> tuple[str, Sent | None]:
    """Report the results of a process until it ends; return how, if that was too early, and the input it was at."""
    current: Sent | None = None
    limit = _START_S
    while connection.poll(limit):
        try:
            message = connection.recv()
        except EOFError:
            return _DIED, current
        if message is None:
            return "", current
        if isinstance(message, Result):
            tell(message)
        else:
            current, limit = message, limit_s
    return f"the process hangs for {limit:g} s", current


def _work(name: str, seed: int, numbers: range, valid: bool, limit_s: float, connection: Connection) -> None:
    """Feed inputs in this process: send each one with its number, then its result, and None at the end."""
    with sandbox(name, limit_s) as (door, feed):
        inputs = [(_VALID, given) for given in door.valid()] if valid else []
        for number, given in itertools.chain(inputs, ((number, drawn(door, name, seed, number)) for number in numbers)):
            connection.send((number, given.to_json()))
            connection.send(feed(given, number))
            if number == _VALID:
                # What valid inputs have imported: the end of every run of pytest would go through it several times.
                gc.freeze()
    connection.send(None)


@contextmanager
def sandbox(name: str, limit_s: float = LIMIT_S) -> Iterator[tuple[Door, Callable[[Input, int], Result]]]:
    """Open a door in this process, which is changed for good; yield it with a function that feeds an input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        top = Path(folder).resolve()
        for variable in ("TIERBENCH_CACHE", "HF_HOME", "TMPDIR", "HOME", "XDG_CACHE_HOME"):
            os.environ[variable] = str(top / "own" / variable.lower())
            (top / "own" / variable.lower()).mkdir(parents=True)
        os.environ["HF_HUB_OFFLINE"] = "1"
        # Other plugins of pytest start programs of their own.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        tempfile.tempdir = None
        door = open_door(name)
        _write_canary(top)
        work = top / "work"
        secret = top / "secret.png"
        secret.write_bytes(b"nobody may read this")
        door.prepare(top)
        watch = Watch(top, secret, door.hosts)
        # What an input could get imported, if anything imported what an input says.
        sys.path[:0] = [str(work), str(top)]

        def feed(given: Input, number: int) -> Result:
            shutil.rmtree(work, ignore_errors=True)
            given.write(work, door.base)
            os.chdir(work)
            with watch.watching() as seen:
                result = _fed(door, name, given, number, limit_s)
            if seen:
                outcome = f"{seen[0].split(':')[0]}"
                return Result(name, number, outcome, f"{'; '.join(seen)}\n{result.problem}", given.to_json())
            if number == _VALID and result.outcome.startswith("refused"):
                return Result(name, number, "a valid input is refused", "a valid input is refused", given.to_json())
            return result

        try:
            yield door, feed
        finally:
            os.chdir("/")


def _fed(door: Door, name: str, given: Input, number: int, limit_s: float) -> Result:
    before = _peak()
    try:
        with _limited(limit_s):
            outcome = door.feed(given)
        if _peak() - before > _MOST_FOR_AN_INPUT:
            raise ProblemError(f"it takes much memory: {_peak() - before:,} KiB")
        return Result(name, number, outcome)
    except (Exception, HangError, SystemExit) as error:
        text = "".join(traceback.format_exception(error))
        if isinstance(error, ProblemError):
            outcome = str(error).split(":")[0][:80]
            return Result(name, number, outcome, str(error), given.to_json())
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "/tierbench/" in f.filename]
        place = f"{Path(frames[-1].filename).name}, {frames[-1].name}" if frames else "outside the engine"
        return Result(name, number, f"{type(error).__name__} in {place}", text, given.to_json())


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        what = "computes" if number == signal.SIGPROF else "waits"
        raise HangError(f"it {what} for more than {seconds:g} s")

    alarms = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, _WAITS * seconds))
    before = [(number, signal.signal(number, stop)) for number, _, _ in alarms]
    for _, timer, limit in alarms:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for _, timer, _ in alarms:
            signal.setitimer(timer, 0)
        for number, handler in before:
            signal.signal(number, handler)


def _write_canary(top: Path) -> None:
    for folder in (top / CANARY, top / CANARY / "sub"):
        folder.mkdir()
        (folder / "__init__.py").write_text(f"import sys\n\nsys.audit({SUNG!r})\n", encoding="utf-8")
        (folder / "x.png").write_bytes(b"no picture")
