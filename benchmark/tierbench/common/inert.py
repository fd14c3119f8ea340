"""Write text so that no program that opens the file obeys it, and read it back unchanged.

Old files, in which nothing was escaped, are read as they are.
"""

from __future__ import annotations

import re

# A spreadsheet runs a cell with one of these in front, full-width ones too. What looks guarded is guarded again.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
# Control characters, lone surrogates, what changes the reading direction, the backslash, and what GitHub's runner
# obeys: `##[`, and `::` at the beginning.
_STEERING = re.compile(
    r"[\\\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]|#(?=#\[)|(?<!\S):(?=:)"
)
# Most texts: nothing in them has to be escaped.
_PLAIN = re.compile(r"[\w\[][\w ./|\[\]\",-]*")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def guarded(text: str) -> str:
    """Return the text of a cell with an apostrophe in front if a spreadsheet would run it."""
    # Most begin with a letter or a digit.
    return text if text[:1].isalnum() or not _FORMULA.match(text) else f"'{text}"


def unguarded(cell: str) -> str:
    """Return the text of a cell that `guarded` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def escaped(text: str) -> str:
    """Return the text as a cell without any character that a terminal, a viewer or a CI job would obey."""
    if _PLAIN.fullmatch(text):
        return text
    return guarded(_STEERING.sub(lambda character: f"\\u{ord(character[0]):04x}", text))


def unescaped(cell: str) -> str:
    """Return the text that `escaped` wrote."""
    if _PLAIN.fullmatch(cell):
        return cell
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), unguarded(cell))
