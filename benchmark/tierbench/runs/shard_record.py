"""The record of a shard, `shard.json` beside its `run.json`: all that `tierbench merge` needs, to the last digit."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import ShardRecord
from tierbench.common.text import one_line, printable_values
from tierbench.runs.assemble import Assembly
from tierbench.runs.config import RunConfig

SHARD = "shard.json"
# The kind of what tests leave to merge, among the kinds of tests.
LEFT = "left"


def shard_record(config: RunConfig, assembly: Assembly, sets: str) -> ShardRecord:
    """Return the record of the shard that was run.

    Args:
        config: what it was asked to do.
        assembly: what its tests reported.
        sets: what is in its data sets; see `SetPool.hand_over`.
    """
    gathered, names = assembly.gathered, list(assembly.specs)
    left = gathered.left_notes.values()
    shard = config.shard
    rows = tuple((gathered.left | gathered.rows).values())
    return ShardRecord(
        number=shard.number if shard else 1,
        of=shard.of if shard else 1,
        arguments=config.arguments,
        # A case that has a test of its own is there as that reported it.
        rows=rows,
        partial=tuple(sorted({(each.model, key) for each in left for key in each.partial})),
        cards={name: assembly.card(name) for name in names},
        backends={name: assembly.models.backend(name) for name in names},
        figures=assembly.models.picture_figures(row.image_sha256 for row in rows),
        sets=sets,
        takes_cropped={each.model: each.takes_cropped for each in left if each.takes_cropped is not None},
    )


def write_shard(folder: Path, record: ShardRecord) -> None:
    """Write the record into the folder of its run."""
    content = msgspec.json.encode(printable_values(msgspec.to_builtins(record)))
    write_atomically(folder / SHARD, content.decode("utf-8") + "\n")


def read_shard(folder: Path) -> ShardRecord | None:
    """Read the record of a shard; None if the run in the folder is none.

    Raises:
        UserError: if it is damaged.
    """
    file = folder / SHARD
    try:
        return msgspec.convert(json.loads(file.read_bytes(), parse_constant=str), ShardRecord)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        raise UserError(f"{shown_path(file)}: is damaged ({one_line(str(error))}); run the shard again") from error
