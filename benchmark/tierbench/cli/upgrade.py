"""Rename the package in Python files that version 0.1 of `tierbench init` or its users wrote."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_OLD_PLUGIN = re.compile(r"(?<![\w.])benchmark\.plugin(?![\w.])")
_NEW_PLUGIN = "tierbench.plugin"
# An import in the test file of tierbench's own repository, which users copied.
_OLD_IMPORT = re.compile(
    r"(?m)^([ \t]*)from[ \t]+benchmark\.plugin\.fixtures[ \t]+import[ \t]+Check"
    r"([ \t]+as[ \t]+\w+)?(?=[ \t]*(?:#.*)?\r?$)"
)


def renamed_plugin(text: str) -> str:
    """Return the text of a conftest.py with the plugin's new name in `pytest_plugins` and no other change.

    Raises:
        SyntaxError: if the text is not valid Python.
    """
    changed = text.removeprefix("\ufeff")
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", changed)
    for value in _plugin_values(changed):
        # Columns are counted in bytes.
        first, last = value.lineno - 1, (value.end_lineno or value.lineno) - 1
        if first == last:
            line = lines[first].encode()
            start, end = value.col_offset, value.end_col_offset
            literal = _OLD_PLUGIN.sub(_NEW_PLUGIN, line[start:end].decode()).encode()
            lines[first] = (line[:start] + literal + line[end:]).decode()
    return text[: len(text) - len(changed)] + "".join(lines)


def names_plugins(text: str) -> list[str]:
    """Return the names in the `pytest_plugins` of a conftest.py."""
    values = _plugin_values(text.removeprefix("\ufeff"))
    return [name.strip() for value in values for name in str(value.value).split(",")]


def renamed_import(text: str) -> str:
    """Return the text of a test file with the import of version 0.1 replaced."""
    return _OLD_IMPORT.sub(lambda match: f"{match[1]}from {_NEW_PLUGIN} import Verdict{match[2] or ' as Check'}", text)


def has_own_plugin(folder: Path, paths: list[str]) -> bool:
    """Return whether the repository has its own module `benchmark.plugin`, which must not be renamed."""
    places = [folder / path / "benchmark" / "plugin" for path in (".", "src", *paths)]
    return any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)


def _plugin_values(text: str) -> Iterator[ast.Constant]:
    """Yield the strings that a conftest.py assigns to `pytest_plugins`, the last one first."""
    values: list[ast.Constant] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in targets):
            values += [
                each for each in ast.walk(value) if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
    yield from sorted(values, key=lambda value: (value.lineno, value.col_offset), reverse=True)
