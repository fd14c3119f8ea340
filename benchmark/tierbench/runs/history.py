"""The runs in `reports/`, oldest first; an index spares reading thousands of `run.json` and can always be rebuilt."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.files import write_atomically
from tierbench.common.schema import Run
from tierbench.runs.record import RUN, read_run_json

INDEX = ".history.json"
# Raised when entries of an older index would be misread; the index is then made anew.
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A recorded run.

    Attributes:
        folder: name of its folder in `reports/`.
        run: its figures; those that only its own page shows are left out.
    """

    folder: str
    run: Run


@dataclass(frozen=True, slots=True)
class History:
    """The recorded runs.

    Attributes:
        entries: oldest first.
        problems: a line for each folder whose `run.json` cannot be read; the others are not affected.
    """

    entries: tuple[HistoryEntry, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A run in the index; `stamp` tells whether its file has changed since."""

    stamp: tuple[int, int]
    run: Run


@dataclass(frozen=True, slots=True)
class _Index:
    schema: int = 0
    runs: Mapping[str, _Indexed] = field(default_factory=dict)


def read_history(reports: Path) -> History:
    """Read all runs of a folder; what has not changed since the last time comes from the index.

    The folders are the truth: an index that is missing, damaged, or not writable costs time and nothing else.
    """
    known = _read_index(reports / INDEX)
    fresh: dict[str, _Indexed] = {}
    problems: list[str] = []
    for folder, stamp in _runs(reports):
        old = known.get(folder)
        try:
            if old is not None and old.stamp == stamp:
                fresh[folder] = old
            else:
                fresh[folder] = _Indexed(stamp, _kept(read_run_json(reports / folder)))
        except UserError as error:
            problems += error.lines
    if fresh != known:
        with contextlib.suppress(OSError):
            write_atomically(reports / INDEX, msgspec.json.encode(_Index(_SCHEMA, fresh)).decode("utf-8"))
    entries = [HistoryEntry(folder, indexed.run) for folder, indexed in fresh.items()]
    # Of one second's runs the name decides: any order will do, as long as it is always the same.
    entries.sort(key=lambda entry: (entry.run.started, entry.folder))
    return History(tuple(entries), tuple(problems))


def only(entry: HistoryEntry, model: str, suite: str) -> HistoryEntry:
    """Return the part of a run that is about a model and a suite; an empty name stands for all."""
    run = entry.run
    tiers = tuple(tier for tier in run.tiers if model in ("", tier.model) and suite in ("", tier.suite))
    with_tier = {tier.model for tier in tiers}
    models = tuple(each for each in run.models if model in ("", each.name) and (not suite or each.name in with_tier))
    return replace(entry, run=replace(run, models=models, tiers=tiers))


def _kept(run: Run) -> Run:
    """Return what trends are made of; the rest is read only where a run is shown by itself."""
    return replace(
        run,
        command=(),
        models=tuple(replace(model, preprocessing=None) for model in run.models),
        tags=(),
        pairs=(),
        ladders=(),
        slices=(),
        sweeps=(),
        comparisons=tuple(replace(each, differences=(), verdicts=()) for each in run.comparisons),
        versions={},
    )


def _runs(reports: Path) -> list[tuple[str, tuple[int, int]]]:
    """List each folder that holds a `run.json`, with what tells that the file has changed."""
    found = []
    try:
        with os.scandir(reports) as children:
            for child in children:
                with contextlib.suppress(OSError):
                    status = Path(child.path, RUN).stat()
                    found.append((child.name, (status.st_mtime_ns, status.st_size)))
    except OSError:
        return []
    return sorted(found)


def _read_index(file: Path) -> Mapping[str, _Indexed]:
    try:
        index = msgspec.json.decode(file.read_bytes(), type=_Index)
    except (OSError, ValueError, RecursionError):
        return {}
    return index.runs if index.schema == _SCHEMA else {}
