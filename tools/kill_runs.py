"""Kill the commands that write files, and check what they leave: `python tools/kill_runs.py 100`.

Killed are runs, runs with workers, runs that update a baseline, `add`, `fetch` and `prune`, each at a random moment
while it writes. Whatever is there afterwards must be readable and right: the rows of a run, a baseline, a suite. The
next command must end well, wait for no lock of a dead process, and leave no temporary file.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

from killing.edits import Adds, Fetches, Prunes
from killing.process import Place, kill
from killing.runs import CASES, Runs, Updates
from killing.target import Target
from small_repository import make_repository

# How long the model takes for a picture: so long that some kills fall between two pictures.
_SECONDS = 0.01
# A command may end before its kill comes.
_TRIES = 50


def kill_one(target: Target, place: Place, chance: random.Random, *, again: bool) -> str:
    """Kill a command, check what it left, and return in words how far it got."""
    for _ in range(_TRIES):
        target.prepare(place, chance)
        process = place.start(target.arguments)
        killed = kill(process, target.begun, chance.uniform(0, target.longest_s))
        state = target.check(killed=killed)
        if killed:
            if again:
                target.again(place)
            return state
    raise AssertionError(f"{target.name} ended before each of {_TRIES} kills")


def main() -> None:
    """Kill commands as often as asked for, in turn; an AssertionError ends the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--every", type=int, default=2, help="run the command again after so many kills (default: 2)")
    parser.add_argument(
        "--only", metavar="COMMAND", help="run, baseline update, add, run with 2 workers, fetch or prune"
    )
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 (times, no secrets)
    found: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as name:
        place = Place(*(Path(name) / part for part in ("repository", "cache", "temporary")))
        place.temporary.mkdir()
        make_repository(place.top, CASES, _SECONDS)
        edits = (Adds(Path(name) / "new"), Fetches(Path(name) / "served"), Prunes())
        targets: list[Target] = [Runs(), Updates(), edits[0], Runs(workers=2), edits[1], edits[2]]
        targets = [target for target in targets if options.only in (None, target.name)]
        again = 0
        for number in range(options.kills):
            target = targets[number % len(targets)]
            again_now = number // len(targets) % options.every == 0
            found[target.name, kill_one(target, place, chance, again=again_now)] += 1
            again += again_now
    print(f"{options.kills} kills, seed {options.seed}: nothing lost; {again} of the commands run again, all whole")
    for (target_name, state), count in sorted(found.items()):
        print(f"{count:5}  {target_name:<20}killed {state}")


if __name__ == "__main__":
    main()
