"""`tierbench init`: puts the benchmark into a repository, new or existing, without changing what is there."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.errors import UserError
from benchmark.record import write_atomically

_PLUGIN_LINE = 'pytest_plugins = ["benchmark.plugin"]'
# Files that pytest takes its settings from before or instead of pyproject.toml, with their sections.
_INI_FILES = (("pytest.ini", "pytest"), (".pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_IGNORED = ("reports/*", "!reports/baselines/")


def init(
    folder: Annotated[Path, typer.Argument(help="top of the repository", file_okay=False)] = Path(),
    suite: Annotated[str, typer.Option(help="name of the first suite")] = "mine",
    model: Annotated[str, typer.Option(help="model under test, as in --robust-model")] = "",
) -> None:
    """Write conftest.py, cases/test_tiers.py, a first suite's settings and the ini lines; keep what is there."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", suite):
        raise UserError(f"--suite {suite!r}: name a suite with letters, digits, _ and - only")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        by_hand = _conftest(folder / "conftest.py")
        _new(folder / "cases" / "test_tiers.py", _template("test_tiers.py"))
        _new(folder / "cases" / suite / "suite.toml", _template("suite.toml"))
        by_hand += _settings(folder, model)
        _ignore(folder / ".gitignore")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from error
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
    """Make plain `pytest` find the suites: new settings where there are none, else `cases` among the testpaths."""
    pyproject = folder / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8") if pyproject.exists() else ""
    try:
        tool: dict[str, Any] = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{pyproject}: cannot be read as TOML: {error}; mend it first") from error
    for name, section in (
        ("pytest.ini", "pytest"),
        (".pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        ini = folder / name
        if ini.is_file() and (name.endswith("pytest.ini") or _has_section(ini, section)):
            return _ini_settings(ini, section, model)
    table = tool.get("pytest", {})
    if not table:
        lines = ["[tool.pytest]", 'testpaths = ["cases"]'] + (
            [f"robust_model = [{json.dumps(model)}]"] if model else []
        )
        block = "\n".join(lines) + "\n"
        if text:
            _change(pyproject, text.rstrip("\n") + f"\n\n{block}")
        else:
            _new(pyproject, block)
        return []
    by_hand = [f"{pyproject}: set robust_model = [{model!r}] among pytest's settings"] if model else []
    paths = table.get("ini_options", table).get("testpaths")
    if paths is None or "cases" in paths:
        return by_hand
    changed, count = re.subn(r"(?m)^(testpaths\s*=\s*\[)([^\]\n]*?),?\s*\]", r'\1\2, "cases"]', text)
    if count != 1:
        return [*by_hand, f'{pyproject}: add "cases" to testpaths']
    _change(pyproject, changed)
    return by_hand


def _ini_settings(file: Path, section: str, model: str) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(file, encoding="utf-8")
    by_hand = [f"{file}: set robust_model = {model}"] if model else []
    paths = parser.get(section, "testpaths", fallback="").split()
    return by_hand if not paths or "cases" in paths else [*by_hand, f"{file}: add cases to testpaths"]


def _has_section(file: Path, section: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
    except configparser.Error as error:
        raise UserError(f"{file}: cannot be read: {error.message}; mend it first") from error
    return parser.has_section(section)


def _ignore(file: Path) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if missing:
        new = text + ("" if not text or text.endswith("\n") else "\n") + "\n".join(missing) + "\n"
        if text:
            _change(file, new)
        else:
            _new(file, new)
