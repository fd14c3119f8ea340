"""Registries of named parts, open to other packages through entry points; a part is imported on first use."""

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
    """Parts of one kind, by name: built in, from installed packages, or registered in this process.

    Listing and checking names does not import the parts. A name that is registered twice is refused when it is used,
    so that no part silently replaces another; all other names still work.

    Args:
        noun: what a part is called in messages.
        built_in: name → `"module:object"`, in the order in which names are listed.
        group: the group of entry points of other packages, such as `tierbench.corruptions`.
        problem: returns what is wrong with an object that was loaded under a name ("must be …"); empty if nothing is.
        reserved: names that no part may have, because they have another meaning in options or files.
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
        """Return all names: the built-in ones in their own order, then the others alphabetically."""
        return tuple(self._all())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def is_built_in(self, name: str) -> bool:
        """Return whether the part with this name comes with tierbench."""
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
            UserError: if it is unknown, registered twice, reserved, or not a valid name; one line.
        """
        self._entry(name)

    def get(self, name: str) -> Part:
        """Return the part with a name; the first call imports it.

        Raises:
            UserError: as `check` does, and if the part of another package cannot be loaded or is not valid.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name, self._entry(name))
        return self._loaded[name]

    def register(self, name: str, target: Part | str) -> None:
        """Add a part in this process only, for a test or a plugin; a package declares an entry point instead.

        Args:
            name: lower-case letters, digits and _.
            target: the part, or `"module:object"`, which is imported on first use.

        Raises:
            UserError: if the name is taken, reserved, or not valid.
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
        """Remove a part that `register` added.

        Raises:
            KeyError: if this process did not register the name.
        """
        entries = self._all()
        if name not in entries or entries[name][0].owner != _HERE:
            raise KeyError(name)
        del entries[name]
        self._loaded.pop(name, None)

    def _all(self) -> dict[str, list[_Entry]]:
        if self._entries is None:
            # Imported here because it takes 25 ms if pytest has not done it yet, and most sessions need no names.
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
            hint = f"did you mean {' or '.join(map(repr, close))}? Known" if close else "known"
            raise UserError(f"unknown {self.noun} {one_line(name)!r}; {hint}: {', '.join(known)}")
        self._check(name, entries)
        return entries[0]

    def _check(self, name: str, entries: list[_Entry]) -> None:
        label = f"{self.noun} {one_line(name)!r}"
        if len(entries) > 1:
            owners = " and by ".join(_shown(entry) for entry in entries)
            raise UserError(f"{label} is registered twice: by {owners}; rename one or uninstall its package")
        if not _NAME.fullmatch(name):
            rule = "the name may contain only lower-case letters, digits and _"
            raise UserError(f"{label} of {_shown(entries[0])}: {rule}; choose another")
        if name in self._reserved:
            raise UserError(f"{label} of {_shown(entries[0])}: this name is reserved; choose another")

    def _load(self, name: str, entry: _Entry) -> Part:
        label = f"{self.noun} {name!r} of {_shown(entry)}"
        try:
            part = entry.load()
        except (Exception, SystemExit) as error:
            # Importing another package may raise anything.
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
    return "fix the code that registers it" if entry.owner == _HERE else "fix or uninstall that package"


def _shown(entry: _Entry) -> str:
    return entry.owner if entry.owner == _OURS else f"{one_line(entry.owner)} ({one_line(entry.place)})"
