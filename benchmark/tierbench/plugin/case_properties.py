"""The properties of a finished test of a case: made from its row whenever they are read, instead of kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from tierbench.runs.wire import Reported, to_values


class CaseProperties(Sequence[tuple[str, Any]]):
    """Reads like the list `user_properties` that pytest documents; a list takes 3 kB a case, this takes .1 kB.

    Args:
        said: what the benchmark attached.
        before, after: the properties of others around it.
    """

    __slots__ = ("_after", "_before", "said")

    def __init__(
        self, said: Reported, before: Sequence[tuple[str, Any]] = (), after: Sequence[tuple[str, Any]] = ()
    ) -> None:
        self.said, self._before, self._after = said, tuple(before), tuple(after)

    def _made(self) -> list[tuple[str, Any]]:
        return [*self._before, *to_values(self.said), *self._after]

    @overload
    def __getitem__(self, index: int) -> tuple[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> tuple[str, Any] | list[tuple[str, Any]]:
        """Return one or several of the properties."""
        return self._made()[index]

    def __len__(self) -> int:
        """Return the number of properties."""
        return len(self._made())

    # Each item of a list made once; `Sequence` would make the list for each of its items.
    def __iter__(self) -> Any:
        """Iterate over the properties."""
        return iter(self._made())

    def __eq__(self, other: object) -> bool:
        """Compare as the list would."""
        return self._made() == (other._made() if isinstance(other, CaseProperties) else other)

    __hash__ = None  # type: ignore[assignment]  # as that of a list

    def __repr__(self) -> str:
        """Return what the list would show."""
        return repr(self._made())
