"""Read `datasets.toml`, which stands beside the suites: what is demanded of data sets and their slices."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tierbench.common.files import exists, read_text
from tierbench.common.text import nearest, one_line, suggestion
from tierbench.suites.places import is_suite
from tierbench.suites.problems import Problems

FILE = "datasets.toml"
# Key → figure of the schema and largest limit; the smallest is 0.
LIMITS: dict[str, tuple[str, float]] = {
    "min_accuracy": ("accuracy", 1.0),
    "max_ece": ("ece", 1.0),
    "max_drop": ("drop", 1.0),
    "max_mce": ("mce", 1000.0),
    "max_mean_error": ("mean_error", 1.0),
}
_OF_SLICES = ("min_accuracy", "max_ece", "max_drop")
_OF_SETS = ("min_accuracy", "max_ece", "max_mce", "max_mean_error")
_ALLOWED, _SLICES = "allowed_drop", "slices"

Limits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SetGates:
    """What is demanded of a data set; by default nothing.

    Attributes:
        whole: figure → limit, on all of its pictures.
        slices: slice → figure → limit.
        allowed_drop: the net loss against accepted results that is tolerated; None: the default.
        file: where it is declared.
    """

    whole: Limits = field(default_factory=dict)
    slices: Mapping[str, Limits] = field(default_factory=dict)
    allowed_drop: float | None = None
    file: Path = Path(FILE)

    def problems(self, name: str, slices: Sequence[str], clean: str) -> list[str]:
        """Return what does not fit a set: slices that it lacks, drops without a clean slice; one line each.

        Args:
            name: of the set.
            slices: those that it has.
            clean: the slice that drops are measured from; empty if it has none.
        """
        problems = Problems()
        for own, limits in self.slices.items():
            where = f'[{name}.{_SLICES}."{one_line(own, 60)}"]'
            if own not in slices:
                known = suggestion(own, slices[:20]) if any(slices) else "it has none"
                problems.add(self.file, f"{where}: data set {name!r} has no such slice; {known}")
            elif "drop" in limits and clean not in slices:
                problems.add(
                    self.file,
                    f"{where} max_drop: data set {name!r} has no clean slice to measure a drop from; "
                    "write min_accuracy, or add the clean pictures",
                )
        return problems.lines

    def needed_entirely(self, clean: str) -> frozenset[str]:
        """Return the slices with demands on other figures than the accuracy, which are not decided early.

        Args:
            clean: the slice that drops are measured from; empty if the set has none.

        Returns:
            Their names; that of the whole set is empty.
        """
        demands = {"": self.whole, **self.slices}
        names = {name for name, limits in demands.items() if limits.keys() - {"accuracy"}}
        drops = any("drop" in limits for limits in self.slices.values())
        return frozenset(names | ({clean} if drops else set()))


def read_gates(cases: Iterable[Path], names: Sequence[str], problems: list[str]) -> dict[str, SetGates]:
    """Read what is demanded of the data sets of a run; tables of other sets are checked, too.

    Args:
        cases: suite folders, or folders of suites.
        names: of the sets.
        problems: receives one line per problem.
    """
    found: dict[str, SetGates] = {}
    for folder in dict.fromkeys(folder.parent if is_suite(folder) else folder for folder in cases):
        if exists(file := folder / FILE):
            own = Problems()
            for name, gates in _read(file, own).items():
                if name in found:
                    own.add(file, f"[{name}] is declared in {found[name].file} already; remove one of them")
                found.setdefault(name, gates)
            problems += own.lines
    without = [name for name in names if name not in found]
    for name in found.keys() - set(names):
        # A set of other runs, unless it is nearly the name of one of this run that has no demands.
        if close := nearest(name, without, count=1):
            own = Problems()
            own.add(found[name].file, f"[{one_line(name, 60)}]: no data set has this name; did you mean {close[0]!r}?")
            problems += own.lines
    return found


def _read(file: Path, problems: Problems) -> dict[str, SetGates]:
    try:
        document = tomllib.loads(read_text(file))
    except (ValueError, OSError, RecursionError) as error:
        problems.add(file, f"cannot be read as TOML: {error}; fix the file")
        return {}
    found: dict[str, SetGates] = {}
    for name, table in document.items():
        if not isinstance(table, dict):
            problems.add(file, f"{name!r} must be the table of a data set; write [{name}]")
            continue
        where = f"[{one_line(name, 60)}]"
        whole = _limits(table, (*_OF_SETS, _ALLOWED, _SLICES), where, file, problems)
        slices = table.get(_SLICES, {})
        if not isinstance(slices, dict):
            problems.add(file, f'{where} slices must be tables; write [{name}.slices."fog+3"]')
            slices = {}
        found[name] = SetGates(
            whole={figure: limit for figure, limit in whole.items() if figure != _ALLOWED},
            slices=dict(_slices(slices, name, file, problems)),
            allowed_drop=whole.get(_ALLOWED),
            file=file,
        )
    return found


def _slices(tables: Mapping[str, Any], name: str, file: Path, problems: Problems) -> Iterable[tuple[str, Limits]]:
    for own, table in tables.items():
        where = f'[{one_line(name, 60)}.{_SLICES}."{one_line(own, 60)}"]'
        if isinstance(table, dict):
            yield own, _limits(table, _OF_SLICES, where, file, problems)
        else:
            problems.add(file, f"{where} must be a table; write {where}")


def _limits(
    table: Mapping[str, Any], known: Sequence[str], where: str, file: Path, problems: Problems
) -> dict[str, float]:
    """Return figure → limit, without what is wrong."""
    limits: dict[str, float] = {}
    for key, value in table.items():
        if key not in known:
            problems.add(file, f"unknown {where} key {one_line(key, 60)!r}; {suggestion(key, known)}")
        elif key != _SLICES:
            figure, most = LIMITS.get(key, (_ALLOWED, 1.0))
            least = 0.001 if figure == _ALLOWED else 0.0
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                shown = one_line(repr(value), 60)
                problems.add(file, f"{where} {key} must be a number from {least:g} to {most:g}, not {shown}")
            else:
                limits[figure] = float(value)
    return limits
