"""Parse a list of things that the user names, `[NAME=]…`, each name once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from tierbench.common.errors import UserError


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """The name under which it is known."""


N = TypeVar("N", bound=Named)


def parse_named(
    texts: Sequence[str], parse: Callable[[str, str], N], problems: list[str], *, option: str, things: str, form: str
) -> tuple[N, ...]:
    """Parse each text, in the given order; of two with the same name the first one counts.

    Args:
        texts: values of the option.
        parse: parses one of them, given the option for its messages; raises a `UserError`.
        problems: receives one line per problem; what is valid is returned anyway.
        option: the option that the values come from, for messages.
        things: what is named, in the plural, for messages.
        form: how to write one with a name, for messages.
    """
    found: dict[str, N] = {}
    for text in texts:
        try:
            one = parse(text, option)
        except UserError as error:
            problems += error.lines
            continue
        if one.name in found:
            problems.append(f"{option}: two {things} are named {one.name!r}; give each a name: {form}")
        found.setdefault(one.name, one)
    return tuple(found.values())
