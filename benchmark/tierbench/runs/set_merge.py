"""Merge the result files of the shards of a data set into those of the whole set."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import exists, shown_path
from tierbench.common.schema import SetResult
from tierbench.common.shard import Shard
from tierbench.common.text import listed, one_line
from tierbench.runs.set_parts import MADE_WITH, SetParts
from tierbench.runs.set_summary import summarise_parts
from tierbench.runs.shards import check_same, check_shards

# What must be the same: results depend on it. All else that differs, such as the device, is noted.
_SAME = ("set", "model", "fingerprint", "identity", "digest", "size", "protocol", "sample", "seed")
_OF_A_SHARD = ("shard", "pictures")


def result_folders(top: Path) -> dict[str, Path]:
    """Return the folders of result files below a folder, by their path in it."""
    return {file.parent.relative_to(top).as_posix(): file.parent for file in sorted(top.rglob(MADE_WITH))}


def merge_results(folders: Sequence[Path], out: Path) -> SetResult:
    """Merge the results of the shards of one set under one model, and return the result on the whole set.

    Args:
        folders: the folders of result files, one of each shard.
        out: folder of the merged result files; it may not hold any yet.

    Raises:
        UserError: if they do not belong together, one is not complete, or `out` cannot be written.
    """
    parts = [SetParts(folder) for folder in folders]
    made = [each.made_with() for each in parts]
    names = [shown_path(folder) for folder in folders]
    check_shards([(name, _shard(each)) for name, each in zip(names, made, strict=True)], "--shard")
    for what in _SAME:
        check_same(
            what,
            [(name, each.get(what)) for name, each in zip(names, made, strict=True)],
            "run all shards with the same model, set and options",
        )
    for name, each, noted in zip(names, parts, made, strict=True):
        done, wanted = len(each.done()), int(noted.get("pictures", 0))
        if done < wanted:
            raise UserError(f"{name}: shard {_shard(noted)} has {done:,} of its {wanted:,} pictures; run it again")
    merged = SetParts(out)
    if exists(out / MADE_WITH):
        raise UserError(f"{shown_path(out)}: holds results already; name another folder")
    merged.open(_merged(made))
    try:
        files = [file for each in parts for file in each.files()]
        for number, file in enumerate(files):
            shutil.copyfile(file, out / f"part-{number:06d}.parquet")
    except OSError as error:
        raise UserError(f"{shown_path(out)}: cannot be written: {error.strerror}") from error
    return summarise_parts(merged, out.name)[1]


def _shard(made_with: dict[str, Any]) -> Shard | None:
    match made_with.get("shard"):
        case [int(number), int(of)] if 1 <= number <= of:
            return Shard(number, of)
    return None


def _merged(made: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a run of the whole set would have noted, and what the shards differ in."""
    merged = {name: value for name, value in made[0].items() if name not in _OF_A_SHARD}
    differing = [name for name in made[0] if name in merged and any(each.get(name) != made[0][name] for each in made)]
    notes = list(merged.get("notes", []))
    for name in differing:
        values = dict.fromkeys(one_line(str(each.get(name)), 60) for each in made)
        notes.append(f"the shards differ in {name}: {listed(values)}")
    pictures = {"pictures": sum(int(each.get("pictures", 0)) for each in made)} if "sample" in merged else {}
    return merged | pictures | {"notes": notes}
