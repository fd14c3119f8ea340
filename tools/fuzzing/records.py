"""The doors of what runs leave: records (run.json, scores.csv), and baselines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from small_repository import make_repository

from fuzzing import hostile
from fuzzing.calling import Answer, command, run_pytest, run_whole
from fuzzing.door import Input, ProblemError

_OLD, _NEW = "reports/20260101T000000Z-aaaaaa", "reports/20260102T000000Z-bbbbbb"
_BASELINE = "reports/baselines/plain.csv"
# The report of a run has its baseline in it.
_HTML = ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin")


class Recorded:
    """A repository with two recorded runs and a baseline."""

    share = 8
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Make the repository and its runs."""
        self.base = top / "work"
        make_repository(self.base, cases=6)
        for name, options in ((_OLD, ["--robust-update-baseline"]), (_NEW, [])):
            folder = run_whole(self.base, options)
            folder.rename(self.base / name)
        # Moved only now, so that the runs have recorded the folder in which they will be read.
        self.base = self.base.rename(top / "recorded")

    def content(self, name: str) -> bytes:
        """Return the content of a file of the repository."""
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return (self.base / name).read_bytes()


class Records(Recorded):
    """Feeds records to the commands that read them."""

    _COMMANDS = (
        ("show", "last"),
        ("show", "last", "--all"),
        ("history",),
        ("history", "--html"),
        ("compare", _OLD, _NEW),
        ("compare", _OLD, _NEW, "--gate", "flips", "--html", "c.html", "--json", "c.json", "--markdown", "c.md"),
        ("baseline", "accept", "last"),
        ("baseline", "accept", "last", "--force"),
        ("prune", "--keep", "1"),
        ("pytest", f"--robust-baseline={_NEW}"),
    )

    def valid(self) -> Sequence[Input]:
        """Return the records as they were written."""
        return [Input(arguments) for arguments in self._COMMANDS]

    def draw(self, chance: Random) -> Input:
        """Return a broken record."""
        files = {}
        if chance.random() < 0.6:
            files[f"{_NEW}/run.json"] = hostile.json_bytes(chance, json.loads(self.content(f"{_NEW}/run.json")))
        if not files or chance.random() < 0.2:
            files[f"{_NEW}/scores.csv"] = _csv(chance, self.content(f"{_NEW}/scores.csv").decode())
        return Input(chance.choice(self._COMMANDS), files)

    def feed(self, given: Input) -> str:
        """Call the command; the other run and the suites stay as they are."""
        kept = [*Path(_OLD).iterdir(), *Path("cases", "sea").iterdir()]
        before = {path: path.read_bytes() for path in kept if path.is_file()}
        answer = _called(given.arguments)
        pruned = given.arguments[0] == "prune" and not Path(_OLD).exists()
        if any(not path.exists() or path.read_bytes() != old for path, old in before.items()) and not pruned:
            raise ProblemError(f"{given.arguments[0]} changed a file that it only reads")
        return f"{answer.outcome} by {given.arguments[0]}"


class Baselines(Recorded):
    """Feeds baselines to the commands and runs that read them."""

    _COMMANDS = (
        ("baseline", "prune"),
        ("baseline", "prune", "--absent-suites"),
        ("baseline", "accept", "last"),
        ("compare", "plain", "last"),
        ("pytest", *_HTML),
        ("pytest", "--robust-gate=regression"),
        ("pytest", "--robust-update-baseline"),
    )

    def valid(self) -> Sequence[Input]:
        """Return the baseline as it was written."""
        return [Input(arguments) for arguments in self._COMMANDS]

    def draw(self, chance: Random) -> Input:
        """Return a broken baseline."""
        text = self.content(_BASELINE).decode()
        lines = text.splitlines()
        if chance.random() < 0.3:
            place = int(chance.random() * len(lines))
            lines[place] = chance.choice((hostile.text(chance), f"# {hostile.text(chance)}: x", "", lines[place] * 2))
            content = hostile.spoilt(chance, "\n".join([*lines, ""]))
        else:
            content = _csv(chance, text)
        return Input(chance.choice(self._COMMANDS), {_BASELINE: content})

    def feed(self, given: Input) -> str:
        """Call the command; a baseline that is refused stays as it is."""
        before = Path(_BASELINE).read_bytes()
        answer = _called(given.arguments)
        if answer.code == 4 and Path(_BASELINE).read_bytes() != before:
            raise ProblemError(f"{given.arguments[0]} was refused, but changed the baseline")
        return f"{answer.outcome} by {' '.join(given.arguments[:1])}"


def _called(arguments: Sequence[str]) -> Answer:
    name, *rest = arguments
    if name == "pytest":
        return run_pytest(f"--rootdir={Path.cwd()}", *rest)
    return command(name, *rest)


def _csv(chance: Random, text: str) -> bytes:
    """Return the text of a CSV file with hostile cells, other rows, or damage; lines with `#` are left as they are."""
    head = [line for line in text.splitlines() if line.startswith("#") and not line.startswith("# end")]
    tail = [line for line in text.splitlines() if line.startswith("# end")]
    rows = [row for row in csv.reader(io.StringIO(text)) if row and not row[0].startswith("#")]
    for _ in range(int(chance.random() * 3)):
        row = rows[int(chance.random() * len(rows))]
        value = hostile.text(chance) if chance.random() < 0.5 else chance.choice(hostile.NUMBERS)
        row[int(chance.random() * len(row))] = value
    if chance.random() < 0.2:
        rows.insert(int(chance.random() * len(rows)), chance.choice(rows))
    if chance.random() < 0.1:
        rows = [row[: int(chance.random() * len(row))] for row in rows]
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    lines = [*head, stream.getvalue().removesuffix("\n"), *tail]
    return hostile.spoilt(chance, "\n".join([*lines, ""]))
