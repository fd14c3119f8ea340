"""From suites to tests: parametrize the functions of the user's test file, and add those that it lacks."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tierbench.plugin.check import Check
from tierbench.plugin.fixtures import Verdict
from tierbench.plugin.kinds import TESTS
from tierbench.plugin.session import BenchmarkSession
from tierbench.suites.places import Places, asks_for_checks, source

# Marks an imported test file as ours.
_MARK = "__tierbench__"
_FIXTURE = re.compile(r"\brobust_[a-z]+\b")


class SuiteModule(pytest.Module):
    """A test file that asks for one of our fixtures: it has a test for every kind that the suites have."""

    def __init__(self, *, beside: Sequence[Path] | None, **given: Any) -> None:
        super().__init__(**given)
        self._beside = beside

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Add the kinds that no test file in the folder has a function for, then collect as usual."""
        with _name_taken(self.path):
            module = self.obj
        setattr(module, _MARK, True)
        if self._beside is not None:
            add_missing(module, {name for file in self._beside for name in _FIXTURE.findall(source(file))})
        return super().collect()


def module_of(module_path: Path, parent: Any, places: Places) -> pytest.Module | None:
    """Return the node of a test file that asks for one of our fixtures; None for every other file."""
    if asks_for_checks(module_path):
        module: pytest.Module = SuiteModule.from_parent(parent, path=module_path, beside=places.beside(module_path))
        return module
    if hasattr(sys.modules.get(module_path.stem), _MARK):
        # Another file of the user's has the same bare name: let pytest import it.
        del sys.modules[module_path.stem]
    return None


@contextmanager
def _name_taken(file: Path) -> Iterator[None]:
    """Import a test file whose bare name is taken: two projects in one repository both have our file."""
    taken = sys.modules.get(file.stem)
    if taken is None or getattr(taken, "__file__", None) in (None, str(file)):
        yield
        return
    del sys.modules[file.stem]
    try:
        yield
    finally:
        sys.modules[file.stem] = taken


def add_missing(module: ModuleType, asked_beside: Collection[str] = ()) -> None:
    """Add to a test file a function for each kind that neither it nor a file beside it asks for."""
    fixtures = {f"robust_{name}": name for name in TESTS}
    asking = {
        name: value
        for value in vars(module).values()
        if inspect.isfunction(value)
        for name in fixtures.keys() & set(_parameters(value))
    }
    for fixture, name in fixtures.items() if asking else ():
        if fixture not in asking and fixture not in asked_beside and not hasattr(module, f"test_{name}"):
            function = _test(fixture, name)
            function.__module__ = module.__name__
            # pytest shall report it as part of the user's file.
            function.place_as = next(iter(asking.values()))
            setattr(module, function.__name__, function)


def _test(fixture: str, name: str) -> Any:
    def test(**given: Verdict) -> None:
        __tracebackhide__ = True
        given[fixture].check()

    parameter = inspect.Parameter(fixture, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]  # functions may have one
    test.__name__ = test.__qualname__ = f"test_{name}"
    test.__doc__ = TESTS[name][0].says
    return test


def _parameters(function: Any) -> Iterable[str]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()


def has_nothing(session: BenchmarkSession, places: Places, collector: pytest.Collector, name: str, obj: object) -> bool:
    """Whether a test function asks for a kind of which its file has no test: no ladder, no `test_ladder`."""
    if not inspect.isfunction(obj):
        return False
    nodeid = f"{collector.nodeid}::{name}"
    asked = filter(_is_ours, _parameters(obj))
    return any(not _checks(session, places, collector.path, nodeid, fixture) for fixture in asked)


def parametrize(metafunc: pytest.Metafunc, session: BenchmarkSession, places: Places) -> None:
    """Parametrize a test that asks for one of the `robust_…` fixtures."""
    node = metafunc.definition
    for fixture in filter(_is_ours, metafunc.fixturenames):
        checks = _checks(session, places, node.path, node.nodeid, fixture)
        marks = {name: getattr(pytest.mark, name) for name in {name for check in checks for name in check.marks}}
        parameters = [
            pytest.param(check, id=session.check_id(check), marks=[marks[name] for name in check.marks])
            for check in checks
        ]
        metafunc.parametrize(fixture, parameters, indirect=True)


def _checks(session: BenchmarkSession, places: Places, file: Path, nodeid: str, fixture: str) -> list[Check]:
    """Return the tests that a function of a file has: not each file runs every suite."""
    function = nodeid.partition("::")[2]
    return [
        check
        for check in session.checks[fixture.removeprefix("robust_")]
        if places.runs(file, check.home, f"{function}[{session.check_id(check)}]")
    ]


def _is_ours(fixture: str) -> bool:
    return fixture.startswith("robust_") and fixture.removeprefix("robust_") in TESTS
