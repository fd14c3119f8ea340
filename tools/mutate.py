"""Change the package at random places and list the changes that no test notices: `python tools/mutate.py --draw 200`.

Mutants (tools/mutation/finder.py says what they are) are drawn with a seed over scoring/, runs/, suites/, models/ and
plugin/*check*.py; over other modules where they are named: `python tools/mutate.py 'metrics/*' common/files.py`.

A module's tests are those in the folder of its name under tests/, and what EXTRA adds. They run once without any
change, to learn which test runs which line. A mutant then meets the tests that run its line; if none of them fails,
their whole files, since a line can also run in a fixture that tests share or fill a cache. It ends as

- killed by the first test that failed;
- timeout: three times as long as without the change, and half a minute more (it counts as noticed);
- survived: all tests passed;
- not covered: no test runs the line.

Each worker has its own copy of all files that git tracks or would track: the working tree is only read. Results are
kept in .mutants/, by the state of the package: after Ctrl-C, or with a larger --draw, the next call goes on from them.
The table is .mutants/mutants.md, survivors first. Look at a survivor before writing a test for it: some changes make no
difference that anyone could see. With tests written, `--again` tries once more those that nothing noticed. `--list`
prints what would be drawn, and runs nothing.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from mutation.baseline import Baseline, BrokenTestsError, digest
from mutation.finder import Mutant, find_mutants
from mutation.worker import StoppedError, Worker, repository_files, spread

MODULES = ("scoring/*", "runs/*", "suites/*", "models/*", "plugin/*check*")
# Beside tests/FOLDER/: where tests of commands, pages or options hold what a module does.
EXTRA = {
    "scoring/*": (
        *("runs/test_gates.py", "test_extensions.py", "plugin/test_ladder.py", "plugin/test_several_models.py"),
        *("models/test_predictor.py", "plugin/test_problems.py", "plugin/test_robust_[cglm]*.py"),
    ),
    "runs/*": (
        *("cli/test_[ho]*.py", "report/test_m*.py", "test_extensions.py", "plugin/test_*_neighbours.py"),
        *("plugin/test_old_records.py", "plugin/test_robust_[bgmru]*.py", "plugin/test_run_issues.py"),
    ),
    "suites/*": (
        *("cli/test_[acfs]*.py", "scoring/test_verdict.py"),
        *("plugin/test_problems.py", "plugin/test_robust_c*.py"),
    ),
    "models/*": (
        *("cli/test_model.py", "scoring/test_training.py", "test_extensions.py", "plugin/test_problems.py"),
        "plugin/test_robust_[bdlmn]*.py",
    ),
    "plugin/*": ("test_extensions.py",),
}
STATES = ("killed", "timeout", "survived", "not covered")
# A change that makes a list grow without end must not take the machine with it.
MOST_MEMORY = 8 << 30


@dataclass(frozen=True)
class Outcome:
    """What came of a mutant: its state, the test that killed it, and how many seconds it took."""

    id: str
    state: str
    by: str = ""
    seconds: float = 0.0


def draw(package: Path, patterns: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Return so many mutants in the order in which they are tried; a larger draw begins with the smaller one."""
    modules = sorted(file.relative_to(package).as_posix() for file in package.rglob("*.py"))
    chosen = [module for module in modules if any(fnmatch(module, pattern) for pattern in patterns)]
    mutants = [mutant for module in chosen for mutant in find_mutants(package, module)]
    random.Random(seed).shuffle(mutants)  # noqa: S311 (a draw, no secret)
    return mutants[:count]


def tests_of(module: str, tests: Path) -> list[str]:
    """Return the test files of a module, relative to the repository, its namesake first."""
    folder = tests / Path(module).parent
    own = sorted(folder.glob("test_*.py"), key=lambda file: (file.stem != f"test_{Path(module).stem}", file.name))
    globs = [pattern for modules, patterns in EXTRA.items() if fnmatch(module, modules) for pattern in patterns]
    more = [file for pattern in globs for file in sorted(tests.glob(pattern))]
    return list(dict.fromkeys(file.relative_to(tests.parent).as_posix() for file in (*own, *more)))


def judge(mutant: Mutant, tests: Sequence[str], baseline: Baseline, grace: float, worker: Worker) -> Outcome:
    """Run the tests that can notice a mutant, until one does."""
    covering = dict(baseline.covering(mutant, tests))
    if not covering:
        return Outcome(mutant.id, "not covered")
    limit = 3 * sum(baseline.seconds[test] for test in covering) + grace
    options = ["-x", *(f"--deselect={name}" for test in covering for name in baseline.failing.get(test, ()))]
    seconds = 0.0
    with worker.changed(mutant):
        for chosen in ([name for names in covering.values() for name in names], list(covering)):
            if not chosen:
                continue
            tested = worker.test(*options, *chosen, limit=limit)
            seconds = round(seconds + tested.seconds, 1)
            if tested.code is None:
                return Outcome(mutant.id, "timeout", seconds=seconds)
            # The change can take away a parameter, and so a test that was named: the whole files decide then.
            lost = tested.code == 4 and "not found: " in tested.output
            if tested.code not in (0, 5) and not lost:
                by = tested.failed[0] if tested.failed else f"pytest's exit code {tested.code}"
                return Outcome(mutant.id, "killed", by, seconds)
    return Outcome(mutant.id, "survived", seconds=seconds)


