"""Kill runs of the benchmark at random times and check what they leave: `python tools/kill_runs.py 100`.

The rows of a killed run must be readable and correct, its record must say `complete: false` (unless it was killed after
the end), and later runs must not be affected.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tierbench.common.errors import UserError
from tierbench.runs.record import RUN, SCORES, read_run

# A slow model, so that some kills fall between two images.
MODEL = """
import hashlib, time
import numpy as np

class Slow:
    labels = ("airplane", "ship")
    fingerprint = "slow-1"

    def describe(self):
        return {"architecture": "Slow"}

    def predict(self, images):
        time.sleep(0.01 * len(images))
        return np.tile(np.array([0.25, 0.75], dtype=np.float32), (len(images), 1))
"""
CASES = 24
TESTS = """
def test_case(robust_case):
    robust_case.check()


def test_tier(robust_tier):
    robust_tier.check()
"""


def make_repository(top: Path) -> None:
    """Write a repository with one suite of small pictures and the slow model."""
    suite = top / "cases" / "sea"
    suite.mkdir(parents=True)
    (top / "conftest.py").write_text('pytest_plugins = ["tierbench.plugin"]\n', encoding="utf-8")
    (top / "cases" / "test_tiers.py").write_text(TESTS, encoding="utf-8")
    (top / "slow.py").write_text(MODEL, encoding="utf-8")
    settings = '[tool.pytest]\ntestpaths = ["cases"]\nrobust_model = ["python:slow:Slow"]\nrobust_batch_size = "2"\n'
    (top / "pyproject.toml").write_text(settings, encoding="utf-8")
    rows = ["file_name,label,tier"]
    for number in range(CASES):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(suite / f"c{number}.png")
        rows.append(f"c{number}.png,ship,{1 + number % 3}")
    (suite / "metadata.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


def start(top: Path, cache: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a run in its own process group."""
    environment = {**os.environ, "TIERBENCH_CACHE": str(cache), "PYTEST_ADDOPTS": "-p no:randomly"}
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=top,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def run_whole(top: Path, cache: Path) -> tuple[float, float]:
    """Run to the end, check that the record is complete, and remove its folder.

    Returns:
        Seconds from the start until the record exists, and from there to the end.
    """
    before = time.monotonic()
    process = start(top, cache)
    wait_for_record(top, process)
    began = time.monotonic()
    output, _ = process.communicate(timeout=300)
    ended = time.monotonic()
    text = output.decode(errors="replace")
    if process.returncode != 0 or "Traceback" in text or "INTERNALERROR" in text:
        raise AssertionError(f"an undisturbed run ended with {process.returncode}:\n{text}")
    (folder,) = (path for path in (top / "reports").iterdir() if path.is_dir())
    record = read_run(folder)
    if not record.run.complete or len(record.scores) != CASES:
        raise AssertionError(f"an undisturbed run is incomplete: {record.run.complete}, {len(record.scores)} rows")
    shutil.rmtree(folder)
    return began - before, ended - began


def wait_for_record(top: Path, process: subprocess.Popen[bytes], rows: int = 0) -> None:
    """Wait until the record of a run exists and has the given number of rows, or the run has ended."""
    while process.poll() is None:
        if list(top.glob(f"reports/*/{RUN}")):
            written = sum(file.read_bytes().count(b"\n") - 1 for file in top.glob(f"reports/*/{SCORES}"))
            if written >= rows:
                return
        time.sleep(0.002)


def kill(top: Path, cache: Path, after: float, *, rows: int | None, arguments: Sequence[str] = ()) -> str:
    """Start a run, kill it with all its children, check what it left, and return its state in words.

    Args:
        top: the repository.
        cache: the folder of cached predictions.
        after: seconds until the kill, from the start of the process or from the time when `rows` are written.
        rows: number of rows to wait for; None: do not wait.
        arguments: arguments of pytest.
    """
    process = start(top, cache, *arguments)
    if rows is not None:
        wait_for_record(top, process, rows)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    killed = process.returncode == -signal.SIGKILL
    folders = [path for path in (top / "reports").glob("*") if path.is_dir()]
    if not folders:
        return "killed before its folder was made" if killed else "ended without a record"
    (folder,) = folders
    state = check_record(folder, killed)
    shutil.rmtree(folder)
    return state


def check_record(folder: Path, killed: bool) -> str:
    """Check what a run left, and return in words how far it got."""
    if not (folder / RUN).is_file():
        # Possible only between the creation of the folder and the first record.
        names = {path.name for path in folder.iterdir()} - {SCORES}
        if any(not name.startswith(f".{RUN}") for name in names):
            raise AssertionError(f"no {RUN}, but {sorted(names)}")
        return "killed before its record began"
    try:
        record = read_run(folder)
    except UserError as error:
        raise AssertionError(f"the record of a killed run cannot be read: {error}") from error
    scores = record.scores
    wrong = scores[(scores["score"] - 0.75).abs() > 1e-6]
    if len(wrong) or not set(scores["outcome"]) <= {"passed"} or scores["case"].duplicated().any():
        raise AssertionError(f"wrong rows:\n{scores}")
    if record.run.complete:
        if len(scores) != CASES:
            raise AssertionError(f"complete with {len(scores)} rows")
        return "killed after its record was complete" if killed else "ended before the kill"
    return f"killed with {'no' if scores.empty else 'some' if len(scores) < CASES else 'all'} rows written"


def main() -> None:
    """Kill the given number of runs, every third one with an empty cache, every tenth with two workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--every", type=int, default=10, help="make an undisturbed run after this many kills")
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 (times, no secrets)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as name:
        top, cache = Path(name) / "repository", Path(name) / "cache"
        top.mkdir()
        make_repository(top)
        before, during = run_whole(top, cache)
        # A run that ended before its kill does not count.
        while (number := sum(count for state, count in found.items() if state.startswith("killed"))) < options.runs:
            if number % 3 == 0:
                shutil.rmtree(cache, ignore_errors=True)
            # Most of the time of a run is its start-up, where little can break: aim two of three kills at the rows.
            count = sum(found.values())
            rows = chance.randint(0, CASES) if count % 3 else None
            after = chance.uniform(0, 0.03) if count % 3 else chance.uniform(0, before + during)
            workers = ("-n", "2") if number % 10 == 9 else ()
            found[kill(top, cache, after, rows=rows, arguments=workers)] += 1
            if sum(found.values()) % options.every == 0:
                before, during = run_whole(top, cache)
        run_whole(top, cache)
    whole = sum(found.values()) // options.every + 2
    print(f"{options.runs} runs killed, seed {options.seed}; {whole} undisturbed runs between them, all complete")
    for state, count in found.most_common():
        print(f"{count:5}  {state}")


if __name__ == "__main__":
    main()
