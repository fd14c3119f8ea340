"""The commands of `tierbench`: a module is imported when its command is called, and none of them for the list."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup


class LazyCommand(NamedTuple):
    """A command: where its function (or, of a group, its `typer.Typer`) is, and its line in the list of commands."""

    home: str
    line: str


# In the order of the list. A line is the first of the docstring of its function; a test compares them.
COMMANDS = {
    "init": LazyCommand(
        "init:init", "Write cases/test_tiers.py, a first suite and pytest's settings; existing files are kept."
    ),
    "query": LazyCommand(
        "query:query", "Print what models see in images: the most probable labels with their scores, best first."
    ),
    "check": LazyCommand(
        "suites:check",
        "Report all problems of suites, broken pictures included; exit code 1 if there are any. Warnings are none.",
    ),
    "list": LazyCommand("suites:list_suites", "List all suites with their tiers, or the cases of the given suites."),
    "add": LazyCommand("add:add", "Copy images into a suite and append their rows; show the models' predictions."),
    "import": LazyCommand(
        "import_set:import_set",
        "Copy pictures of each class of a data set into a suite as cases; the same command again adds nothing twice.",
    ),
    "remove": LazyCommand(
        "remove:remove",
        "Remove cases from suites: their rows, and their pictures if they are those that `tierbench add` copied.",
    ),
    "fetch": LazyCommand("suites:fetch", "Fetch the images that suites name by URL, and verify them."),
    "corrupt": LazyCommand(
        "corrupt:corrupt", "Write each image with every corruption at every severity, and a contact sheet per image."
    ),
    "evaluate": LazyCommand(
        "evaluate:evaluate", "Predict every picture of data sets, and print accuracy, errors and slices."
    ),
    "merge": LazyCommand(
        "merge:merge", "Judge all shards of a run as one run; exit with 0 if every gate holds, else with 1."
    ),
    "show": LazyCommand("runs:show", "Print a recorded run: tiers, level, data sets, and the cases that did not pass."),
    "history": LazyCommand(
        "history:history",
        "Print the trend of each suite, tier, model and data set over the recorded runs, and who accepted baselines.",
    ),
    "compare": LazyCommand(
        "compare:compare",
        "Compare a run with another run or a baseline, flips first; exit code 1 if there is a regression, else 0.",
    ),
    "comment": LazyCommand(
        "comment:comment",
        "Keep one comment on a run at its pull request: written once, and edited by later runs with the same key.",
    ),
    "prune": LazyCommand(
        "history:prune", "Remove the oldest recorded runs; baselines and files that no run wrote are kept."
    ),
    "publish": LazyCommand(
        "publish:publish",
        "Hand the figures of a recorded run to other tools; a run that is published again is updated there.",
    ),
    "model": LazyCommand(
        "model:model",
        "Print the card of a model: architecture, size, backend, labels, preprocessing, and what is not known of it.",
    ),
    "export": LazyCommand(
        "export:export",
        "Write a model as ONNX with its labels and image processor beside it, and say how far it agrees.",
    ),
    "baseline": LazyCommand("baselines:baseline", "Manage the accepted scores that later runs are compared with."),
}


def loaded(name: str) -> Any:
    """Import a command and return it as click knows it."""
    module, _, function = COMMANDS[name].home.partition(":")
    found: typer.Typer | Callable[..., None] = getattr(import_module(f"tierbench.cli.{module}"), function)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    return typer.main.get_command(found)


class LazyGroup(TyperGroup):
    """The group of all commands, of which only the one that is called is imported."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name of the command that is called, the command itself, and its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name in COMMANDS else command, rest


def add_commands(app: typer.Typer) -> None:
    """Give an app, whose class is `LazyGroup`, all commands by their lines."""

    def not_loaded() -> None:
        raise RuntimeError("the command was not loaded")

    for name, command in COMMANDS.items():
        app.command(name, help=command.line)(not_loaded)
