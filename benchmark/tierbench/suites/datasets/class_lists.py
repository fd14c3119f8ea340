"""Read the classes of a table of pictures: numbers with names, or names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.imagenet import imagenet_classes, in_imagenet_order
from tierbench.common.text import one_line, printable
from tierbench.suites.datasets.spec import SetSpec


def class_texts(names: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that a set's list of names stands for, by number.

    ImageNet's 1,000 names in their order are its WordNet ids, so that the two that are called `crane` stay apart.
    """
    if in_imagenet_order(names):
        return tuple(each.wordnet_id for each in imagenet_classes())
    return tuple(map(printable, names))


def row_classes(
    spec: SetSpec, column: str, values: Sequence[Any], names: Sequence[str], place: str, first: int = 0
) -> list[str]:
    """Return the class of each row.

    Args:
        spec: the set.
        column: of the classes.
        values: numbers or names.
        names: of the classes by number, as `class_texts` returns them; empty: the set has none.
        place: of the rows in messages.
        first: number of the first row.

    Raises:
        UserError: if a row has no class, or one without a name.
    """
    # Each text once in memory, not once for each row.
    texts: dict[object, str] = {}
    found = []
    for row, value in enumerate(values, first):
        if value not in texts:
            texts[value] = _class(spec, f"{place}, row {row}: {one_line(column, 60)}", value, names)
        found.append(texts[value])
    return found


def _class(spec: SetSpec, place: str, value: Any, names: Sequence[str]) -> str:
    fix = "choose a split with labels, or another column with ?label=COLUMN"
    if isinstance(value, str) and value.strip():
        return printable(value.strip())
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UserError(f"{spec.place}: {place} is {one_line(str(value), 60)!r}, not a class; {fix}")
    if names and value >= len(names):
        raise UserError(f"{spec.place}: {place} is {value}, but the set names {len(names)} classes; {fix}")
    return names[value] if names else str(value)
