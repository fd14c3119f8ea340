"""The door of data sets: folders, tables, arrays and archives of pictures, evaluated and imported."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from random import Random

from small_repository import make_repository, noise_picture

from fuzzing import hostile, set_files
from fuzzing.calling import command
from fuzzing.door import Input, ProblemError

MODEL = "plain=python:plain_model:Plain"
LABELS = ("airplane", "ship")
# Kind → what the valid set of it is called in a spec.
SPECS: Mapping[str, str] = {
    "imagefolder": "imagefolder:folders",
    "metadata": "imagefolder:table",
    "imagenet-c": "imagenet-c:corrupted",
    "cifar10-c": "cifar10-c:arrays",
    "parquet": "parquet:parquet",
    "webdataset": "webdataset:tars",
    "objectnet": "objectnet:objectnet",
}
_OPTIONS = ("?labels=present", "?labels=x", "?label=cls", "?label=id", "?image=jpg", "?id=label", "@test", "@..", "@.")
_PATHS = (
    "tars/shard-{000..001}.tar",
    "tars/*.tar",
    "tars/**",
    "{0..99999}{0..99999}.tar",
    "{1..0}",
    ".",
    "",
    "x" * 300,
)
# Names of files and folders that mean something.
_NAMES = ("airplane", "ship", "fog", "fog+3", "clean", "3", "6", "metadata.csv", ".hidden", "n01440764", "²", "images")


class Sets:
    """Feeds data sets of every kind."""

    share = 16
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Write a valid set of each kind."""
        # Before the clock of the first input runs: on a busy machine that takes longer than an input may.
        import_module("torch.utils.data")
        self.base = top / "sets"
        make_repository(self.base, cases=2)
        # What `import --force` adds may be no label of the model.
        with (self.base / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write('robust_missing_labels = "skip"\n')
        pictures = [picture(number) for number in range(4)]
        write_folders(self.base / "folders", pictures)
        table = self.base / "table"
        table.mkdir()
        for number, content in enumerate(pictures):
            (table / f"{number}.png").write_bytes(content)
        (table / "metadata.csv").write_text(_csv([f"{number}.png" for number in range(4)]), encoding="utf-8")
        for severity in (1, 3):
            write_folders(self.base / "corrupted" / "fog" / str(severity), pictures)
        set_files.write_arrays(self.base / "arrays")
        (self.base / "parquet").mkdir()
        (self.base / "parquet" / "test.parquet").write_bytes(set_files.parquet(pictures))
        (self.base / "tars").mkdir()
        for number in range(2):
            members = set_files.members(pictures[2 * number : 2 * number + 2])
            (self.base / "tars" / f"shard-{number:03d}.tar").write_bytes(set_files.tar(members))
        home = self.base / "objectnet"
        write_folders(home / "images", pictures)
        (home / "mappings").mkdir()
        for name in ("folder_to_objectnet_label", "objectnet_to_imagenet_1k"):
            (home / "mappings" / f"{name}.json").write_text(json.dumps({each: each for each in LABELS}))

    def valid(self) -> Sequence[Input]:
        """Return a run over each valid set, and an import."""
        runs = [Input(_evaluate(spec)) for spec in SPECS.values()]
        return [*runs, Input(_import(SPECS["imagefolder"])), Input(_import(SPECS["webdataset"], "--dry-run"))]

    def draw(self, chance: Random) -> Input:
        """Return a set in which something is broken."""
        kind = chance.choice(tuple(SPECS))
        given = _BROKEN[kind](self, chance)
        spec = SPECS[kind]
        if chance.random() < 0.1:
            path = chance.choice((*_PATHS, hostile.argument(chance)))
            spec = f"{spec.partition(':')[0]}:{path}"
        if chance.random() < 0.15:
            spec += chance.choice((*_OPTIONS, hostile.argument(chance)))
        more = chance.choice(((), (), ("--json",), ("--sample=2",), ("--shard=1/2",), ("--table=latex",)))
        arguments = _evaluate(spec, *more)
        if chance.random() < 0.3:
            arguments = _import(spec, *chance.choice(((), ("--dry-run",), ("--per-class=9",), ("--classes=ship",))))
        return Input(arguments, given.files, given.links, given.without, given.sizes)

    def feed(self, given: Input) -> str:
        """Evaluate or import the set; what a run wrote can be read without it."""
        answer = command(*given.arguments)
        if not answer.code and given.arguments[0] == "evaluate":
            for name in SPECS.values():
                shutil.rmtree(name.partition(":")[2], ignore_errors=True)
            if (code := command("show", "out").code) != 0:
                raise ProblemError(f"the results cannot be shown: exit code {code}")
        imported = not answer.code and given.arguments[0] == "import" and Path("cases/new").exists()
        if imported and command("check", "new").code == 4:
            raise ProblemError("import left a suite that cannot be read")
        return f"{answer.outcome} by {given.arguments[0]}"

    def content(self, name: str) -> bytes:
        """Return the content of a file of the valid sets."""
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return (self.base / name).read_bytes()


def _evaluate(spec: str, *more: str) -> tuple[str, ...]:
    return ("evaluate", MODEL, "--dataset", f"pics={spec}", "--out", "out", "--processes", "0", *more)


def _import(spec: str, *more: str) -> tuple[str, ...]:
    return ("import", spec, "--suite", "new", "--new-suite", "--tier", "1", "--force", *more)


def picture(number: int) -> bytes:
    """Return a small picture of noise."""
    stream = io.BytesIO()
    noise_picture(stream, number)
    return stream.getvalue()


def write_folders(folder: Path, pictures: Sequence[bytes]) -> None:
    """Write pictures into a folder for each label, in turn."""
    for number, content in enumerate(pictures):
        home = folder / LABELS[number % len(LABELS)]
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{number}.png").write_bytes(content)


def _csv(names: Sequence[str]) -> str:
    rows = [[name, LABELS[number % len(LABELS)]] for number, name in enumerate(names)]
    return hostile.csv_text([["file_name", "label"], *rows])


def _name(chance: Random) -> str:
    return chance.choice(_NAMES) if chance.random() < 0.3 else hostile.file_name(chance)


def _broken_picture(door: Sets, chance: Random) -> bytes:
    kind = chance.random()
    if kind < 0.5:
        return hostile.damaged(chance, picture(int(chance.random() * 9)))
    if kind < 0.7:
        return set_files.png_header(chance.choice(((10**5, 10**5), (2**31 - 1, 1), (0, 0), (20_000, 20_000))))
    return hostile.text(chance).encode("utf-8", "replace")


def _folders(home: str, depth: int) -> Callable[[Sets, Random], Input]:
    """Return what breaks pictures in folders: odd names, odd pictures, links, large files."""

    def broken(door: Sets, chance: Random) -> Input:
        files, links, sizes = {}, {}, {}
        for number in range(1 + int(chance.random() * 3)):
            folders = [_name(chance) for _ in range(int(chance.random() * (depth + 2)))]
            right = ["fog", "3", chance.choice(LABELS)][-depth:] if chance.random() < 0.7 else folders
            path = "/".join([home, *right, chance.choice((f"new{number}.png", f"{_name(chance)}.png", _name(chance)))])
            kind = chance.random()
            if kind < 0.2:
                links[path] = chance.choice(("../" * 6 + "secret.png", "/etc/passwd", "/dev/zero", ".", "loop", "/"))
            elif kind < 0.3:
                sizes[path] = chance.choice((2**31, 2**36))
            else:
                good = chance.random() < 0.5
                files[path] = picture(number) if good else _broken_picture(door, chance)
        return Input((), files, links, sizes=sizes)

    return broken


def _table(door: Sets, chance: Random) -> Input:
    rows = [[f"{number}.png", LABELS[number % 2]] for number in range(4)]
    for _ in range(1 + int(chance.random() * 3)):
        row = rows[int(chance.random() * len(rows))]
        row[int(chance.random() * 2)] = hostile.text(chance)
    header = ["file_name", "label"] if chance.random() < 0.9 else [hostile.text(chance), "label"]
    if chance.random() < 0.2:
        rows.append([*rows[0], "more"])
    text = hostile.csv_text([header, *rows], chance.choice((",", ",", ";")), chance.choice(("\n", "\r\n", "\r")))
    return Input((), {"table/metadata.csv": hostile.spoilt(chance, text)}, {"table/link.png": "../../secret.png"})


def _arrays(door: Sets, chance: Random) -> Input:
    name = chance.choice(("fog.npy", "labels.npy", "clean.npy", "new.npy"))
    content = door.content(f"arrays/{name if name != 'new.npy' and name != 'clean.npy' else 'fog.npy'}")
    broken = set_files.broken_array(chance, content)
    sizes = {f"arrays/{name}": chance.choice((2**20, 2**36))} if chance.random() < 0.2 else {}
    links = {"arrays/snow.npy": chance.choice(("../../secret.png", "/dev/zero"))} if chance.random() < 0.1 else {}
    return Input((), {f"arrays/{name}": broken}, links, sizes=sizes)


def _parquet(door: Sets, chance: Random) -> Input:
    name = chance.choice(("test.parquet", "test.parquet", "other.parquet", f"{_name(chance)}.parquet"))
    content = set_files.broken_parquet(chance, [picture(number) for number in range(4)])
    links = {"parquet/link.parquet": "/etc/passwd"} if chance.random() < 0.1 else {}
    return Input((), {f"parquet/{name}": content}, links)


def _tars(door: Sets, chance: Random) -> Input:
    content = set_files.broken_tar(chance, [picture(number) for number in range(2)])
    name = chance.choice(("shard-000.tar", "shard-002.tar", f"{_name(chance)}.tar"))
    sizes = {f"tars/{name}": 2**36} if chance.random() < 0.1 else {}
    links = {"tars/link.tar": "/etc/passwd"} if chance.random() < 0.1 else {}
    return Input((), {f"tars/{name}": content}, links, sizes=sizes)


def _objectnet(door: Sets, chance: Random) -> Input:
    if chance.random() < 0.4:
        return _folders("objectnet/images", 1)(door, chance)
    name = chance.choice(("folder_to_objectnet_label", "objectnet_to_imagenet_1k"))
    path = f"objectnet/mappings/{name}.json"
    return Input((), {path: hostile.json_bytes(chance, json.loads(door.content(path)))})


_BROKEN: Mapping[str, Callable[[Sets, Random], Input]] = {
    "imagefolder": _folders("folders", 1),
    "metadata": _table,
    "imagenet-c": _folders("corrupted", 3),
    "cifar10-c": _arrays,
    "parquet": _parquet,
    "webdataset": _tars,
    "objectnet": _objectnet,
}
