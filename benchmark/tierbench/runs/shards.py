"""Check that shards belong together: all N of them are there, each once, and of the same run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tierbench.common.errors import UserError
from tierbench.common.shard import Shard
from tierbench.common.text import listed, one_line

Named = tuple[str, Shard | None]


def check_shards(named: Sequence[Named], option: str = "--robust-shard") -> None:
    """Check that every shard is there once.

    Args:
        named: each folder as a user would type it, with its shard; None: it is not one.
        option: what makes a shard, for messages.

    Raises:
        UserError: if something is no shard, is there twice, is missing, or has another number of shards.
    """
    by_number: dict[int, str] = {}
    first_name, first = named[0]
    for name, shard in named:
        if shard is None or first is None:
            raise UserError(f"{name if shard is None else first_name}: is not a shard; name runs of {option} i/N")
        if shard.of != first.of:
            raise UserError(
                f"{first_name} is shard {first}, {name} is shard {shard}: name the shards of one run, all of the same N"
            )
        if shard.number in by_number:
            raise UserError(f"shard {shard} is there twice: {by_number[shard.number]}, {name}; name each once")
        by_number[shard.number] = name
    if first is not None and len(by_number) < first.of:
        missing = [str(Shard(number, first.of)) for number in range(1, first.of + 1) if number not in by_number]
        verb, it = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise UserError(f"shard {listed(missing, 10)} {verb} missing; run {it}, and name {it} too")


def check_same(what: str, values: Sequence[tuple[str, object]], fix: str) -> None:
    """Check that all shards have the same value.

    Args:
        what: name of the value.
        values: each folder with its value.
        fix: what the user can do.

    Raises:
        UserError: if two differ.
    """
    place, value = values[0]
    for other_place, other in values[1:]:
        if other != value:
            shown = [one_line(str(each), 80) or "none" for each in (value, other)]
            raise UserError(
                f"{place} and {other_place} are of different runs: {what} {shown[0]} in the first, {shown[1]} in the "
                f"second; {fix}"
            )
