"""Remove old runs. Files that tierbench did not write are never touched."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import files_in, shown_path
from tierbench.common.text import listed
from tierbench.runs.history import HistoryEntry, read_history
from tierbench.runs.record import REPORT, RUN, SCORES

# The names that `new_run_folder` creates.
_RUN_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
# How the name of a run begins while it is removed.
_REMOVED = ".removed-"
# What a run and `tierbench publish` write into its folder; `assets` belongs to pytest-html, `report_files` has the
# pictures of a large report, `gallery` those of a page that version 0.2 wrote.
_OUR_FILES = re.compile(
    rf"{RUN}|{SCORES}|scores\.parquet|{REPORT}|[a-z-]*gallery\.html|\.(tierbench|run\.json|[a-z-]+\.html)-[a-z0-9_]+"
)
_OUR_FOLDERS = ("assets", "gallery", "report_files")
# An incomplete run that wrote something within this time may still be running.
_STILL_RUNNING_S = 3600


@dataclass(frozen=True, slots=True)
class OldRun:
    """A run older than those to keep.

    Attributes:
        folder: folder of the run.
        kept_because: why it must not be removed; empty if it can be.
    """

    folder: Path
    kept_because: str = ""


def old_runs(reports: Path, keep: int) -> list[OldRun]:
    """Return the runs older than the newest `keep`, oldest first."""
    entries = read_history(reports).entries
    beyond = entries[: max(0, len(entries) - keep)]
    return [OldRun(reports / entry.folder, _reason(reports / entry.folder, entry)) for entry in beyond]


def remove_run(folder: Path) -> None:
    """Remove a run's folder.

    It gets another name first: what a kill leaves is then no half run, which no command could read or remove.

    Raises:
        UserError: if it cannot be removed.
    """
    try:
        shutil.rmtree(folder.rename(folder.with_name(_REMOVED + folder.name)))
    except OSError as error:
        raise UserError(f"{shown_path(folder)}: cannot be removed: {error.strerror}") from error


def finish_removals(reports: Path) -> None:
    """Remove what is left of runs whose removal was killed."""
    for folder in files_in(reports, f"{_REMOVED}*"):
        if _RUN_NAME.fullmatch(folder.name.removeprefix(_REMOVED)) and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def _reason(folder: Path, entry: HistoryEntry) -> str:
    if folder.is_symlink():
        return "it is a link"
    if not _RUN_NAME.fullmatch(folder.name):
        return "tierbench does not name a run like this"
    foreign = sorted(child.name for child in folder.iterdir() if not _is_ours(child))
    if foreign:
        return f"it contains {listed(foreign, 3)}, which no run wrote"
    if not entry.run.complete and time.time() - _touched(folder) < _STILL_RUNNING_S:
        return "it may still be running"
    return ""


def _touched(folder: Path) -> float:
    """Return the time at which a run last wrote something; a run that was killed early has no scores."""
    scores = folder / SCORES
    return (scores if scores.exists() else folder / RUN).stat().st_mtime


def _is_ours(child: Path) -> bool:
    if child.is_symlink():
        return False
    return child.name in _OUR_FOLDERS if child.is_dir() else bool(_OUR_FILES.fullmatch(child.name))
