"""Write entries of `[labels]` into the text of a `suite.toml`; all else in it is unchanged."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import first_line

_HEADER = re.compile(r"^[ \t]*\[[ \t]*labels[ \t]*\][ \t]*(#.*)?\r?$", re.MULTILINE)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def with_labels(file: Path, content: bytes, labels: Mapping[str, Sequence[str]]) -> str:
    """Return the text of a `suite.toml` with entries added to `[labels]`.

    Args:
        file: its path, for messages.
        content: what it holds; empty for a new file.
        labels: concept → the labels that count as it; concepts that have an entry keep it.

    Raises:
        UserError: if it is not TOML, or its `[labels]` is not a table that lines can be added to.
    """
    try:
        text = content.decode("utf-8-sig")
        before = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{shown_path(file)}: cannot be read as TOML: {first_line(error)}; fix the file") from error
    known = before.get("labels", {})
    if isinstance(known, dict):
        new = {name: list(values) for name, values in labels.items() if name not in known}
        if not new:
            return text
        after = _with_lines(text, "".join(f"{_key(name)} = {_text(values)}\n" for name, values in new.items()))
        if _parsed(after) == {**before, "labels": {**known, **new}}:
            return after
    raise UserError(
        f"{shown_path(file)}: labels is written in a form to which none can be added; write it as a table [labels]"
    )


def _with_lines(text: str, lines: str) -> str:
    """Return the text with lines under the header `[labels]`, or with a new one at the end."""
    if header := _HEADER.search(text):
        return f"{text[: header.end()]}\n{lines}{text[header.end() :].removeprefix(chr(10))}"
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[labels]\n{lines}"


def _parsed(text: str) -> object:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: object) -> str:
    # A string of JSON is one of TOML, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
