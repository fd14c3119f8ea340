"""`tierbench init`: puts the benchmark into a repository, new or existing, without changing what is there."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.settings import PytestSettings, nearest_settings, only_changed, settings_in
from tierbench.common.errors import UserError
from tierbench.common.files import write_atomically
from tierbench.common.text import one_line
from tierbench.suites.editing import NEW_COLUMNS
from tierbench.suites.reader import SUITE_NAME

_PLUGIN_LINE = 'pytest_plugins = ["tierbench.plugin"]'
_TESTS = "test_tiers.py"
# The line that heads pytest's settings, in every kind of file; and a list of paths that stands on one line.
_HEAD = re.compile(r"(?m)^\[(?:tool[.:])?pytest(?:\.ini_options)?\][ \t]*(?:#.*)?(?:\r?\n|\Z)")
_TOML_PATHS = (re.compile(r"(?m)^(testpaths\s*=\s*\[)([^\]\n#]*?),?[ \t]*\]"), r'\1\2, "cases"]')
_INI_PATHS = (re.compile(r"(?m)^(testpaths[ \t]*[=:][ \t]*\S[^\r\n#;]*?)[ \t]*$"), r"\1 cases")
_IGNORED = ("reports/*", "!reports/baselines/")
_HIDES_BASELINES = ("reports", "reports/", "/reports", "/reports/")


class Plan:
    """What is to be written: gathered first, so that a fault leaves everything as it was."""

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

    def change(self, file: Path, text: str) -> None:
        """Replace a file's text."""
        self.texts[file] = text
        self.said.append(f"changed   {file}")

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
    folder: Annotated[Path, typer.Argument(help="top of the repository", file_okay=False)] = Path(),
    suite: Annotated[str, typer.Option(help="name of the first suite")] = "mine",
    model: Annotated[str, typer.Option(help="model under test, as in --robust-model")] = "",
) -> None:
    """Write conftest.py, cases/test_tiers.py, a first suite and the ini lines; keep what is there."""
    if not SUITE_NAME.fullmatch(suite):
        raise UserError(f"--suite {suite!r}: name a suite with letters, digits, _ and - only")
    if model and Path(model).is_dir() and not (folder / model).is_dir():
        # In the settings a path is relative to the repository, not to where this was called.
        model = str(Path(model).absolute())
    plan = Plan()
    try:
        _conftest(folder, plan)
        plan.new(folder / "cases" / _TESTS, _template(_TESTS))
        plan.new(folder / "cases" / suite / "suite.toml", _template("suite.toml"))
        # Without rows yet: so pytest runs the repository's other tests from now on.
        plan.new(folder / "cases" / suite / "metadata.csv", ",".join(NEW_COLUMNS) + "\n")
        _settings(folder, model, plan)
        _ignore(folder / ".gitignore", plan)
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
    """Give the text of a file with its line ends; empty where there is none."""
    if not file.exists():
        return ""
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _appended(text: str, block: str) -> str:
    """Give the text with a block behind an empty line, in the text's own line ends."""
    end = "\r\n" if "\r\n" in text else "\n"
    return text.rstrip("\r\n") + 2 * end + block.replace("\n", end)


def _conftest(folder: Path, plan: Plan) -> None:
    file = folder / "conftest.py"
    if (folder / "benchmark" / "__init__.py").is_file():
        plan.by_hand.append(f"{folder / 'benchmark'}: hides tierbench's package of this name; give yours another")
    above = nearest_settings(folder.absolute().parent)
    if above is not None and settings_in(folder) is None:
        plan.by_hand.append(
            f"{file}: pytest takes {above.file.parent} for the top of the repository, and lets only the conftest.py "
            f"there name plugins; run `tierbench init {above.file.parent}`, or pytest in {folder.absolute()}"
        )
    if not file.exists():
        plan.new(file, f'"""Load the robustness benchmark."""\n\n{_PLUGIN_LINE}\n')
        return
    text = _text(file)
    try:
        named = _plugins_named(text)
    except SyntaxError as error:
        raise UserError(f"{file}: is no Python: {error}; mend it first") from error
    if any("tierbench.plugin" in value for value in named):
        plan.said.append(f"kept      {file}")
    elif named:
        plan.by_hand.append(f'{file}: add "tierbench.plugin" to pytest_plugins')
    else:
        plan.change(file, _appended(text, f"{_PLUGIN_LINE}\n"))


