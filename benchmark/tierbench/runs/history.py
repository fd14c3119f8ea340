"""Read all runs in `reports/`, oldest first; an index, which can always be rebuilt, saves reading every `run.json`."""

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
from tierbench.runs.run_verdict import verdict_of

INDEX = ".history.json"
# Increased when older entries would be misread; the index is then rebuilt.
_SCHEMA = 3


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A recorded run.

    Attributes:
        folder: name of its folder in `reports/`.
        run: its figures, without those that only its own page shows.
    """

    folder: str
    run: Run


@dataclass(frozen=True, slots=True)
class History:
    """The recorded runs.

    Attributes:
        entries: oldest first.
        problems: one line per folder whose `run.json` cannot be read; the other runs are not affected.
    """

    entries: tuple[HistoryEntry, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A run in the index; `stamp` shows whether its file has changed since."""

    stamp: tuple[int, int]
    run: Run


@dataclass(frozen=True, slots=True)
class _Index:
    schema: int = 0
    runs: Mapping[str, _Indexed] = field(default_factory=dict)


def read_history(reports: Path) -> History:
    """Read all runs of a folder; runs that have not changed since the last call come from the index.

    The index is only a cache: if it is missing, damaged or not writable, reading takes longer and nothing is lost.
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
    # The name decides between runs that started in the same second, so that the order is always the same.
    entries.sort(key=lambda entry: (entry.run.started, entry.folder))
    return History(tuple(entries), tuple(problems))


def only(entry: HistoryEntry, model: str, suite: str) -> HistoryEntry:
    """Return the part of a run about one model and one suite or data set; an empty name means all."""
    run = entry.run
    tiers = tuple(tier for tier in run.tiers if model in ("", tier.model) and suite in ("", tier.suite))
    sets = tuple(each for each in run.sets if model in ("", each.model) and suite in ("", each.set))
    found = {tier.model for tier in tiers} | {each.model for each in sets}
    models = tuple(each for each in run.models if model in ("", each.name) and (not suite or each.name in found))
    return replace(entry, run=replace(run, models=models, tiers=tiers, sets=sets))


def _kept(run: Run) -> Run:
    """Return the part of a run that trends need; the rest is only read to show the run itself."""
    return replace(
        run,
        command=(),
        models=tuple(replace(model, preprocessing=None) for model in run.models),
        tags=(),
        pairs=(),
        ladders=(),
        slices=(),
        sweeps=(),
        sets=tuple(
            replace(each, protocol=(), slices=(), notes=(), differences=(), missing_named=(), verdict=None)
            for each in run.sets
        ),
        comparisons=tuple(replace(each, differences=(), verdicts=()) for each in run.comparisons),
        versions={},
        # That of an older record depends on what is left out here.
        verdict=verdict_of(run),
        failed=(),
    )


def _runs(reports: Path) -> list[tuple[str, tuple[int, int]]]:
    """Return the folders that contain a `run.json`, each with the time and size of that file."""
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
