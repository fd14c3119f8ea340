"""Which rows a large run's report keeps: all that went wrong, and an even sample of the rest. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MOST_ROWS = 1000
_FIRST = {"error": 0, "failed": 0, "flip": 0, "xfailed": 1}


def kept_rows(outcomes: Sequence[str], most: int) -> set[int]:
    """Return the positions of the rows to keep: what went wrong first.

    Args:
        outcomes: of each row; `flip` where its baseline says otherwise.
        most: how many to keep.
    """
    if len(outcomes) <= most:
        return set(range(len(outcomes)))
    kept: set[int] = set()
    for order in (0, 1, 2):
        positions = [index for index, outcome in enumerate(outcomes) if _FIRST.get(outcome, 2) == order]
        room = most - len(kept)
        if len(positions) <= room:
            kept.update(positions)
        else:
            kept.update(positions[index * len(positions) // room] for index in range(room))
    return kept