def _settings(folder: Path, model: str, plan: Plan) -> None:
    """Make plain `pytest` find the suites: new settings where there are none, else lines among those that are there."""
    found = settings_in(folder)
    file = found.file if found else folder / "pyproject.toml"
    before = _text(file)
    # An empty table is none to pytest, and must not be declared again.
    heads = list(_HEAD.finditer(before))
    found = found or PytestSettings(file, {})
    value = f"[{json.dumps(model, ensure_ascii=False)}]" if found.is_toml else model
    lines = []
    if model and "robust_model" not in found.values:
        lines.append(f"robust_model = {value}")
    elif model and model not in found.lines("robust_model"):
        plan.by_hand.append(f"{file}: set robust_model = {value} among pytest's settings")
    if not found.values and found.is_toml and not heads:
        section = "pytest" if file.name.endswith("pytest.toml") else "tool.pytest"
        block = "\n".join([f"[{section}]", 'testpaths = ["cases"]', *lines]) + "\n"
        _checked_change(plan, found, before, _appended(before, block) if before else block, lines)
        return
    end = "\r\n" if "\r\n" in before else "\n"
    after = before
    if lines and len(heads) == 1:
        head = heads[0].group().rstrip("\r\n")
        after = before[: heads[0].start()] + end.join([head, *lines, ""]) + before[heads[0].end() :]
    elif lines:
        plan.by_hand.append(f"{file}: set {lines[0]} among pytest's settings")
    paths = " ".join(found.lines("testpaths")).split()
    if paths and "cases" not in paths:
        pattern, new = _TOML_PATHS if found.is_toml else _INI_PATHS
        changed, count = pattern.subn(new, after)
        if count == 1 and only_changed(found, before, changed):
            after = changed
        else:
            plan.by_hand.append(f"{file}: add cases to testpaths")
    patterns = found.lines("python_files")
    if patterns and not any(fnmatch.fnmatch(_TESTS, pattern) for line in patterns for pattern in line.split()):
        plan.by_hand.append(f"{file}: add {_TESTS} to python_files")
    if after != before:
        _checked_change(plan, found, before, after, lines)


def _checked_change(plan: Plan, found: PytestSettings, before: str, after: str, lines: list[str]) -> None:
    """Change the file of the settings, if nothing but our settings changes by it."""
    if not before:
        plan.new(found.file, after)
    elif only_changed(found, before, after):
        plan.change(found.file, after)
    else:
        plan.by_hand += [f"{found.file}: set {line} among pytest's settings" for line in lines]


def _plugins_named(text: str) -> list[str]:
    """Give what a conftest.py assigns to `pytest_plugins`, as source text; a comment that names it assigns nothing."""
    values = []
    for node in ast.walk(ast.parse(text)):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in targets):
            values.append(ast.unparse(node))
    return values


def _ignore(file: Path, plan: Plan) -> None:
    text = _text(file)
    lines = [line.strip() for line in text.splitlines()]
    if hiding := [line for line in lines if line in _HIDES_BASELINES]:
        plan.by_hand.append(f"{file}: {hiding[0]} hides reports/baselines/ too; write reports/* in its place")
    missing = [line for line in _IGNORED if line not in lines]
    if missing:
        end = "\r\n" if "\r\n" in text else "\n"
        new = text + ("" if not text or text.endswith("\n") else end) + end.join([*missing, ""])
        if text:
            plan.change(file, new)
        else:
            plan.new(file, new)
