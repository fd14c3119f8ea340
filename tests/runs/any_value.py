"""Hypothesis strategies for any value of the schema, derived from its annotations and their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Meta

# Difficult texts: surrogates, control characters, and texts that look like other values.
HARD = [
    "\ud800",
    "caf\udce9",
    "\ud83d\ude00",
    "\x00\x1b[31m",
    "a\rb\n\r\n",
    "\u2028\u202e",
    '"",\'',
    "null",
    "NaN",
    "-1",
]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(HARD)
CARDS = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers(0, 999) | TEXTS, max_size=2)


@cache
def values(annotation: Any, most: int = 2) -> st.SearchStrategy[Any]:
    """Return a strategy for an annotation; sequences and mappings have at most `most` entries."""
    if annotation is Any:
        return CARDS
    if annotation in (NoneType, bool, str):
        return {NoneType: st.none(), bool: st.booleans(), str: TEXTS}[annotation]
    if annotation is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if is_dataclass(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        made: Any = annotation
        return st.builds(made, **{each.name: values(hints[each.name], most) for each in fields(annotation)})
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(*arguments)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([values(each, most) for each in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0], most), max_size=most).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(each, most) for each in arguments))
    if origin is Mapping:
        return st.dictionaries(values(arguments[0]), values(arguments[1], most), max_size=most)
    raise TypeError(f"no strategy for {annotation}")


def _bounded(kind: type, bounds: Meta) -> st.SearchStrategy[Any]:
    if kind is int:
        return st.integers(int(bounds.ge or 0), int(bounds.le or 0))
    low, high = (bounds.gt, bounds.lt) if bounds.ge is None else (bounds.ge, bounds.le)
    is_open = bounds.ge is None
    return st.floats(low, high, exclude_min=is_open, exclude_max=is_open, allow_nan=False)
