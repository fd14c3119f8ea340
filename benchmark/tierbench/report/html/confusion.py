"""Count predicted concepts and labels by expected concept: the confusion table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tierbench.common.schema import CaseRow

_MOST_ROWS, _MOST_COLUMNS = 24, 12


@dataclass(frozen=True, slots=True)
class Cell:
    """How often an expected concept got a prediction; `step` (0 to 5) is the share of the row, for the shade."""

    count: int
    step: int
    right: bool
    names: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Confusion:
    """A table of counts.

    Attributes:
        columns: predicted concepts and labels, the expected ones first.
        rows: expected concept, its total, and a cell per column; with `others` a last cell for all other labels.
        others: labels that share the last column, with their counts.
        left_out: number of expected concepts that are not shown.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[Cell, ...]], ...]
    others: tuple[tuple[str, int], ...]
    left_out: int


def confusion(rows: Iterable[CaseRow]) -> Confusion | None:
    """Count predictions by expected concept; None if there is no prediction."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row.predicted is not None:
            counts.setdefault(row.expected, Counter())[row.predicted] += 1
    if not counts:
        return None
    expected = sorted(counts, key=lambda name: (-counts[name].total(), name))
    shown = expected[:_MOST_ROWS]
    totals: Counter[str] = Counter()
    for name in shown:
        totals += counts[name]
    alternatives = [part for name in shown for part in name.split("|")]
    right = [name for name in dict.fromkeys(alternatives) if totals[name]]
    wrong = sorted((name for name in totals if name not in right), key=lambda name: (-totals[name], name))
    room = max(3, _MOST_COLUMNS - len(right))
    # One more label takes no more room than a column for "other labels".
    kept = wrong if len(wrong) <= room + 1 else wrong[:room]
    columns, rest = [*right, *kept], wrong[len(kept) :]
    table = []
    for name in shown:
        of, total = counts[name], counts[name].total()
        cells = [_cell(of[column], total, column in name.split("|")) for column in columns]
        if rest:
            names = tuple((label, of[label]) for label in rest if of[label])
            cells.append(_cell(sum(count for _, count in names), total, right=False, names=names))
        table.append((name, total, tuple(cells)))
    others = tuple((label, totals[label]) for label in rest)
    return Confusion(tuple(columns), tuple(table), others, len(expected) - len(shown))


def _cell(count: int, total: int, right: bool, names: tuple[tuple[str, int], ...] = ()) -> Cell:
    step = 0 if not count else min(5, 1 + int(4.999 * count / total))
    return Cell(count, step, right, names)
