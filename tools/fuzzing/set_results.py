"""The doors of what runs over data sets leave and read: records, result files, shards, accepted results; and gates."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from small_repository import make_repository

from fuzzing import hostile
from fuzzing.calling import Answer, command, run_pytest, run_whole
from fuzzing.door import Input, ProblemError
from fuzzing.sets import MODEL, picture, write_folders

_SET = "--robust-dataset=pics=imagenet-c:pics"
_OLD, _NEW = "reports/20260101T000000Z-aaaaaa", "reports/20260102T000000Z-bbbbbb"
_SHARDS = ("reports/20260103T000000Z-cccccc", "reports/20260104T000000Z-dddddd")
_BASELINE = "reports/baselines/plain.sets/pics.parquet"
_OWN = "sets/pics/plain"
_RESULTS = ("bare/pics/plain", "half/1/pics/plain", "half/2/pics/plain")
_HTML = ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin")
# One batch, which no other process decodes: daemons as this one may not start any.
_BATCH = "--robust-batch-size=64"
_PYTEST = ("pytest", _SET, _BATCH)
# Keys of the file beside the parts on which figures depend → values that are nearly right.
_MADE: Mapping[str, Sequence[Any]] = {
    "size": (0, -1, 10**30, "8", 8.5),
    "pictures": (0, -1, "x", 10**30, None),
    "chance": (-1, 0, 5, "x", float("nan")),
    "protocol": ("x", [1], [None], []),
    "notes": ("x", [{}], ["\x1b[31m"]),
    "figure": ("mce", "mean_error", 5, "x"),
    "clean": ("fog+3", 5, None),
    "sample": (3, -1, "x", [1], 10**30),
    "seed": ("x", None),
    "shard": ([1, 2], [0, 0], [3, 2], "1/2", [1, 10**9], {}),
    "stop_when": (
        {},
        {"gates": {"": 0.5}, "alpha": 0.05, "sizes": {"": 9}, "seed": 0},
        {"gates": {"": 5}, "alpha": 0, "sizes": {}},
        {"gates": [], "alpha": "x", "sizes": 5},
        {"gates": {"fog+3": 0.5}, "alpha": 0.05, "sizes": {"fog+3": 1, "fog+1": 10**9}},
    ),
    "set": ("../x", "", "\x1b[31m", 5),
    "model": ("../x", "", "\u202ex", None),
}
_VALUES: Mapping[str, Sequence[Any]] = {
    "id": (None, "", "\x1b[31m", "../x", 5),
    "slice": (None, "", "fog+9", "\n::error::x", 5),
    "label": (None, "<b>", 5),
    "group": (None, "", 5),
    "predicted": (None, "\u202ex", 5),
    "confidence": (None, -1.0, 2.0, float("nan"), float("inf"), "x"),
    "rank": (None, -1, 0, 2**31 - 1, "x"),
    "correct": (None, 5, "x", False),
    "top": (None, [], [{"label": None, "probability": None}], "x"),
    "error": (None, "\x1b[31m", "x" * 10_000, 5),
}


class SetResults:
    """Feeds what runs over data sets have left to all that reads it."""

    share = 12
    hosts: frozenset[str] = frozenset()
    base: Path | None = None
    _COMMANDS = (
        ("show", "last"),
        ("show", "last", "--all", "--table=markdown"),
        ("show", "bare", "--all"),
        ("show", "bare", "--table=latex"),
        ("show", "half"),
        ("history",),
        ("compare", _OLD, _NEW),
        ("compare", _OLD, _NEW, "--gate", "flips", "--html", "c.html", "--json", "c.json", "--markdown", "c.md"),
        ("compare", "bare", _NEW),
        ("compare", "plain", _NEW),
        ("merge", *_SHARDS),
        ("merge", "half/1", "half/2", "--out", "merged", "--min-accuracy=.2"),
        ("merge", "half/1", "half/2", "--out", "merged", "--json"),
        ("baseline", "accept", "last", "--force"),
        (*_PYTEST, *_HTML),
        (*_PYTEST, f"--robust-baseline={_OLD}"),
        (*_PYTEST, "--robust-update-baseline", "--robust-sample=3"),
        ("evaluate", MODEL, "--dataset", "pics=imagenet-c:pics", "--out", "bare", "--processes", "0"),
    )

    def prepare(self, top: Path) -> None:
        """Make a repository with runs over a set, two shards, results without a run, and accepted results."""
        self.base = top / "work"
        make_set_repository(self.base)
        options = ((_OLD, "--robust-update-baseline"), (_NEW, "-v"))
        shards = ((name, f"--robust-shard={number}/2") for number, name in enumerate(_SHARDS, 1))
        for name, option in (*options, *shards):
            run_whole(self.base, [_SET, _BATCH, option]).rename(self.base / name)
        for folder, part in (("bare", ()), ("half/1", ("--shard=1/2",)), ("half/2", ("--shard=2/2",))):
            place = str(self.base / folder)
            spec = f"pics=imagenet-c:{self.base / 'pics'}"
            answer = command("evaluate", MODEL, "--dataset", spec, "--out", place, "--processes", "0", *part)
            if answer.code:
                raise RuntimeError(f"results cannot be made:\n{answer.out}{answer.err}")
        self.base = self.base.rename(top / "measured")

    def valid(self) -> Sequence[Input]:
        """Return everything as it was written, for some of the commands: each takes a while."""
        # Not for the last one: results of another place are refused, since their spec is another one.
        return [Input(arguments) for arguments in self._COMMANDS[:-1:3]]

    def draw(self, chance: Random) -> Input:
        """Return a broken record, result file, shard or baseline."""
        arguments = chance.choice(self._COMMANDS)
        broken: Sequence[Callable[[Random], Input]] = (self._made, self._part, self._part, self._record, self._accepted)
        parts = [chance.choice(broken)(chance) for _ in range(1 if chance.random() < 0.8 else 2)]
        files = {name: content for part in parts for name, content in part.files.items()}
        links = {name: target for part in parts for name, target in part.links.items() if name not in files}
        without = dict.fromkeys(name for part in parts for name in part.without)
        return Input(arguments, files, links, tuple(without))

    def feed(self, given: Input) -> str:
        """Call the command; the old run stays as it is."""
        before = _state(Path(_OLD))
        answer = called(given.arguments)
        if _state(Path(_OLD)) != before:
            raise ProblemError(f"{given.arguments[0]} changed a file that it only reads")
        return f"{answer.outcome} by {given.arguments[0]}"

    def _content(self, name: str) -> bytes:
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return (self.base / name).read_bytes()

    def _folder(self, chance: Random) -> str:
        return chance.choice((*(f"{run}/{_OWN}" for run in (_NEW, *_SHARDS)), *_RESULTS, *_RESULTS))

    def _made(self, chance: Random) -> Input:
        """Break the file that says what results were made with."""
        name = f"{self._folder(chance)}/_set.json"
        made = json.loads(self._content(name))
        if chance.random() < 0.4:
            return Input((), {name: hostile.json_bytes(chance, made)})
        for key in chance.sample(sorted(_MADE), 1 + int(chance.random() * 2)):
            made[key] = chance.choice(_MADE[key]) if chance.random() < 0.8 else hostile.value(chance)
        return Input((), {name: json.dumps(made).encode()})

    def _part(self, chance: Random) -> Input:
        """Break the rows, or put something beside them."""
        folder = self._folder(chance)
        name = f"{folder}/part-000000.parquet"
        kind = chance.random()
        if kind < 0.1:
            target = chance.choice(("../" * 7 + "secret.png", "/dev/zero", "/etc/passwd", "part-000000.parquet"))
            return Input((), {}, {f"{folder}/part-000001.parquet": target})
        if kind < 0.2:
            return Input((), {f"{folder}/part-{chance.choice(('000001', '99999x', '1'))}.parquet": self._content(name)})
        if kind < 0.3:
            return Input((), {}, without=(name,))
        return Input((), {name: _table(chance, self._content(name))})

    def _accepted(self, chance: Random) -> Input:
        return Input((), {_BASELINE: _table(chance, self._content(_BASELINE))})

    def _record(self, chance: Random) -> Input:
        run = chance.choice((_NEW, *_SHARDS))
        name = f"{run}/run.json" if run == _NEW or chance.random() < 0.4 else f"{run}/shard.json"
        record = json.loads(self._content(name))
        if record.get("sets") and chance.random() < 0.7 and name.endswith("run.json"):
            record["sets"] = hostile.altered(chance, hostile.altered(chance, record["sets"]))
            return Input((), {name: hostile.spoilt(chance, json.dumps(record))})
        return Input((), {name: hostile.json_bytes(chance, record)})


class Gates:
    """Feeds `datasets.toml` to runs over a set."""

    share = 4
    hosts: frozenset[str] = frozenset()
    base: Path | None = None
    _KEYS: Mapping[str, Sequence[Any]] = {
        "min_accuracy": (0.5, 1, 0, -0.1, 1.1, True),
        "max_ece": (0.1, 1, -1),
        "max_drop": (0.1,),
        "max_mce": (60, 1001),
        "max_mean_error": (0.5,),
        "allowed_drop": (0.1, 0, 0.0001),
        'slices."fog+3".min_accuracy': (0.5, 2),
        'slices."fog+3".max_drop': (0.5,),
        'slices."fog+9".min_accuracy': (0.5,),
        "slices": (5, [], {"x": 5}),
        "min_acuracy": (0.5,),
    }

    def prepare(self, top: Path) -> None:
        """Make a repository with a set."""
        self.base = top / "gated"
        make_set_repository(self.base)

    def valid(self) -> Sequence[Input]:
        """Return demands that are met, and one that is decided early."""
        text = b'[pics]\nmin_accuracy = 0.2\n[pics.slices."fog+3"]\nmin_accuracy = 0.2\n'
        return [
            Input((*_PYTEST, *more), {"cases/datasets.toml": text}) for more in ((), ("--robust-stop-when=decided",))
        ]

    def draw(self, chance: Random) -> Input:
        """Return demands that are hostile, or damaged."""
        lines = [chance.choice(("[pics]", "[pics]", "[pic]", f"[{hostile.toml_text(hostile.text(chance))}]"))]
        for key in chance.sample(sorted(self._KEYS), 1 + int(chance.random() * 4)):
            value = chance.choice(self._KEYS[key]) if chance.random() < 0.7 else hostile.value(chance)
            lines.append(f"{key} = {hostile.toml_text(value)}")
        if chance.random() < 0.1:
            lines.append(f"{hostile.toml_text(hostile.text(chance))} = {hostile.toml_text(hostile.value(chance))}")
        more = chance.choice(((), (), ("--robust-stop-when=decided",), ("--robust-sample=3",), ("-k", "fog")))
        text = hostile.spoilt(chance, "\n".join(lines), "[", "a.", "a = {b=")
        return Input((*_PYTEST, *more), {"cases/datasets.toml": text})

    def feed(self, given: Input) -> str:
        """Run pytest."""
        return f"{called(given.arguments).outcome} by pytest"


def make_set_repository(top: Path) -> None:
    """Write a repository with a set of eight pictures in two slices, of which its model is right about half."""
    make_repository(top, cases=3)
    for severity in (1, 3):
        write_folders(top / "pics" / "fog" / str(severity), [picture(number) for number in range(4)])


def called(arguments: Sequence[str]) -> Answer:
    """Call a command or pytest."""
    name, *rest = arguments
    return run_pytest(f"--rootdir={Path.cwd()}", *rest) if name == "pytest" else command(name, *rest)


def _state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _table(chance: Random, content: bytes) -> bytes:
    """Return a Parquet file with other values, types or columns, or with damage."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if chance.random() < 0.3:
        return hostile.damaged(chance, content)
    table = pq.read_table(io.BytesIO(content))
    for _ in range(1 + int(chance.random() * 2)):
        name = chance.choice(table.column_names)
        place = table.column_names.index(name)
        values = table[name].to_pylist()
        kind = chance.random()
        if kind < 0.15:
            table = table.drop_columns([name]) if table.num_columns > 1 else table
            continue
        if kind < 0.25:
            table = pa.concat_tables([table, table.slice(0, 1)])
            continue
        value = chance.choice(_VALUES[name])
        chosen = range(len(values)) if chance.random() < 0.5 else [int(chance.random() * len(values))]
        mixed = [value if number in chosen else old for number, old in enumerate(values)]
        try:
            # Of the same type if the value allows, else of its own.
            column = pa.array(mixed, table[name].type) if chance.random() < 0.7 else pa.array(mixed)
        except (pa.ArrowException, TypeError):
            column = pa.array([value] * len(values))
        table = table.set_column(place, name, column)
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()
