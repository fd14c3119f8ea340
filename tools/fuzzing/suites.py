"""The door of suite folders: metadata.csv, suite.toml and odd files, read by `check`, `list`, `add` and `remove`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from small_repository import noise_picture

from fuzzing import hostile
from fuzzing.calling import command
from fuzzing.door import Input, ProblemError
from tierbench.suites.metadata import COLUMNS

_SUITE = "cases/s"
_CSV, _TOML = f"{_SUITE}/metadata.csv", f"{_SUITE}/suite.toml"
_VALID_CSV = "file_name,label,tier,id,url,sha256\nred.png,automobile,1,red,,\n"
_PICTURES = ("red.png", "red-1.png", "red-2.png", "red-3.png")
# What else the folder of a suite may hold.
_LINKS = {
    f"{_SUITE}/link.png": "../../../secret.png",
    f"{_SUITE}/loop": "loop",
    f"{_SUITE}/endless.png": "/dev/zero",
    f"{_SUITE}/broken.png": "nothing.png",
}
# Only columns that hold free text: any text is valid in them.
_FREE = ("file_name", "label", "tier", "id", "group", "known_issue", "source", "license", "notes")
# What suite.toml may have: a key → values that are nearly right.
_KEYS: Mapping[str, Sequence[Any]] = {
    "description": ("cars", ""),
    "tiers.1.name": ("easy", ""),
    "tiers.1.min_score": (0.5, 1, -0.1, 1.1),
    "tiers.1.max_rank": (1, 5, 0, 1.5, 10**30),
    "tiers.1.min_margin": (0, -1, 2),
    "tiers.1.min_pass_rate": (1.0, 0.0, -1),
    "tiers.0.min_score": (0.5,),
    "parameters.visibility_m": ("m", ""),
    "parameters.tier": ("m",),
    "labels.automobile": ("sports car", ["sports car", "cab"], [], [["cab"]]),
    "labels.truck": (["sports car"],),
    "prompts.automobile": ("a car",),
    "ladders.steps.parameter": ("visibility_m", "tier"),
    "ladders.steps.direction": ("falling", "up", ""),
    "ladders.steps.gate": (5, -1),
    "corruptions.fog": (0.5, [1, 2]),
    "corruptions": ("all", "imagenet-c"),
}


class Suites:
    """Feeds suite folders."""

    share = 30
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Make a suite with a picture, and files that are no pictures."""
        self.base = top / "suites"
        suite = self.base / _SUITE
        (suite / "sub").mkdir(parents=True)
        for number, file in enumerate([*(suite / name for name in _PICTURES), self.base / "new.png"]):
            noise_picture(file, number)
        # Its labels are none of the built-in model's, which `check` takes.
        (self.base / "pytest.ini").write_text("[pytest]\nrobust_missing_labels = skip\n", encoding="utf-8")
        for name, target in _LINKS.items():
            (self.base / name).symlink_to(target)

    def valid(self) -> Sequence[Input]:
        """Return the suite as it should be."""
        files = {_CSV: _VALID_CSV.encode()}
        add = ("add", "new.png", "--suite", "s", "--label", "ship", "--tier", "1", "--force")
        return [Input(arguments, files) for arguments in (("check",), ("list", "s"), ("remove", "s/red"), add)]

    def draw(self, chance: Random) -> Input:
        """Return a suite with hostile cells, settings, encodings or damage."""
        files = {_CSV: _csv(chance)}
        if chance.random() < 0.5:
            files[_TOML] = _toml(chance)
        return Input(_arguments(chance), files)

    def feed(self, given: Input) -> str:
        """Call the command; one that is refused changes nothing."""
        # A pipe that nobody writes to: who opens it waits for ever.
        os.mkfifo(Path(_SUITE, "pipe.png"))
        before = _state()
        answer = command(*given.arguments)
        if (answer.code or given.arguments[0] in ("check", "list")) and _state() != before:
            raise ProblemError(f"{given.arguments[0]} was refused, but changed the suite")
        # The last case of a suite takes its metadata.csv with it.
        changed = not answer.code and given.arguments[0] in ("add", "remove") and Path(_CSV).exists()
        if changed and command("check", "s").code == 4:
            raise ProblemError(f"{given.arguments[0]} left a suite that cannot be read")
        return f"{answer.outcome} by {given.arguments[0]}"


