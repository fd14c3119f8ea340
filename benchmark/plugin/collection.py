"""From suites to tests: a parameter per image, per tier and per ladder, with its id and its marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmark.ladders import ladder_steps
from benchmark.plugin.session import BenchmarkSession, CaseTest, LadderTest, TierTest

# What `pytest.param` gives has no public name.
ParameterSet = Any


def parametrize(metafunc: pytest.Metafunc, session: BenchmarkSession) -> None:
    """Parametrize a test that asks for `robust_case`, `robust_tier` or `robust_ladder`."""
    if "robust_case" in metafunc.fixturenames:
        metafunc.parametrize("robust_case", list(_cases(session)), indirect=True)
    if "robust_tier" in metafunc.fixturenames:
        metafunc.parametrize("robust_tier", list(_tiers(session)), indirect=True)
    if "robust_ladder" in metafunc.fixturenames:
        metafunc.parametrize("robust_ladder", list(_ladders(session)), indirect=True)


def drop_empty(items: list[pytest.Item]) -> None:
    """Drop the placeholders that pytest makes of tests without parameters: no ladder, no `test_ladder`."""
    items[:] = [item for item in items if not _is_placeholder(item)]


def _is_placeholder(item: pytest.Item) -> bool:
    names = {"robust_case", "robust_tier", "robust_ladder"}.intersection(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    tests = CaseTest | TierTest | LadderTest
    return bool(names) and not any(isinstance(callspec.params.get(name), tests) for name in names if callspec)


def _cases(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for number, cases in suite.by_tier.items():
            for case in cases:
                marks = [getattr(pytest.mark, name) for name in (f"tier{number}", *case.tags)]
                for slot in session.config.slots:
                    yield pytest.param(CaseTest(case, slot), id=case.key + _suffix(session, slot), marks=marks)


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


def _suffix(session: BenchmarkSession, slot: str) -> str:
    return f":{slot}" if session.several_models else ""
