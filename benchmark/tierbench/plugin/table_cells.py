"""The cells that pytest-html's table has of a case: where ours go, and what others put beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

# As pytest-html reads the name and the key of a cell.
_NAME, _KEY = re.compile(r"col-(\w+)"), re.compile(r"<td.*?>(.*?)</td>")
_TAG = re.compile(r"<[^>]*>")
_STANDARD = ("result", "testId", "duration", "links")

# Columns that are hidden where no row has anything to say in them.
OWN_COLUMNS = ("picture", "tier", "model", "expected", "predicted", "score", "rank", "margin", "change")

# Stand in the row of a case until it is known whether the table keeps it: most are shown by the browser of cases alone,
# and their cells would be what the run spends most time on.
LATER = tuple(f'<td data-later="{index}"></td>' for index in range(10))


@dataclass(frozen=True, slots=True)
class Said:
    """What pytest-html's table said of a case beside its row.

    Attributes:
        log: what its test printed.
        facts: name and text of each cell that the user's own hooks gave to it.
    """

    log: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def said_of(tests: Iterable[dict[str, Any]], before: Said | None = None) -> Said | None:
    """Return what rows of pytest-html said of a case, after what earlier ones did; None if nothing.

    Args:
        tests: the rows of one test, several where it was run again.
        before: what its earlier rows said.
    """
    before = before or Said()
    logs, facts = [before.log], list(before.facts)
    for test in tests:
        logs += [_text_of(test["log"])] if test.get("log") else []
        if len(test["resultsTableRow"]) > len(_STANDARD) + len(LATER) - 2:
            facts += [
                (name[1], _text_of(cell))
                for cell in test["resultsTableRow"]
                if (name := _NAME.search(cell)) and name[1] not in (*_STANDARD, *OWN_COLUMNS)
            ]
    log = "\n".join(filter(None, logs))
    return Said(log, tuple(facts)) if log or facts else None


def put_cells(tests: Iterable[dict[str, Any]], made: Sequence[str]) -> None:
    """Put the cells of a case into the rows that pytest-html has of it, with the keys by which it sorts them."""
    cells = dict(zip(LATER, made, strict=False))
    keys = {name[1]: key[1] for cell in made if (name := _NAME.search(cell)) and (key := _KEY.search(cell))}
    for test in tests:
        row: list[str] = test["resultsTableRow"]
        if not cells.keys().isdisjoint(row):
            row[:] = [cells.get(cell, cell) for cell in row]
            test.update((name, key) for name, key in keys.items() if name != "picture")


def _text_of(markup: str) -> str:
    return unescape(_TAG.sub("", markup)).strip()
