"""Read the results on data sets from their Parquet files alone: without a model, the pictures or a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.files import is_regular, shown_path
from tierbench.common.schema import SetResult
from tierbench.runs.set_parts import MADE_WITH, SetParts
from tierbench.runs.set_summary import summarise_parts

if TYPE_CHECKING:
    import pandas as pd

# `results/SET/MODEL`, and in a run `sets/SET/MODEL`.
_DEPTH = 3


@dataclass(frozen=True)
class StoredSet:
    """The results of a model on a data set, as its files hold them.

    Attributes:
        folder: of the files.
        result: the figures.
        rows: sorted by id; columns as in `SetRow`, without `top`.
    """

    folder: Path
    result: SetResult
    rows: pd.DataFrame


def result_folders(folder: Path) -> list[Path]:
    """Return the folders of result files in a folder, or that folder itself; sorted."""
    return sorted(_found(folder, _DEPTH))


def _found(folder: Path, depth: int) -> Iterator[Path]:
    if is_regular(folder / MADE_WITH):
        yield folder
    elif depth:
        try:
            inside = [child for child in folder.iterdir() if child.is_dir() and not child.is_symlink()]
        except OSError:
            return
        for child in inside:
            yield from _found(child, depth - 1)


def read_results(folder: Path) -> Iterator[StoredSet]:
    """Read the results of each set and model in a folder, one after another.

    Raises:
        UserError: if there are none, or files are damaged.
    """
    folders = result_folders(folder)
    if not folders:
        raise UserError(f"{shown_path(folder)}: holds no results of data sets; name the folder given with --out")
    for own in folders:
        yield read_stored(own, own.relative_to(folder).as_posix())


def read_stored(folder: Path, name: str = "") -> StoredSet:
    """Read the results in one folder.

    Args:
        folder: that `SetParts` wrote.
        name: what the result calls it.

    Raises:
        UserError: if files are missing or damaged.
    """
    parts = SetParts(folder)
    rows, result = summarise_parts(parts, name)
    if rows.empty and result.whole.total < parts.made_with().get("pictures", 1):
        raise UserError(f"{shown_path(folder)}: has no row yet; run tierbench evaluate again, it goes on from there")
    return StoredSet(folder, result, rows)
