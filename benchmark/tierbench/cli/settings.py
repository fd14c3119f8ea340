"""Finds the pytest settings of a repository as pytest does, without starting pytest."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError

# In pytest's order; a file of its own counts also where its section is missing.
_FILES = (
    ("pytest.toml", "pytest", True),
    (".pytest.toml", "pytest", True),
    ("pytest.ini", "pytest", True),
    (".pytest.ini", "pytest", True),
    ("pyproject.toml", "tool.pytest", False),
    ("tox.ini", "pytest", False),
    ("setup.cfg", "tool:pytest", False),
)
# The settings that `tierbench init` writes.
_OURS = ("testpaths", "robust_model")


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """Where the settings stand, and what they say.

    Attributes:
        file: the file that pytest reads.
        values: key → text, or, in TOML, any value.
    """

    file: Path
    values: Mapping[str, Any]

    @property
    def is_toml(self) -> bool:
        """Whether the file is written in TOML."""
        return self.file.suffix == ".toml"

    def lines(self, key: str) -> list[str]:
        """Give a setting that holds a list, one a line; empty where it is not set."""
        value = self.values.get(key, "")
        entries = value if isinstance(value, list) else str(value).splitlines()
        return [str(entry).strip() for entry in entries if str(entry).strip()]


def settings_in(folder: Path) -> PytestSettings | None:
    """Read the settings in a folder; None where pytest would find none there.

    Raises:
        UserError: if a file that pytest would read cannot be parsed.
    """
    for name, section, always in _FILES:
        file = folder / name
        if not file.is_file():
            continue
        try:
            values = _toml(file, section) if name.endswith(".toml") else _ini(file, section)
        except (tomllib.TOMLDecodeError, configparser.Error, UnicodeDecodeError) as error:
            said = str(error).splitlines()[0]
            raise UserError(f"{file}: cannot be read: {said}; mend it first") from error
        if values or always or (values is not None and not name.endswith(".toml")):
            return PytestSettings(file, values or {})
    return None


def nearest_settings(folder: Path) -> PytestSettings | None:
    """Read the settings in a folder or, where there are none, in the nearest one above it; see `settings_in`."""
    folder = folder.absolute()
    return next((found for each in (folder, *folder.parents) if (found := settings_in(each))), None)


def only_changed(settings: PytestSettings, before: str, after: str) -> bool:
    """Whether a new text of the settings' file differs in `testpaths` and `robust_model` of pytest's settings only."""
    try:
        old, new = (_document(settings.file, text) for text in (before, after))
    except (tomllib.TOMLDecodeError, configparser.Error):
        return False
    return old == new


def _document(file: Path, text: str) -> dict[str, Any]:
    """Give all that a file holds but our two settings."""
    section = next(section for name, section, _ in _FILES if name == file.name)
    if file.suffix == ".toml":
        document: dict[str, Any] = tomllib.loads(text)
        table = _table(document, section) or {}
        for key in _OURS:
            table.pop(key, None)
        tool = document.get("tool")
        if not table and isinstance(tool, dict):
            # A table that holds nothing else is as good as none.
            tool.pop("pytest", None)
        return {name: value for name, value in document.items() if value not in ({}, None)}
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {
        name: {key: value for key, value in parser[name].items() if name != section or key not in _OURS}
        for name in parser
    }


def _table(document: dict[str, Any], section: str) -> dict[str, Any] | None:
    table: Any = document
    for part in section.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return None
    # The older form, whose values are texts.
    older = table.get("ini_options")
    return older if isinstance(older, dict) else table


def _toml(file: Path, section: str) -> dict[str, Any] | None:
    return _table(tomllib.loads(file.read_text(encoding="utf-8")), section)


def _ini(file: Path, section: str) -> dict[str, Any] | None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(file, encoding="utf-8")
    return dict(parser[section]) if parser.has_section(section) else None
