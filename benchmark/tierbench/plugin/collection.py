"""From suites to tests: each kind's tests with their ids and marks, whatever functions the user's test file has."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from tierbench.plugin.check import Check
from tierbench.plugin.checks import KINDS
from tierbench.plugin.fixtures import Verdict
from tierbench.plugin.session import BenchmarkSession
from tierbench.plugin.startup import asks_for_checks


class SuiteModule(pytest.Module):
    """A test file that asks for one of our fixtures: it has a test for every kind that the suites have."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Add the kinds that the file has no function for, then collect as ever."""
        add_missing(self.obj)
        return super().collect()


def module_of(module_path: Any, parent: Any) -> pytest.Module | None:
    """Return the node of a test file that asks for one of our fixtures; None for every other file."""
    if not asks_for_checks(module_path):
        return None
    module: pytest.Module = SuiteModule.from_parent(parent, path=module_path)
    return module


def add_missing(module: ModuleType) -> None:
    """Add to a test file a function for each kind that none of its functions asks for."""
    asked = {name for value in vars(module).values() if inspect.isfunction(value) for name in _parameters(value)}
    fixtures = {f"robust_{name}": kind for name, kind in KINDS.items()}
    if asked.isdisjoint(fixtures):
        return
    for fixture, kind in fixtures.items():
        if fixture not in asked:
            function = _test(fixture, kind)
            function.__module__ = module.__name__
            setattr(module, function.__name__, function)


def _test(fixture: str, kind: type[Check]) -> Any:
    def test(**given: Verdict) -> None:
        __tracebackhide__ = True
        given[fixture].check()

    parameter = inspect.Parameter(fixture, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]  # functions may have one
    test.__name__ = test.__qualname__ = f"test_{kind.kind}"
    test.__doc__ = kind.says
    return test


def _parameters(function: Any) -> Iterable[str]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()


def has_nothing(session: BenchmarkSession, function: object) -> bool:
    """Whether a test function asks for a kind of which the suites have no test: no ladder, no `test_ladder`."""
    if not inspect.isfunction(function):
        return False
    kinds = [KINDS[name.removeprefix("robust_")] for name in _parameters(function) if _is_ours(name)]
    return any(not session.checks[kind.kind] for kind in kinds)


def _is_ours(fixture: str) -> bool:
    return fixture.startswith("robust_") and fixture.removeprefix("robust_") in KINDS


def parametrize(metafunc: pytest.Metafunc, session: BenchmarkSession) -> None:
    """Parametrize a test that asks for one of the `robust_…` fixtures."""
    for fixture in filter(_is_ours, metafunc.fixturenames):
        checks = session.checks[fixture.removeprefix("robust_")]
        parameters = [
            pytest.param(check, id=session.check_id(check), marks=[getattr(pytest.mark, mark) for mark in check.marks])
            for check in checks
        ]
        metafunc.parametrize(fixture, parameters, indirect=True)
