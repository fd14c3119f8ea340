"""Registries of named parts, open to other packages through entry points; a part is imported when it is first used."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, nearest, one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Part = TypeVar("Part")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OURS = "tierbench"
_HERE = "this process"


@dataclass(frozen=True, slots=True)
class _Entry:
    owner: str
    place: str
    load: Callable[[], object]


class Registry(Generic[Part]):
    """Parts of one kind by name: built-in ones, those of installed packages, and those that this process adds.

    Listing and checking names imports no part. A name that two owners claim is refused when it is used, so that
    neither wins unnoticed; the other names go on working.

    Args:
        noun: what one part is called in messages.
        built_in: name → `"module:object"`, in the order in which names are listed.
        group: the entry points of other packages that are read, such as `tierbench.corruptions`.
        problem: says what is wrong with an object loaded under a name ("is no …"); empty where it is a part.
        reserved: names that no part may take, because they mean something else where names are written.
    """

    def __init__(
        self,
        noun: str,
        built_in: Mapping[str, str],
        *,
        group: str,
        problem: Callable[[str, object], str],
        reserved: Collection[str] = (),
    ) -> None:
        self.noun = noun
        self.group = group
        self._built_in = built_in
        self._problem = problem
        self._reserved = reserved
        self._entries: dict[str, list[_Entry]] | None = None
        self._loaded: dict[str, Part] = {}

    def names(self) -> tuple[str, ...]:
        """Return all names: the built-in ones in their order, then the others by alphabet."""
        return tuple(self._all())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def is_built_in(self, name: str) -> bool:
        """Return whether a part of this name comes with tierbench."""
        return name in self._built_in

    def owner(self, name: str) -> str:
        """Return who registered a name: `tierbench`, a distribution with its version, or `this process`.

        Raises:
            UserError: as `check` does.
        """
        return self._entry(name).owner

    def check(self, name: str) -> None:
        """Check that a name can be used, without importing its part.

        Raises:
            UserError: if it is unknown, claimed twice, or no name; one line.
        """
        self._entry(name)

    def get(self, name: str) -> Part:
        """Return the part of a name, imported at the first call.

        Raises:
            UserError: as `check` does, and if the part of another package cannot be loaded or is of another kind.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name, self._entry(name))
        return self._loaded[name]

    def register(self, name: str, target: Part | str) -> None:
        """Add a part in this process only, for a test or a plugin; a package declares an entry point instead.

        Args:
            name: lower-case letters, digits and _.
            target: the part, or `"module:object"`, imported at the first use.

        Raises:
            UserError: if the name is taken, or no name.
        """
        if isinstance(target, str):
            place = target
            entry = _Entry(_HERE, place, lambda: pkgutil.resolve_name(place))
        else:
            entry = _Entry(_HERE, type(target).__name__, lambda: target)
        taken = self._all().get(name, [])
        self._check(name, [*taken, entry])
        self._all()[name] = [entry]

    def unregister(self, name: str) -> None:
        """Take back what `register` added.

        Raises:
            KeyError: if this process registered no such name.
        """
        entries = self._all()
        if name not in entries or entries[name][0].owner != _HERE:
            raise KeyError(name)
        del entries[name]
        self._loaded.pop(name, None)

    def _all(self) -> dict[str, list[_Entry]]:
        if self._entries is None:
            # Here, because whoever asks for no name must not pay for it: 25 ms where pytest has not imported it yet.
            from importlib.metadata import entry_points

            found = {name: [_built_in_entry(place)] for name, place in self._built_in.items()}
            points = [(point.name, _owner(point), point) for point in entry_points(group=self.group)]
            for name, owner, point in sorted(points, key=lambda each: each[:2]):
                found.setdefault(name, []).append(_Entry(owner, point.value, point.load))
            self._entries = found
        return self._entries

    def _entry(self, name: str) -> _Entry:
        entries = self._all().get(name)
        if not entries:
            known = self.names()
            close = nearest(name, known)
            hint = f"did you mean {' or '.join(map(repr, close))}? There" if close else "there"
            raise UserError(f"unknown {self.noun} {one_line(name)!r}; {hint} are {', '.join(known)}")
        self._check(name, entries)
        return entries[0]

    def _check(self, name: str, entries: list[_Entry]) -> None:
        label = f"{self.noun} {one_line(name)!r}"
        if len(entries) > 1:
            owners = " and by ".join(_shown(entry) for entry in entries)
            raise UserError(f"{label} is registered twice: by {owners}; rename one or uninstall its package")
        if not _NAME.fullmatch(name):
            raise UserError(f"{label} of {_shown(entries[0])}: a name holds lower-case letters, digits and _ only")
        if name in self._reserved:
            raise UserError(f"{label} of {_shown(entries[0])}: this name is reserved; choose another")

    def _load(self, name: str, entry: _Entry) -> Part:
        label = f"{self.noun} {name!r} of {_shown(entry)}"
        try:
            part = entry.load()
        except (Exception, SystemExit) as error:
            # Another package may raise anything while it is imported.
            if entry.owner == _OURS:
                raise
            raise UserError(f"{label} cannot be loaded: {error_text(error)}; {_remedy(entry)}") from error
        if problem := self._problem(name, part):
            raise UserError(f"{label} {problem}; {_remedy(entry)}")
        return cast(Part, part)


def _built_in_entry(place: str) -> _Entry:
    return _Entry(_OURS, place, lambda: pkgutil.resolve_name(place))


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"


def _remedy(entry: _Entry) -> str:
    return "fix what registers it" if entry.owner == _HERE else "fix or uninstall that package"


def _shown(entry: _Entry) -> str:
    return entry.owner if entry.owner == _OURS else f"{one_line(entry.owner)} ({one_line(entry.place)})"
