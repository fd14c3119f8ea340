"""`tierbench init`: set up the benchmark in a new or existing repository, keeping the files that exist."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.pytest_settings import PytestSettings, nearest_settings, settings_in, values_of
from tierbench.cli.pytest_settings_edit import with_entry, with_key
from tierbench.cli.upgrade import has_own_plugin, names_plugins, renamed_import, renamed_plugin
from tierbench.common.errors import UserError
from tierbench.common.files import is_folder, shown_path, write_atomically
from tierbench.common.text import first_line, one_line
from tierbench.suites.editing import NEW_COLUMNS
from tierbench.suites.problems import Problems
from tierbench.suites.reader import SUITE_NAME, find_suites

_TESTS = "test_tiers.py"
_ASKS = re.compile(r"\brobust_[a-z]+\b")
_IGNORED = ("reports/*", "!reports/baselines/")
_HIDES_BASELINES = ("reports", "reports/", "/reports", "/reports/")


class Plan:
    """The files to write, collected first, so that a problem leaves everything unchanged."""

    def __init__(self) -> None:
        self.texts: dict[Path, str] = {}
        self.report: list[str] = []
        self.by_hand: list[str] = []

    def new(self, file: Path, text: str) -> None:
        """Plan to write a new file; an existing one is kept."""
        if file.exists():
            self.report.append(f"kept      {file}")
        else:
            self.texts[file] = text
            self.report.append(f"written   {file}")

    def change(self, file: Path, before: str, after: str) -> None:
        """Plan to replace the text of a file if it differs."""
        if after == before:
            self.report.append(f"kept      {file}")
        else:
            self.report.append(f"{'changed' if file.exists() else 'written'}   {file}")
            self.texts[file] = after

    def carry_out(self) -> None:
        """Write the files, following links, and print what was done."""
        for file in self.texts:
            file.parent.mkdir(parents=True, exist_ok=True)
        for file, text in self.texts.items():
            write_atomically(file.resolve(), text)
        for line in self.report:
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
    """Write cases/test_tiers.py, a first suite and pytest's settings; existing files are kept."""
    if not SUITE_NAME.fullmatch(suite):
        raise UserError(f"--suite {one_line(suite)!r}: name a suite with letters, digits, _ and - only")
    plan = Plan()
    try:
        # The settings that pytest will read: those of the folder, or those of a larger repository around it.
        found = settings_in(folder) or nearest_settings(folder.absolute().parent)
        settings = found or PytestSettings(folder / "pyproject.toml", {})
        top = settings.file.parent
        _conftest(folder, top, settings, plan)
        _tests(folder / "cases", plan)
        plan.new(folder / "cases" / suite / "suite.toml", _template("suite.toml"))
        # Without rows, so that pytest still runs the other tests of the repository.
        plan.new(folder / "cases" / suite / "metadata.csv", ",".join(NEW_COLUMNS) + "\n")
        _settings(folder, settings, suite, _from_top(model, top), plan, new=found is None)
        _ignore(top / ".gitignore", plan)
        plan.carry_out()
    except OSError as error:
        place = shown_path(Path(error.filename or folder))
        raise UserError(f"{place}: cannot be written: {error.strerror}; choose another place or name") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{shown_path(folder)}: a file there is not UTF-8 ({error}); save it as UTF-8 first") from error
    typer.echo(f"\nNext: tierbench add IMAGE --suite {suite} --label WHAT_IT_SHOWS, then pytest")
    if plan.by_hand:
        raise typer.Exit(1)


def _template(name: str) -> str:
    return files("tierbench.cli").joinpath("templates", name).read_text(encoding="utf-8")


def _text(file: Path) -> str:
    """Return the text of a file with its line ends; empty if the file does not exist."""
    if not file.exists():
        return ""
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _from_top(model: str, top: Path) -> str:
    """Return the model for the settings file; paths there are relative to its folder, not to the current one."""
    return str(Path(model).absolute()) if model and is_folder(Path(model)) and not is_folder(top / model) else model


def _conftest(folder: Path, top: Path, settings: PytestSettings, plan: Plan) -> None:
    """Rename the plugin in a conftest.py of version 0.1.

    A new conftest.py is not written: pytest finds the installed plugin without it. At the top of a repository it would
    also make everything next to it importable, which could change what the repository's own tests import.
    """
    file = folder / "conftest.py"
    text = _text(file)
    try:
        if text and not has_own_plugin(top, settings.lines("pythonpath")):
            before, text = text, renamed_plugin(text)
            plan.change(file, before, text)
            if "benchmark.plugin" in names_plugins(text):
                plan.by_hand.append(f"{file}: replace benchmark.plugin with tierbench.plugin in pytest_plugins")
        named = names_plugins(text)
    except SyntaxError as error:
        raise UserError(f"{shown_path(file)}: is not valid Python: {first_line(error)}; fix it first") from error
    if named and folder.resolve() != top.resolve():
        plan.by_hand.append(
            f"{file}: remove pytest_plugins; pytest allows it only in the conftest.py in {top}, and loads "
            "tierbench's plugin without it"
        )
    off = "--disable-plugin-autoload" in settings.lines("addopts") or os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    if off and "tierbench.plugin" not in [*named, *settings.lines("addopts")]:
        plan.by_hand.append(
            f"{settings.file}: add -p tierbench.plugin to addopts, because pytest does not load installed plugins here"
        )


def _tests(cases: Path, plan: Plan) -> None:
    """Write the test file unless there is one, and rename imports from version 0.1."""
    present = [file for file in sorted(cases.glob("*.py")) if _ASKS.search(_text(file))]
    for file in present:
        text = _text(file)
        plan.change(file, text, renamed_import(text))
    if not present:
        plan.new(cases / _TESTS, _template(_TESTS))


def _settings(folder: Path, found: PytestSettings, suite: str, model: str, plan: Plan, *, new: bool) -> None:
    """Change the settings so that plain `pytest` finds the suites, here and at the top of the repository.

    New settings contain `robust_cases` but no `testpaths`, so that the other tests of the repository run as before.
    Settings are always written, so that pytest finds the top of the repository from the folders below it.
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
        # Once the setting exists, `cases` at the top is no longer the default and must be listed, too.
        default = ["cases"] if path != "cases" and not found.lines("robust_cases") and _suites(top / "cases") else []
        for other in found.lines("robust_cases") or default:
            if (top / other).resolve() != cases and suite in _suites(top / other):
                raise UserError(
                    f"--suite {suite}: {shown_path(top / other)} has a suite of this name; choose another name"
                )
        add("robust_cases", *default, path)
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
        plan.by_hand.append(f"{file}: {hiding[0]} hides reports/baselines/ too; replace it with reports/*")
    if missing := [line for line in _IGNORED if line not in lines]:
        end = "\r\n" if "\r\n" in text else "\n"
        plan.change(file, text, text + ("" if not text or text.endswith("\n") else end) + end.join([*missing, ""]))
