"""Add entries to pytest's settings in the text of their file, keeping everything else, comments and line ends included.

Pytest's settings come in seven files and three notations. A change is therefore made tentatively and kept only if the
new text parses to the intended settings and to nothing else; what cannot be changed safely is left to the user.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tierbench.cli.pytest_settings import PytestSettings, toml_table, values_of

# The section header of pytest's settings, in every kind of file.
_HEAD = re.compile(r"(?m)^\[(?:tool[.:])?pytest(?:\.ini_options)?\][ \t]*(?:#.*)?(?:\r?\n|\Z)")
_STRING = r"\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'"
_STRINGS = re.compile(rf"#[^\r\n]*|({_STRING})")
_LIST = rf"\[(?:[^\[\]\"'#]|{_STRING}|#[^\r\n]*)*\]"


def with_key(settings: PytestSettings, text: str, key: str, entries: Sequence[str]) -> str | None:
    """Return the text with a new list setting; None if it cannot be added safely."""
    end = _line_end(text)
    if settings.is_toml:
        line = f"{key} = [{', '.join(map(_quoted, entries))}]"
    else:
        line = f"{key} = {entries[0]}" if len(entries) == 1 else end.join([f"{key} =", *(f"    {e}" for e in entries)])
    heads = list(_HEAD.finditer(text))
    if len(heads) == 1:
        head = heads[0].group().rstrip("\r\n")
        after = text[: heads[0].start()] + end.join([head, line, ""]) + text[heads[0].end() :]
    elif not heads and not settings.values and (settings.is_toml or settings.own_file):
        block = end.join([f"[{settings.section}]", line, ""])
        after = text.rstrip("\r\n") + 2 * end + block if text.strip() else block
    else:
        return None
    return after if _is_right(settings, text, after, key, entries) else None


def with_entry(settings: PytestSettings, text: str, key: str, entry: str) -> str | None:
    """Return the text with one more entry in an existing list setting; None if it cannot be added safely."""
    entries = [*settings.lines(key), entry]
    attempts = _toml_attempts(text, key, entry) if settings.is_toml else _ini_attempts(settings, text, key, entry)
    return next((after for after in attempts if _is_right(settings, text, after, key, entries)), None)


def _toml_attempts(text: str, key: str, entry: str) -> Iterator[str]:
    for match in re.finditer(rf"(?m)^[ \t]*{key}[ \t]*=[ \t]*({_LIST}|{_STRING})", text):
        start, end, value = match.start(1), match.end(1), match.group(1)
        if not value.startswith("["):
            # In the older form of the settings, a list may be a string.
            yield f"{text[:start]}[{value}, {_quoted(entry)}]{text[end:]}"
            continue
        strings = [each for each in _STRINGS.finditer(value) if each.group(1)]
        if not strings:
            yield f"{text[:start]}[{_quoted(entry)}]{text[end:]}"
            continue
        last = strings[-1]
        before = value[: last.start()].rpartition("\n")[2]
        # If the last entry has a line of its own, so has the new one.
        gap = "," + (_line_end(text) + before if "\n" in value and not before.strip() else " ")
        yield text[: start + last.end()] + gap + _quoted(entry) + text[start + last.end() :]


def _ini_attempts(settings: PytestSettings, text: str, key: str, entry: str) -> Iterator[str]:
    end = _line_end(text)
    for match in re.finditer(rf"(?m)^{key}[ \t]*[=:][^\r\n]*(?:\r?\n[ \t]+[^\s#;][^\r\n]*)*", text):
        value = match.group()
        if re.search(r"\s[#;]", value):
            continue
        lines = re.split(r"\r?\n", value)
        if len(lines) == 1 and key == "testpaths":
            changed = f"{value.rstrip()} {shlex.quote(entry)}"
        else:
            indent = re.match(r"[ \t]*", lines[-1])
            added = shlex.quote(entry) if key == "testpaths" else entry
            changed = value.rstrip() + end + (indent.group() if indent and indent.group() else "    ") + added
        yield text[: match.start()] + changed + text[match.end() :]


def _is_right(settings: PytestSettings, before: str, after: str, key: str, entries: Sequence[str]) -> bool:
    """Return whether the new text has the intended setting and is otherwise equivalent to the old text."""
    try:
        values = values_of(after, settings.section, is_toml=settings.is_toml) or {}
        same = _document(settings, before, key) == _document(settings, after, key)
    except (tomllib.TOMLDecodeError, configparser.Error):
        return False
    return same and replace(settings, values=values).lines(key) == list(entries)


def _document(settings: PytestSettings, text: str, key: str) -> dict[str, Any]:
    """Return the content of a file without one of pytest's settings and without empty sections."""
    if settings.is_toml:
        document: dict[str, Any] = tomllib.loads(text)
        (toml_table(document, settings.section) or {}).pop(key, None)
        return _without_empty(document)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    found = {
        name: {each: value for each, value in parser[name].items() if name != settings.section or each != key}
        for name in parser
    }
    return {name: values for name, values in found.items() if values}


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    cleaned = {name: _without_empty(value) if isinstance(value, dict) else value for name, value in table.items()}
    return {name: value for name, value in cleaned.items() if value != {}}


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _quoted(entry: str) -> str:
    return json.dumps(entry, ensure_ascii=False)
