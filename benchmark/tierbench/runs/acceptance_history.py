"""Who accepted what into a baseline, and when: the history in the comment lines of its file. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from tierbench.common.text import flat, listed, one_line, plural

# Version 0.1 reads such a line as one more fact about the baseline: `# name: value`.
_NAME = re.compile(r"accepted ([0-9]{4,9})")
# A file of scores that is committed must not grow for ever.
_MOST = 50
_MOST_CASES = 20
_LONGEST_NOTE = 300
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One time that scores were accepted into a baseline.

    Attributes:
        on: when, UTC, `2026-11-26T04:30:12Z`.
        by: who, as git knows them, or the name of the account.
        run: name of the folder of the run; empty if it has none.
        changed: number of rows of the baseline that were added, changed or removed.
        cases: `suite/case` of the first cases that were chosen; empty if all of the run were accepted.
        note: why, in the words of who accepted.
    """

    on: str
    by: str
    run: str = ""
    changed: int = 0
    cases: tuple[str, ...] = ()
    note: str = ""


# By number, oldest first.
History = Mapping[int, Acceptance]


def acceptance(*, by: str, run: str, cases: tuple[str, ...] = (), note: str = "") -> Acceptance:
    """Return an acceptance of now; each of its texts becomes one short line without control characters."""
    return Acceptance(
        on=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=_line(by, _LONGEST_NAME),
        run=_line(run, _LONGEST_NAME),
        cases=tuple(_line(case, _LONGEST_NAME * 2) for case in cases[:_MOST_CASES]),
        note=_line(note, _LONGEST_NOTE),
    )


def appended(history: History, new: Acceptance, changed: int) -> History:
    """Return the history with one more acceptance, which changed this many rows; of a long one the end is kept."""
    longer = {**history, max(history, default=0) + 1: replace(new, changed=changed)}
    return dict(sorted(longer.items())[-_MOST:])


def history_lines(history: History) -> dict[str, str]:
    """Return the comment lines of a history, name → value, oldest first."""
    return {f"accepted {number:04d}": _json(each) for number, each in sorted(history.items())}


def take_history(facts: dict[str, str]) -> History:
    """Take the lines of a history out of the comment lines of a baseline, name → value.

    Raises:
        ValueError: if such a line does not have the form of `history_lines`.
    """
    found: dict[int, Acceptance] = {}
    for name in [name for name in facts if _NAME.fullmatch(name)]:
        number, value = int(name.removeprefix("accepted ")), facts.pop(name)
        try:
            found[number] = msgspec.json.decode(value, type=Acceptance)
        except msgspec.DecodeError as error:
            raise ValueError(f"'{name}' is damaged: {one_line(str(error))}") from None
    return dict(sorted(found.items()))


def latest_text(history: History) -> str:
    """Return `accepted 2026-11-26 by Ada Lovelace (3 rows): relabelled`; empty without a history."""
    if not history:
        return ""
    last = history[max(history)]
    cases = f", {listed(last.cases, 3)}" if last.cases else ""
    note = f": {one_line(last.note, _LONGEST_NOTE)}" if last.note else ""
    by = one_line(last.by, _LONGEST_NAME)
    return f"accepted {one_line(last.on[:10])} by {by} ({plural(last.changed, 'row')}{cases}){note}"


def _json(each: Acceptance) -> str:
    filled = {name: value for name, value in msgspec.to_builtins(each).items() if value or name in ("on", "by")}
    return msgspec.json.encode(filled).decode("utf-8")


def _line(text: str, limit: int) -> str:
    return one_line(flat(text), limit)