def read_outcomes(file: Path) -> dict[str, Outcome]:
    """Return what is known, by mutant; a line that was cut short is left out, and the last one of a mutant counts."""
    known = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        with suppress(ValueError):
            outcome = Outcome(**json.loads(line))
            known[outcome.id] = outcome
    return known


def table(mutants: Sequence[Mutant], known: dict[str, Outcome], failing: Sequence[str], title: str) -> str:
    """Return the results as Markdown: those that nobody noticed come first."""
    done = [(mutant, known[mutant.id]) for mutant in mutants if mutant.id in known]
    done.sort(key=lambda pair: (-STATES.index(pair[1].state), pair[0].module, pair[0].start))
    lines = [f"# {title}", "", summary(mutants, known), ""]
    lines += [*(f"- fails without any change and was left out: `{name}`" for name in failing), ""] if failing else []
    lines += ["| mutant | where | change | outcome |", "|---|---|---|---|"]
    for mutant, outcome in done:
        change = " → ".join(f"`{text.replace('|', chr(92) + '|')}`" for text in (mutant.before, mutant.after))
        by = f"{outcome.state} by `{outcome.by.replace('|', chr(92) + '|')}`" if outcome.by else outcome.state
        lines.append(f"| {mutant.id} | {mutant.module}:{mutant.line} | {change} | {by} |")
    return "\n".join([*lines, ""])


def summary(mutants: Sequence[Mutant], known: dict[str, Outcome]) -> str:
    """Return one line: how many of which outcome, and the share that nobody noticed."""
    counts = Counter(known[mutant.id].state for mutant in mutants if mutant.id in known)
    unnoticed, done = counts["survived"] + counts["not covered"], counts.total()
    states = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    share = f"; {unnoticed / done:.1%} survive" if done else ""
    return f"{done} of {len(mutants)} mutants tried: {states or 'none'}{share}"


def run(options: argparse.Namespace, out: Path, mutants: Sequence[Mutant]) -> None:
    """Try all mutants whose outcome is not known, and write the table, also when the user stops it."""
    root = options.root
    files = repository_files(root)
    code = [file for file in files if options.package in file.parents]
    # What test files share; each of them is measured anew where it is new itself.
    shared = [file for file in files if Path("tests") in file.parents and not file.name.startswith("test_")]
    results = out / f"outcomes-{digest(root, code)}.jsonl"
    measured = out / f"baseline-{digest(root, [*code, *shared])}"
    known = read_outcomes(results)
    if options.again:
        known = {name: outcome for name, outcome in known.items() if outcome.state in {"killed", "timeout"}}
    left = [mutant for mutant in mutants if mutant.id not in known]
    drawn = f"{len(mutants)} mutants drawn with seed {options.seed}"
    print(f"{drawn}, {len(mutants) - len(left)} of them known", flush=True)
    tests_by_module = {mutant.module: tests_of(mutant.module, root / "tests") for mutant in mutants}
    tests = sorted({test for some in tests_by_module.values() for test in some})
    failing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        try:
            workers = [Worker(root, options.package, Path(name) / str(number)) for number in range(options.jobs)]
            baseline = Baseline(workers, root, measured, tests)
            failing = [test for some in baseline.failing.values() for test in some]
            by_id = {mutant.id: mutant for mutant in left}
            jobs = [
                functools.partial(judge, mutant, tests_by_module[mutant.module], baseline, options.grace)
                for mutant in left
            ]
            with results.open("a", encoding="utf-8") as file:
                for number, outcome in enumerate(spread(workers, jobs), 1):
                    known[outcome.id] = outcome
                    print(json.dumps(asdict(outcome)), file=file, flush=True)
                    mutant = by_id[outcome.id]
                    what = f"{outcome.state} by {outcome.by}" if outcome.by else outcome.state
                    print(f"[{number}/{len(left)}] {mutant.id} {mutant.module}:{mutant.line} {what}", flush=True)
        finally:
            title = f"{options.package.name}: {drawn}"
            (out / "mutants.md").write_text(table(mutants, known, failing, title), encoding="utf-8")
            print(summary(mutants, known), f"{out / 'mutants.md'}", sep="\n", flush=True)


def main() -> None:
    """Draw mutants and try them; stop in good order on Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help="patterns of modules in the package")
    parser.add_argument("--draw", type=int, default=200, metavar="N", help="how many mutants (default: 200)")
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    parser.add_argument("--again", action="store_true", help="try once more what no test noticed")
    parser.add_argument("--list", action="store_true", help="print the draw and run nothing")
    parser.add_argument(
        "--grace", type=float, default=30, metavar="SECONDS", help="added to each time limit (default: 30)"
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the repository")
    parser.add_argument("--package", type=Path, default=Path("benchmark/tierbench"), help="the package in it")
    options = parser.parse_args()
    options.root = options.root.resolve()
    if not (options.root / options.package / "__init__.py").is_file():
        parser.error(f"{options.root / options.package} is no package: name its folder with --package, from --root")
    mutants = draw(options.root / options.package, options.modules, options.draw, options.seed)
    if not mutants:
        parser.error(
            f"nothing to change in {' '.join(options.modules)}: name modules as in 'scoring/*' or common/files.py"
        )
    if options.list:
        for mutant in mutants:
            print(f"{mutant.id} {mutant.module}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}")
        return
    # Also where the caller ignores SIGINT (`nohup`, `&`): what this starts must be able to be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    out = options.root / ".mutants"
    out.mkdir(exist_ok=True)
    try:
        run(options, out, mutants)
    except BrokenTestsError as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, StoppedError):
        print("stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
