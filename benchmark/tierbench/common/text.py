"""Make text from suites and models safe for one line of a terminal, and suggest names for misspelt ones."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Format characters that change the reading direction: they would reorder the rest of a line.
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# What makes the runner of a CI job obey a line of its log: `##[` anywhere, also where another text follows, and `::` at
# the beginning.
_COMMAND = re.compile(r"##(?=\[|$)|^\s*::")

# What stands behind a figure whose demand is met, missed, or not determined.
MET_MARKS = {True: "", False: " ✗", None: " ?"}


def one_line(text: str, limit: int = 200) -> str:
    """Return the text as one line that neither a terminal nor the runner of a CI job obeys.

    Control characters, those that change the reading direction, and commands of GitHub's runner are escaped; a text
    longer than `limit` characters is cut and ends in an ellipsis.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    if "##" in text or "::" in text:
        text = _COMMAND.sub(lambda command: command[0].replace("##", r"#\x23").replace("::", r"\x3a:"), text)
    return text


def message_line(text: str, limit: int = 1_000) -> str:
    """Return a message as one line that a person can read, as `one_line` does.

    A longer one loses its middle: it begins with what is wrong and where, and ends with how to fix it.
    """
    text = one_line(text, max(len(text), 1))
    if len(text) <= limit:
        return text
    end = limit // 3
    return f"{text[: limit - end - 3]} … {text[-end:]}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or else the name of its type."""
    lines = str(error).strip().splitlines()
    return one_line(lines[0] if lines else type(error).__name__)


def error_text(error: BaseException) -> str:
    """Return the type of an error and the first line of its message: `ValueError: no weights`."""
    lines = str(error).strip().splitlines()
    return one_line(f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": "))


def printable(text: str) -> str:
    """Return the text with lone surrogates escaped: JSON can contain them, UTF-8 files cannot."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def printable_values(value: Any) -> Any:
    """Return a JSON value with `printable` applied to every string in it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(name)): printable_values(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [printable_values(entry) for entry in value]
    return value


def _shown(character: str) -> str:
    if character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def nearest(name: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """Return the choices that are nearest to the name, best first, ignoring case.

    Choices that contain all of its words come first (`cat`: Egyptian cat), then those with a similar spelling.
    """
    by_lower: dict[str, str] = {}
    for choice in choices:
        by_lower.setdefault(choice.lower(), choice)
    words = set(name.lower().split())
    close = [lower for lower in by_lower if words and words <= set(lower.split())]
    close += difflib.get_close_matches(name.lower(), list(by_lower), n=count, cutoff=0.6)
    return [by_lower[match] for match in dict.fromkeys(close)][:count]


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Return `did you mean 'x'?` if a choice is close to the name, else the list of choices."""
    known = list(choices)
    close = nearest(name, known, count=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(known)


def flat(text: str) -> str:
    """Replace white space of any length with one space, as baseline files require."""
    return " ".join(text.split())


def listed(names: Iterable[str], limit: int = 5) -> str:
    """Join up to `limit` names with commas, and add how many more there are."""
    shown = [one_line(name, 60) for name in names]
    more = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {more} more" if more > 0 else "")


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 case`, `2 cases`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """Return a duration for people: `0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines with aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
