"""Sum up the rows of a folder of result files, if they fit what the file beside them says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import SetResult
from tierbench.common.text import one_line
from tierbench.runs.set_parts import COLUMNS, MADE_WITH, SetParts
from tierbench.scoring.set_figures import summarise_set

if TYPE_CHECKING:
    import pandas as pd

# All but the five most probable labels, which take most of the memory.
FIGURE_COLUMNS = tuple(name for name in COLUMNS if name != "top")


def summarise_parts(parts: SetParts, name: str) -> tuple[pd.DataFrame, SetResult]:
    """Return the rows of a folder, sorted by id, without `top`, and the result on them.

    Args:
        parts: the folder.
        name: what the result calls it.

    Raises:
        UserError: if files are missing or damaged, or contradict each other.
    """
    made_with, rows = parts.made_with(), parts.read(FIGURE_COLUMNS)
    if problem := _contradiction(rows, made_with):
        place = shown_path(parts.folder)
        raise UserError(f"{place}: {problem}, other than {MADE_WITH} says; run again with an empty folder")
    return rows, summarise_set(rows, made_with, name)


def _contradiction(rows: pd.DataFrame, made_with: Mapping[str, Any]) -> str:
    """Return in what rows cannot be those of the set; empty if they can."""
    size = made_with.get("size", len(rows))
    if len(rows) > size:
        return f"{len(rows):,} pictures have a row, of a set of {size:,}"
    if stop := made_with.get("stop_when"):
        for name, count in rows.groupby("slice").size().items():
            if count > stop["sizes"].get(str(name), 0):
                return f"slice {one_line(str(name), 60)!r} has {count:,} pictures"
        if unknown := [name for name in stop["gates"] if name and name not in stop["sizes"]]:
            return f"slice {one_line(unknown[0], 60)!r} has no picture"
    return ""
