"""`tierbench init`: puts the benchmark into a repository, new or existing, without changing what is there."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.settings import PytestSettings, nearest_settings, settings_in, values_of
from tierbench.cli.settings_edit import with_entry, with_key
from tierbench.cli.upgrade import has_own_plugin, names_plugins, renamed_import, renamed_plugin
from tierbench.common.errors import UserError
from tierbench.common.files import write_atomically
from tierbench.common.text import one_line
from tierbench.suites.editing import NEW_COLUMNS
from tierbench.suites.problems import Problems
from tierbench.suites.reader import SUITE_NAME, find_suites

_TESTS = "test_tiers.py"
_ASKS = re.compile(r"\brobust_[a-z]+\b")
_IGNORED = ("reports/*", "!reports/baselines/")
_HIDES_BASELINES = ("reports", "reports/", "/reports", "/reports/")


class Plan:
    """What is to be written: gathered first, so that a problem leaves everything as it was."""

    def __init__(self) -> None:
        self.texts: dict[Path, str] = {}
        self.said: list[str] = []
        self.by_hand: list[str] = []

    def new(self, file: Path, text: str) -> None:
        """Write a file that is not there; one that is stays."""
        if file.exists():
            self.said.append(f"kept      {file}")
        else:
            self.texts[file] = text
            self.said.append(f"written   {file}")

    def change(self, file: Path, before: str, after: str) -> None:
        """Replace a file's text, where it is another."""
        if after == before:
            self.said.append(f"kept      {file}")
        else:
            self.said.append(f"{'changed' if file.exists() else 'written'}   {file}")
            self.texts[file] = after

    def carry_out(self) -> None:
        """Write everything, through links, and say so."""
        for file in self.texts:
            file.parent.mkdir(parents=True, exist_ok=True)
        for file, text in self.texts.items():
            write_atomically(file.resolve(), text)
        for line in self.said:
            typer.echo(one_line(line, 400))
        for line in self.by_hand:
            typer.echo(one_line(f"to do     {line}", 400))


def init(
    folder: Annotated[
        Path, typer.Argument(help="top of the repository, or of a project in it", file_okay=False)
    ] = Path(),
    suite: Annotated[str, typer.Option(help="name of the first suite")] = "mine",
    model: Annotated[str, typer.Option(help="model under test, as in --robust-model")] = "",
) -> None:
    """Write cases/test_tiers.py, a first suite and the ini lines; keep what is there."""
    if not SUITE_NAME.fullmatch(suite):
        raise UserError(f"--suite {suite!r}: name a suite with letters, digits, _ and - only")
    plan = Plan()
    try:
        # The settings that pytest will read: the folder's own, or those of a larger repository around it.
        found = settings_in(folder) or nearest_settings(folder.absolute().parent)
        settings = found or PytestSettings(folder / "pyproject.toml", {})
        top = settings.file.parent
        _conftest(folder, top, settings, plan)
        _tests(folder / "cases", plan)
        plan.new(folder / "cases" / suite / "suite.toml", _template("suite.toml"))
        # Without rows yet: so pytest runs the repository's other tests from now on.
        plan.new(folder / "cases" / suite / "metadata.csv", ",".join(NEW_COLUMNS) + "\n")
        _settings(folder, settings, suite, _from_top(model, top), plan, new=found is None)
        _ignore(top / ".gitignore", plan)
        plan.carry_out()
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{folder}: a file there is not UTF-8 ({error}); save it as UTF-8 first") from error
    typer.echo(f"\nNext: tierbench add IMAGE --suite {suite} --label WHAT_IT_SHOWS, then pytest")
    if plan.by_hand:
        raise typer.Exit(1)


def _template(name: str) -> str:
    return files("tierbench.cli").joinpath("templates", name).read_text(encoding="utf-8")


def _text(file: Path) -> str:
    """Return the text of a file with its line ends; empty where there is none."""
    if not file.exists():
        return ""
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _from_top(model: str, top: Path) -> str:
    """Return a model as the settings name it: a path is relative to their folder, not to where this was called."""
    return str(Path(model).absolute()) if model and Path(model).is_dir() and not (top / model).is_dir() else model


