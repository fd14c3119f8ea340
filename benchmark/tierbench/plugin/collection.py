"""From suites to tests: a parameter per image, per tier and per ladder, with its id and its marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tierbench.plugin.comparison import baseline_source
from tierbench.plugin.selection import CaseTest, LadderTest, RegressionTest, SliceTest, TierTest, test_of
from tierbench.plugin.session import BenchmarkSession
from tierbench.scoring.ladders import ladder_steps
from tierbench.suites.derived import derive_cases

# What `pytest.param` gives has no public name.
ParameterSet = Any


def parametrize(metafunc: pytest.Metafunc, session: BenchmarkSession) -> None:
    """Parametrize a test that asks for one of the `robust_…` fixtures."""
    for fixture, parameters in _PARAMETERS.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, list(parameters(session)), indirect=True)


def drop_empty(items: list[pytest.Item]) -> None:
    """Drop the placeholders that pytest makes of tests without parameters: no ladder, no `test_ladder`."""
    ours = _PARAMETERS.keys()
    items[:] = [item for item in items if test_of(item) or ours.isdisjoint(getattr(item, "fixturenames", ()))]


def _cases(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for number, cases in suite.by_tier.items():
            for case in cases:
                marks = [getattr(pytest.mark, name) for name in (f"tier{number}", *case.tags)]
                for slot in session.config.slots:
                    yield pytest.param(CaseTest(case, slot), id=case.key + _suffix(session, slot), marks=marks)
    yield from _derived_cases(session)


def _derived_cases(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for case in derive_cases(suite, session.config.corruptions, session.config.severities):
            names = ("corruption", case.corruption, f"severity{case.severity}")
            # A tag may have the name of a corruption.
            marks = [getattr(pytest.mark, name) for name in dict.fromkeys((*names, *case.tags))]
            for slot in session.config.slots:
                yield pytest.param(CaseTest(case, slot), id=case.key + _suffix(session, slot), marks=marks)


def _slices(session: BenchmarkSession) -> Iterator[ParameterSet]:
    config = session.config
    for suite in session.suites:
        derived = derive_cases(suite, config.corruptions, config.severities)
        for corruption, severity in dict.fromkeys((case.corruption, case.severity) for case in derived):
            names = ("slice", "corruption", corruption, f"severity{severity}")
            for slot in config.slots:
                name = f"{suite.name}/{corruption}+{severity}" + _suffix(session, slot)
                test = SliceTest(suite, corruption, severity, slot)
                yield pytest.param(test, id=name, marks=[getattr(pytest.mark, mark) for mark in names])


def _tiers(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for number in suite.by_tier:
            for slot in session.config.slots:
                name = f"{suite.name}/tier{number}" + _suffix(session, slot)
                yield pytest.param(TierTest(suite, number, slot), id=name, marks=getattr(pytest.mark, f"tier{number}"))


def _ladders(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for ladder in suite.ladders.values():
            steps = ladder_steps(suite, ladder.name)
            # A tag of the ladder is one that every step has.
            tags = [tag for tag in steps[0].tags if all(tag in step.tags for step in steps)] if steps else []
            marks = [getattr(pytest.mark, name) for name in ("ladder", *tags)]
            for slot in session.config.slots if steps else ():
                name = f"{suite.name}/{ladder.name}" + _suffix(session, slot)
                yield pytest.param(LadderTest(suite, ladder, slot), id=name, marks=marks)


def _regressions(session: BenchmarkSession) -> Iterator[ParameterSet]:
    if session.config.update_baseline:
        return
    for suite in session.suites:
        for number in suite.by_tier:
            for slot in session.config.slots:
                if baseline_source(session.config, slot).there:
                    name = f"{suite.name}/tier{number}" + _suffix(session, slot)
                    marks = [getattr(pytest.mark, f"tier{number}"), pytest.mark.regression]
                    yield pytest.param(RegressionTest(suite, number, slot), id=name, marks=marks)


def _suffix(session: BenchmarkSession, slot: str) -> str:
    return f":{slot}" if session.several_models else ""


_PARAMETERS: dict[str, Callable[[BenchmarkSession], Iterator[ParameterSet]]] = {
    "robust_case": _cases,
    "robust_tier": _tiers,
    "robust_ladder": _ladders,
    "robust_regression": _regressions,
    "robust_slice": _slices,
}
