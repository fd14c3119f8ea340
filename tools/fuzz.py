"""Feed the engine with broken input through all of its doors: `python tools/fuzz.py --inputs 5000`.

An input is a suite folder, a picture, a model folder, a baseline, the record of a run, the cache of predictions, what a
server answers, the value of an option, a data set, what runs over it leave, what is demanded of it, an ONNX file, or
the texts of a zero-shot model. Each must be read, or refused with clear lines: no traceback, no hang, no
control characters in a message. Nothing may be written outside its folder, contacted, started or imported because the
input says so. Each input depends on nothing but the seed, its door and its number. Inputs that show a problem are
saved, and `--again FILE` feeds one of them once more.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzzing.door import Input
from fuzzing.feeding import DOORS, Result, feed_door, open_door, sandbox


def spread(inputs: int, doors: list[str]) -> dict[str, int]:
    """Return how many inputs each door gets; at least one."""
    shares = {name: open_door(name).share for name in doors}
    return {name: max(1, round(inputs * share / sum(shares.values()))) for name, share in shares.items()}


class Findings:
    """Counts the outcomes, and saves the first input of each problem.

    Args:
        folder: where inputs are saved; it is made when there is one to save.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.problems: Counter[tuple[str, str]] = Counter()

    def add(self, result: Result) -> None:
        """Count a result; print the problem when it is seen for the first time."""
        key = (result.door, result.outcome)
        if not result.problem:
            self.outcomes[key] += 1
            return
        self.problems[key] += 1
        if self.problems[key] == 1:
            name = re.sub(r"[^\w]+", "-", f"{result.door} {result.number} {result.outcome}")[:100]
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / f"{name}.json"
            file.write_text(result.given, encoding="utf-8")
            file.with_suffix(".txt").write_text(result.problem, encoding="utf-8", errors="backslashreplace")
            print(f"{result.door}, input {result.number}: {result.outcome}; saved as {file}", flush=True)


def fuzz(inputs: int, seed: int, doors: list[str], jobs: int, findings: Findings) -> int:
    """Feed the doors, as many at once as there are jobs; return how many inputs there were, valid ones included."""
    # The doors with the slowest inputs first.
    counts = sorted(spread(inputs, doors).items(), key=lambda entry: entry[0] in ("suites", "pictures"))
    with ThreadPoolExecutor(jobs) as pool:
        tasks = [pool.submit(feed_door, name, seed, range(count), findings.add) for name, count in counts]
        for task in tasks:
            task.result()
    return findings.outcomes.total() + findings.problems.total()


def again(file: Path, door: str) -> int:
    """Feed a saved input once more in this process; return the exit code."""
    given = Input.from_json(file.read_text(encoding="utf-8"))
    with sandbox(door) as (_, feed):
        result = feed(given, 0)
    print(result.problem or result.outcome)
    return 1 if result.problem else 0


def main() -> int:
    """Fuzz and print the counts; the exit code is 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, metavar="N", help="spread over the doors (default: 2000)")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--only", choices=sorted(DOORS), action="append", help="only this door; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="doors that are fed at once (default: 2)")
    parser.add_argument("--save", type=Path, default=Path(".fuzz"), metavar="DIR", help="for inputs with a problem")
    parser.add_argument("--again", type=Path, metavar="FILE", help="feed a saved input of the door that --only names")
    options = parser.parse_args()
    if options.again:
        if len(options.only or ()) != 1:
            parser.error("--again needs the door of the input: --only DOOR")
        return again(options.again, options.only[0])
    before = time.monotonic()
    findings = Findings(options.save)
    fed = fuzz(options.inputs, options.seed, options.only or list(DOORS), options.jobs, findings)
    for (door, outcome), count in sorted(findings.outcomes.items()):
        print(f"{count:6}  {door:<10}{outcome}")
    for (door, outcome), count in sorted(findings.problems.items()):
        print(f"{count:6}  {door:<10}PROBLEM: {outcome}")
    bad = findings.problems.total()
    verdict = f"{bad} with a problem" if bad else "no problem"
    print(f"{fed} inputs in {time.monotonic() - before:.0f} s, seed {options.seed}: {verdict}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