def _conftest(folder: Path, top: Path, settings: PytestSettings, plan: Plan) -> None:
    """Return the plugin its new name in a conftest.py of 0.1.

    None is written: pytest finds the installed plugin by itself, and a new conftest.py at the top would make everything
    beside it importable, which changes what the repository's own tests import.
    """
    file = folder / "conftest.py"
    text = _text(file)
    try:
        if text and not has_own_plugin(top, settings.lines("pythonpath")):
            before, text = text, renamed_plugin(text)
            plan.change(file, before, text)
            if "benchmark.plugin" in names_plugins(text):
                plan.by_hand.append(f"{file}: write tierbench.plugin for benchmark.plugin in pytest_plugins")
        named = names_plugins(text)
    except SyntaxError as error:
        raise UserError(f"{file}: is no Python: {error}; fix it first") from error
    if named and folder.resolve() != top.resolve():
        plan.by_hand.append(
            f"{file}: take pytest_plugins out; pytest lets only the conftest.py in {top} name plugins, and finds "
            "tierbench's by itself"
        )
    off = "--disable-plugin-autoload" in settings.lines("addopts") or os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    if off and "tierbench.plugin" not in [*named, *settings.lines("addopts")]:
        plan.by_hand.append(
            f"{settings.file}: add -p tierbench.plugin to addopts: pytest loads no installed plugin here"
        )


def _tests(cases: Path, plan: Plan) -> None:
    """Write the test file, unless one runs the suites already; one that imports from 0.1 imports the same from here."""
    present = [file for file in sorted(cases.glob("*.py")) if _ASKS.search(_text(file))]
    for file in present:
        text = _text(file)
        plan.change(file, text, renamed_import(text))
    if not present:
        plan.new(cases / _TESTS, _template(_TESTS))


def _settings(folder: Path, found: PytestSettings, suite: str, model: str, plan: Plan, *, new: bool) -> None:
    """Make plain `pytest` find the suites, here and at the top of the repository.

    New settings name the suites, and no `testpaths`: the repository's other tests run as before. There must be some, so
    that pytest finds the top of the repository from a folder below.
    """
    file = found.file
    before = after = _text(file)
    top, cases = file.parent, (folder / "cases").resolve()
    path = cases.relative_to(top.resolve()).as_posix()

    def add(key: str, *entries: str) -> None:
        nonlocal after, found
        for entry in [entry for entry in entries if entry not in found.lines(key)]:
            there = bool(found.lines(key)) or key in found.values
            changed = with_entry(found, after, key, entry) if there else with_key(found, after, key, [entry])
            if changed is None:
                plan.by_hand.append(f"{file}: add {entry} to {key}")
                continue
            after = changed
            found = replace(found, values=values_of(after, found.section, is_toml=found.is_toml) or {})

    if path != "cases" or new:
        # Beside suites at the top, which are no longer found by themselves once the setting is there.
        beside = ["cases"] if path != "cases" and not found.lines("robust_cases") and _suites(top / "cases") else []
        for other in found.lines("robust_cases") or beside:
            if (top / other).resolve() != cases and suite in _suites(top / other):
                raise UserError(f"--suite {suite}: {top / other} has a suite of this name; choose another name")
        add("robust_cases", *beside, path)
    if found.lines("testpaths"):
        add("testpaths", path)
    if model and found.lines("robust_model") not in ([], [model]):
        plan.by_hand.append(f"{file}: set robust_model to {model} among pytest's settings")
    elif model:
        add("robust_model", model)
    patterns = found.lines("python_files")
    if patterns and not any(fnmatch.fnmatch(_TESTS, pattern) for pattern in patterns):
        plan.by_hand.append(f"{file}: add {_TESTS} to python_files")
    if after != before:
        plan.change(file, before, after)


def _suites(folder: Path) -> list[str]:
    return [each.name for each in find_suites([folder], Problems())]


def _ignore(file: Path, plan: Plan) -> None:
    text = _text(file)
    lines = [line.strip() for line in text.splitlines()]
    if hiding := [line for line in lines if line in _HIDES_BASELINES]:
        plan.by_hand.append(f"{file}: {hiding[0]} hides reports/baselines/ too; write reports/* in its place")
    if missing := [line for line in _IGNORED if line not in lines]:
        end = "\r\n" if "\r\n" in text else "\n"
        plan.change(file, text, text + ("" if not text or text.endswith("\n") else end) + end.join([*missing, ""]))
