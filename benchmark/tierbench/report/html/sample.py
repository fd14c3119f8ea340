"""Choose the rows that a table too large for a page keeps: failures, then an even sample of the rest. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MOST_ROWS = 1000
_FIRST = {"error": 0, "failed": 0, "xfailed": 1}


def kept_rows(outcomes: Sequence[str], most: int) -> set[int]:
    """Return the positions of the rows to keep: errors and failures, then known failures, then the rest.

    Args:
        outcomes: the outcome of each row.
        most: maximum number of rows to keep.
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
