"""`tierbench init`: puts the benchmark into a repository, new or existing, without changing what is there."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.settings import settings_in
from benchmark.errors import UserError
from benchmark.record import write_atomically
from benchmark.suites.append import NEW_COLUMNS

_PLUGIN_LINE = 'pytest_plugins = ["benchmark.plugin"]'
# The line that heads pytest's settings, in every kind of file; and a list of paths that stands on one line.
_HEAD = re.compile(r"(?m)^\[(?:tool[.:])?pytest(?:\.ini_options)?\][ \t]*(?:#.*)?\n")
_TOML_PATHS = (re.compile(r"(?m)^(testpaths\s*=\s*\[)([^\]\n]*?),?[ \t]*\]"), r'\1\2, "cases"]')
_INI_PATHS = (re.compile(r"(?m)^(testpaths[ \t]*[=:][ \t]*\S[^\n#;]*?)[ \t]*$"), r"\1 cases")
_IGNORED = ("reports/*", "!reports/baselines/")


def init(
    folder: Annotated[Path, typer.Argument(help="top of the repository", file_okay=False)] = Path(),
    suite: Annotated[str, typer.Option(help="name of the first suite")] = "mine",
    model: Annotated[str, typer.Option(help="model under test, as in --robust-model")] = "",
) -> None:
    """Write conftest.py, cases/test_tiers.py, a first suite's settings and the ini lines; keep what is there."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", suite):
        raise UserError(f"--suite {suite!r}: name a suite with letters, digits, _ and - only")
    if model and Path(model).is_dir() and not (folder / model).is_dir():
        # In the settings a path is relative to the repository, not to where this was called.
        model = str(Path(model).absolute())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settings_in(folder)  # what cannot be read is told before anything is written
        by_hand = _conftest(folder / "conftest.py")
        _new(folder / "cases" / "test_tiers.py", _template("test_tiers.py"))
        _new(folder / "cases" / suite / "suite.toml", _template("suite.toml"))
        # Without rows yet: so pytest runs the repository's other tests from now on.
        _new(folder / "cases" / suite / "metadata.csv", ",".join(NEW_COLUMNS) + "\n")
        by_hand += _settings(folder, model)
        _ignore(folder / ".gitignore")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{folder}: a file there is not UTF-8 ({error}); save it as UTF-8 first") from error
    for line in by_hand:
        typer.echo(f"to do     {line}")
    typer.echo(f"\nNext: tierbench add IMAGE --suite {suite} --label WHAT_IT_SHOWS, then pytest")
    if by_hand:
        raise typer.Exit(1)


def _template(name: str) -> str:
    return files("benchmark.cli").joinpath("templates", name).read_text(encoding="utf-8")


def _new(file: Path, text: str) -> None:
    if file.exists():
        typer.echo(f"kept      {file}")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text)
    typer.echo(f"written   {file}")


def _change(file: Path, text: str) -> None:
    write_atomically(file, text)
    typer.echo(f"changed   {file}")


def _conftest(file: Path) -> list[str]:
    if not file.exists():
        _new(file, f'"""Load the robustness benchmark."""\n\n{_PLUGIN_LINE}\n')
        return []
    text = file.read_text(encoding="utf-8")
    if "benchmark.plugin" in text:
        typer.echo(f"kept      {file}")
        return []
    if "pytest_plugins" in text:
        return [f'{file}: add "benchmark.plugin" to pytest_plugins']
    _change(file, text.rstrip("\n") + f"\n\n{_PLUGIN_LINE}\n")
    return []


def _settings(folder: Path, model: str) -> list[str]:
    """Make plain `pytest` find the suites: new settings where there are none, else lines among those that are there."""
    found = settings_in(folder)
    if found is None:
        pyproject = folder / "pyproject.toml"
        lines = ["[tool.pytest]", 'testpaths = ["cases"]']
        block = "\n".join(lines + ([f"robust_model = [{json.dumps(model)}]"] if model else [])) + "\n"
        if pyproject.exists():
            _change(pyproject, pyproject.read_text(encoding="utf-8").rstrip("\n") + f"\n\n{block}")
        else:
            _new(pyproject, block)
        return []
    before = text = found.file.read_text(encoding="utf-8")
    by_hand = []
    if model and model not in found.lines("robust_model"):
        value = f"[{json.dumps(model)}]" if found.is_toml else model
        heads = list(_HEAD.finditer(text))
        if len(heads) == 1 and "robust_model" not in found.values:
            text = text[: heads[0].end()] + f"robust_model = {value}\n" + text[heads[0].end() :]
        else:
            by_hand.append(f"{found.file}: set robust_model = {value} among pytest's settings")
    paths = " ".join(found.lines("testpaths")).split()
    if paths and "cases" not in paths:
        pattern, new = _TOML_PATHS if found.is_toml else _INI_PATHS
        changed, count = pattern.subn(new, text)
        text = changed if count == 1 else text
        if count != 1:
            by_hand.append(f"{found.file}: add cases to testpaths")
    if text != before:
        _change(found.file, text)
    return by_hand


def _ignore(file: Path) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if missing:
        new = text + ("" if not text or text.endswith("\n") else "\n") + "\n".join(missing) + "\n"
        if text:
            _change(file, new)
        else:
            _new(file, new)
