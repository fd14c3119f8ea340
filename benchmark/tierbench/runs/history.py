"""The runs in `reports/`, oldest first; an index spares reading thousands of `run.json` and can always be rebuilt."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import write_atomically
from tierbench.common.text import printable
from tierbench.runs.entry import RunEntry, kept
from tierbench.runs.record import RUN, read_run_json

INDEX = ".history.json"
# Raised when entries of an older index would be misread; the index is then made anew.
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class History:
    """The recorded runs.

    Attributes:
        entries: oldest first.
        faults: a line for each folder whose `run.json` cannot be read; the others are not affected.
    """

    entries: tuple[RunEntry, ...]
    faults: tuple[str, ...] = ()


def read_history(reports: Path) -> History:
    """Read all runs of a folder; what has not changed since the last time comes from the index.

    The folders are the truth: an index that is missing, broken, or not writable costs time and nothing else.
    """
    known = _read_index(reports / INDEX)
    fresh: dict[str, Any] = {}
    entries: list[RunEntry] = []
    faults: list[str] = []
    for folder, stamp in _runs(reports):
        old = known.get(folder)
        try:
            if isinstance(old, dict) and old.get("stamp") == stamp and isinstance(old.get("run"), dict):
                with contextlib.suppress(UserError):
                    entries.append(RunEntry.from_content(folder, old["run"]))
                    fresh[folder] = old
                    continue
            content = read_run_json(reports / folder)
            entries.append(RunEntry.from_content(folder, content))
            fresh[folder] = {"stamp": stamp, "run": kept(content)}
        except UserError as error:
            faults += error.lines
    if fresh != known:
        with contextlib.suppress(OSError):
            text = json.dumps({"schema": _SCHEMA, "runs": fresh}, ensure_ascii=False)
            write_atomically(reports / INDEX, printable(text))
    # Of one second's runs the name decides: any order will do, as long as it is always the same.
    entries.sort(key=lambda entry: (entry.started, entry.folder))
    return History(tuple(entries), tuple(faults))


def _runs(reports: Path) -> list[tuple[str, list[int]]]:
    """Give each folder that holds a `run.json`, with what tells that the file has changed."""
    found = []
    try:
        with os.scandir(reports) as children:
            for child in children:
                with contextlib.suppress(OSError):
                    status = Path(child.path, RUN).stat()
                    found.append((child.name, [status.st_mtime_ns, status.st_size]))
    except OSError:
        return []
    return sorted(found)


def _read_index(file: Path) -> dict[str, Any]:
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(index, dict) or index.get("schema") != _SCHEMA or not isinstance(index.get("runs"), dict):
        return {}
    runs: dict[str, Any] = index["runs"]
    return runs
