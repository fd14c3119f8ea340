"""Find the pytest settings of a repository as pytest does, without starting pytest."""

from __future__ import annotations

import configparser
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import first_line

# In pytest's order. A file only for pytest counts even if its section is missing.
_FILES = (
    ("pytest.toml", "pytest", True),
    (".pytest.toml", "pytest", True),
    ("pytest.ini", "pytest", True),
    (".pytest.ini", "pytest", True),
    ("pyproject.toml", "tool.pytest", False),
    ("tox.ini", "pytest", False),
    ("setup.cfg", "tool:pytest", False),
)
# Settings that are lists of words; other lists in text form have one entry per line.
_OF_WORDS = ("testpaths", "python_files", "addopts")


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """The pytest settings in a file.

    Attributes:
        file: the file that pytest reads.
        values: key → value; text unless the file is TOML.
    """

    file: Path
    values: Mapping[str, Any]

    @property
    def is_toml(self) -> bool:
        """Whether the file is written in TOML."""
        return self.file.suffix == ".toml"

    @property
    def section(self) -> str:
        """The section of the file that contains the settings."""
        return next(section for name, section, _ in _FILES if name == self.file.name)

    @property
    def own_file(self) -> bool:
        """Whether the file is only for pytest's settings."""
        return next(own for name, _, own in _FILES if name == self.file.name)

    def lines(self, key: str) -> list[str]:
        """Return the entries of a list setting; empty if it is not set."""
        value = self.values.get(key, "")
        if isinstance(value, list):
            entries = [str(entry) for entry in value]
        elif key in _OF_WORDS:
            entries = _words(str(value))
        else:
            entries = str(value).splitlines()
        return [entry.strip() for entry in entries if entry.strip()]

    def option(self, key: str) -> list[str]:
        """Return the entries of a list setting that is an option too, whose values in `addopts` win, as in pytest."""
        option, words = f"--{key.replace('_', '-')}", self.lines("addopts")
        given = [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
        given += [value for word, value in pairwise(words) if word == option]
        return given or self.lines(key)


def settings_in(folder: Path) -> PytestSettings | None:
    """Read the settings in a folder; return None if pytest would not find any there.

    Raises:
        UserError: if a file that pytest would read cannot be parsed.
    """
    for name, section, always in _FILES:
        file = folder / name
        if not file.is_file():
            continue
        try:
            values = values_of(file.read_text(encoding="utf-8"), section, is_toml=name.endswith(".toml"))
        except (tomllib.TOMLDecodeError, configparser.Error, UnicodeDecodeError) as error:
            raise UserError(f"{shown_path(file)}: cannot be read: {first_line(error)}; fix it first") from error
        if values or always or (values is not None and not name.endswith(".toml")):
            return PytestSettings(file, values or {})
    return None


def nearest_settings(folder: Path) -> PytestSettings | None:
    """Read the settings in a folder or the nearest folder above it that has any; see `settings_in`."""
    folder = folder.absolute()
    return next((found for each in (folder, *folder.parents) if (found := settings_in(each))), None)


def values_of(text: str, section: str, *, is_toml: bool) -> dict[str, Any] | None:
    """Parse the settings in the text of a file; return None if it has no such section."""
    if is_toml:
        return toml_table(tomllib.loads(text), section)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return dict(parser[section]) if parser.has_section(section) else None


def toml_table(document: dict[str, Any], section: str) -> dict[str, Any] | None:
    """Return the table with pytest's settings: the native one, or the older `ini_options`."""
    table: Any = document
    for part in section.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return None
    older = table.get("ini_options")
    return older if isinstance(older, dict) else table


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
