"""The door of zero-shot models: the texts of `[prompts]` in suite.toml, and the concepts of a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from small_repository import noise_picture

from fuzzing import hostile
from fuzzing.calling import command
from fuzzing.door import Input

_SUITE = "cases/sea"
_TOML = f"{_SUITE}/suite.toml"
_KEYS: Mapping[str, Sequence[Any]] = {
    "prompts.templates": (["a photo of a {}."], "a {label}", [], ["no place"], ["{}" * 9], ["{"], ["{0}"], [""]),
    "prompts.concepts.ship": (["a ship at sea"], "a ship", [], ["a {}"], [5], ["x" * 100_000], ["\u200b"]),
    "prompts.concepts.car": (["a car"], ["a ship at sea"], ["\x1b[31m"]),
    "prompts.concepts": (5, {"": ["x"]}, {"!ship": ["x"]}, {"a|b": ["x"]}, {"-": ["x"]}),
    "prompts.template": (["a {}"],),
    "labels.ship": (["boat", "vessel"], "boat"),
}


class Prompts:
    """Feeds prompts to a tiny model of text and pictures."""

    share = 4
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Write the model, and a suite with two concepts."""
        # Imported here, because it is torch and transformers.
        from tests.zero_shot_models import save_zero_shot

        self.base = top / "prompts"
        save_zero_shot(self.base / "clip")
        (self.base / _SUITE).mkdir(parents=True)
        for number in range(2):
            noise_picture(self.base / _SUITE / f"{number}.png", number)
        rows = "file_name,label,tier\n0.png,ship,1\n1.png,car,1\n"
        (self.base / _SUITE / "metadata.csv").write_text(rows, encoding="utf-8")

    def valid(self) -> Sequence[Input]:
        """Return texts as they should be."""
        text = '[prompts]\ntemplates = ["a photo of a {}."]\n[prompts.concepts]\nship = ["a ship at sea"]\n'
        return [Input(_query(), {_TOML: text.encode()}), Input(("check", "sea", "--model", "clip"))]

    def draw(self, chance: Random) -> Input:
        """Return hostile texts, or labels to choose from."""
        if chance.random() < 0.15:
            names = ",".join(hostile.argument(chance) for _ in range(1 + int(chance.random() * 3)))
            return Input(("query", f"{_SUITE}/0.png", "--model", "clip", f"--among={names}"))
        lines = []
        for key in chance.sample(sorted(_KEYS), 1 + int(chance.random() * 3)):
            value = chance.choice(_KEYS[key]) if chance.random() < 0.6 else hostile.value(chance)
            if chance.random() < 0.3:
                value = [hostile.text(chance), f"{hostile.text(chance)} {{}}"]
            lines.append(f"{key} = {hostile.toml_text(value)}")
        files = {_TOML: hostile.spoilt(chance, "\n".join(lines), "[", "a.", "a = {b=")}
        if chance.random() < 0.3:
            cells = [[f"{number}.png", hostile.text(chance), "1"] for number in range(2)]
            files[f"{_SUITE}/metadata.csv"] = hostile.csv_text([["file_name", "label", "tier"], *cells]).encode(
                "utf-8", "replace"
            )
        return Input(chance.choice((_query(), _query("--json"), ("check", "sea", "--model", "clip"))), files)

    def feed(self, given: Input) -> str:
        """Ask the model, or check the suite."""
        return f"{command(*given.arguments).outcome} by {given.arguments[0]}"


def _query(*more: str) -> tuple[str, ...]:
    return ("query", f"{_SUITE}/0.png", "--model", "clip", "--suite", "sea", *more)