def _state() -> dict[str, bytes]:
    files = [path for path in Path("cases").rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path): path.read_bytes() for path in files}


def _arguments(chance: Random) -> tuple[str, ...]:
    kind = chance.random()
    if kind < 0.7:
        return ("check",) if chance.random() < 0.5 else ("check", "s")
    if kind < 0.8:
        return ("list",) if chance.random() < 0.5 else ("list", "s")
    if kind < 0.9:
        return ("remove", f"s/{hostile.argument(chance)}") if chance.random() < 0.5 else ("remove", "s/red")
    label = chance.choice(("ship", "!ship", "ship|truck", hostile.argument(chance)))
    more = (chance.choice(("--id", "--tags", "--group", "--notes", "--twin", "--source")), hostile.argument(chance))
    return ("add", "new.png", "--suite", "s", "--tier", "1", "--force", f"--label={label}", "=".join(more))


def _csv(chance: Random) -> bytes:
    kind = chance.random()
    if kind < 0.15:
        header = list(_FREE)
        cells = [[hostile.text(chance) for _ in range(5)] for _ in range(3)]
        rows = [[_PICTURES[place], "automobile", "1", f"case-{place}", *row] for place, row in enumerate(cells)]
    elif kind < 0.35:
        header = ["file_name", "label", "tier", "url", "sha256"]
        digest = chance.choice(("ab" * 32, "", hostile.text(chance)))
        names = [chance.choice(("new/there.png", "there.png", hostile.text(chance))) for _ in range(3)]
        rows = [[name, "automobile", "1", chance.choice(hostile.URLS), digest] for name in names]
    elif kind < 0.85:
        more = [name for name in COLUMNS if name not in ("file_name", "label", "tier") and chance.random() < 0.4]
        header = ["file_name", "label", "tier", *more, *(["visibility_m"] if chance.random() < 0.3 else [])]
        rows = [_row(chance, name, header) for name in _PICTURES[: 1 + int(chance.random() * 4)]]
    else:
        header = [chance.choice((*COLUMNS, hostile.text(chance))) for _ in range(int(chance.random() * 8))]
        rows = [[hostile.text(chance) for _ in range(int(chance.random() * 9))] for _ in range(3)]
    separator = "," if chance.random() < 0.95 else chance.choice(";\t|")
    text = hostile.csv_text([header, *rows], separator, chance.choice(("\n", "\n", "\r\n", "\r")))
    return hostile.spoilt(chance, text)


def _row(chance: Random, picture: str, header: Sequence[str]) -> list[str]:
    """Return a row that is valid, or in which a cell or two are hostile."""
    right = {"file_name": picture, "label": "automobile", "tier": "1"}
    row = [right.get(name, "") for name in header]
    for _ in range(int(chance.random() * 3)):
        row[int(chance.random() * len(row))] = hostile.text(chance)
    return row


def _toml(chance: Random) -> bytes:
    lines = []
    for key in chance.sample(sorted(_KEYS), 1 + int(chance.random() * 5)):
        right = chance.random() < 0.8
        lines.append(f"{key} = {hostile.toml_text(chance.choice(_KEYS[key]) if right else hostile.value(chance))}")
    if chance.random() < 0.1:
        lines.append(f"{hostile.toml_text(hostile.text(chance))} = {hostile.toml_text(hostile.value(chance))}")
    if chance.random() < 0.01:
        lines.append(f'description = "{"x" * 2_000_000}"')
    return hostile.spoilt(chance, "\n".join(lines), "description = [", "[", "a.", "a = {b=")
